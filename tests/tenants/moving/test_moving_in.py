"""Proposals: taken in, changed, previewed, accepted by the usual way of a request, left out; and who may."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden
from foundry.people.models import User
from tenants.access.models import Decision, Grant, Request
from tenants.levels.models import LevelLimit
from tenants.moving import accepting, actions, litellm
from tenants.moving.models import Proposal
from tenants.teams.models import Team
from tests import make
from tests.fakes import litellm as fake
from tests.fakes.litellm import HASH, MASTER, PIECE, LiteLLM
from tests.fakes.provider import serve
from tests.people import api, browser
from tests.tenants.access.test_same_queries import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make.admin()


@pytest.fixture
def olga() -> User:
    return make.person("olga")


@pytest.fixture
def offers(olga: User) -> dict[str, Offer]:
    openai = make.publisher("openai")
    return {name: make.offer(of=make.model(name, by=openai)) for name in ("gpt-4o", "gpt-4o-mini")}


def take_in(admin: User, **changed: Any) -> dict[str, Proposal]:
    export = litellm.opened(json.dumps(fake.export() | changed).encode())
    at = clock.now()
    actions.take_in(litellm.read(export, at.date()), source="LiteLLM (a file)", actor=admin, at=at)
    return {
        f"{row.team_slug}/{row.application_slug}/{row.there['model']}": row for row in Proposal.objects.all()
    }


def accept(admin: User, *rows: Proposal, cost_centre: str = "4410") -> list[accepting.Outcome]:
    return accepting.accept_all(
        [row.pk for row in rows], cost_centre=cost_centre, actor=admin, at=clock.now()
    )


def test_offers_are_matched_by_what_stands_behind_the_name(admin: User, offers: dict[str, Offer]) -> None:
    rows = take_in(admin)
    assert rows["copilot/copilot-prod/gpt-4o"].offer == offers["gpt-4o"]
    assert rows["copilot/unnamed-keys/fast"].offer == offers["gpt-4o-mini"]
    assert not Team.objects.exists()
    assert not Request.objects.exists()


def test_accepting_sets_up_asks_and_grants_by_the_usual_actions(
    admin: User, olga: User, offers: dict[str, Offer]
) -> None:
    rows = take_in(admin)
    (done,) = accept(admin, rows["copilot/copilot-prod/gpt-4o"])
    assert done.why_not == ""
    grant = Grant.objects.get()
    assert (grant.team.slug, grant.offer) == ("copilot", offers["gpt-4o"])
    request = Request.objects.get()
    assert (request.requester, request.purpose) == (
        olga, "Moved in from LiteLLM (a file): copilot-prod of Copilot called gpt-4o.",
    )  # fmt: skip
    assert Decision.objects.get().by == admin
    assert request.asked == {"rpm": 600, "tpm": 60_000, "usd_per_month": 250_500_000_000}
    verbs = list(Entry.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs[-7:] == [
        "team.create", "limit.set", "limit.set", "application.add", "request.submit", "request.approve", "moving.accept",
    ]  # fmt: skip
    assert Entry.objects.get(verb="request.submit").actor_label.endswith("for Olga, moving in")


def test_what_a_team_shared_there_it_shares_here(admin: User, offers: dict[str, Offer]) -> None:
    rows = take_in(admin)
    (done, again) = accept(admin, rows["copilot/copilot-prod/gpt-4o"], rows["copilot/unnamed-keys/fast"])
    assert done.steps[1:3] == [
        "All of Copilot may use at most 600 calls per minute.", "All of Copilot may use at most $250.50 per month.",
    ]  # fmt: skip
    assert [step for step in again.steps if step.startswith("All of")] == []
    limits = LevelLimit.objects.filter(level__team__slug="copilot").values_list("kind", "maximum")
    assert set(limits) == {("rpm", 600), ("usd_per_month", 250_500_000_000)}


def test_a_preview_says_what_accepting_does_and_does_nothing(admin: User, offers: dict[str, Offer]) -> None:
    rows = take_in(admin).values()
    ids, before = [row.pk for row in rows], Entry.objects.count()
    shown = accepting.preview(ids, cost_centre="4410", actor=admin, at=clock.now())
    assert (Entry.objects.count(), Team.objects.count(), Request.objects.count()) == (before, 0, 0)
    assert not Proposal.objects.exclude(state="proposed").exists()
    done = accept(admin, *rows)
    assert [(each.steps, each.why_not) for each in shown] == [(each.steps, each.why_not) for each in done]
    assert Grant.objects.count() == 4


def test_nobody_decides_on_their_own_request_by_moving_in(
    admin: User, olga: User, offers: dict[str, Offer]
) -> None:
    make.team("copilot", owner=admin)
    (done,) = accept(admin, take_in(admin)["copilot/copilot-prod/gpt-4o"])
    assert done.steps[-1] == "It waits for another approver, because you own the team."
    assert Request.objects.get().state == "open"
    assert not Grant.objects.exists()


def test_terms_are_acknowledged_by_the_team_before_anything_is_granted(
    admin: User, offers: dict[str, Offer]
) -> None:
    offers["gpt-4o"].terms = make.terms()
    offers["gpt-4o"].save(update_fields=["terms"])
    (done,) = accept(admin, take_in(admin)["copilot/copilot-prod/gpt-4o"])
    assert "has not acknowledged" in done.steps[-1]
    assert not Grant.objects.exists()


def test_other_deciders_keep_their_step(admin: User, offers: dict[str, Offer]) -> None:
    row = take_in(admin)["copilot/copilot-prod/gpt-4o"]
    actions.change(row.pk, {"data_class": "restricted"}, actor=admin, at=clock.now())
    (done,) = accept(admin, row)
    assert done.steps[-1] == "You approve your step; Security decides next."
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"offer": None}, "no such offer here"),
        ({"owner": ""}, "Nobody is named as the owner"),
        ({"limits": {"tpm": 1}}, ""),
    ],
)
def test_what_cannot_be_accepted_says_why_and_leaves_nothing(
    admin: User, offers: dict[str, Offer], values: dict[str, Any], why: str
) -> None:
    row = take_in(admin)["copilot/copilot-prod/gpt-4o"]
    actions.change(row.pk, values, actor=admin, at=clock.now())
    (done,) = accept(admin, row, cost_centre="4410" if why else "")
    assert (why or "cost centre") in done.why_not
    assert not Team.objects.exists()


def test_ids_of_no_proposal_are_named_and_nothing_is_done(admin: User, offers: dict[str, Offer]) -> None:
    row = take_in(admin)["copilot/copilot-prod/gpt-4o"]
    body = {"ids": [row.pk, 999_999], "cost_centre": "4410"}
    for act in ("preview", "accept"):
        answer = api(admin).post(f"/api/v1/moving-in/{act}/", body, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "moving.unknown")
        assert "no proposal 999999." in answer.json()["detail"]
    row.refresh_from_db()
    assert row.state == "proposed"
    assert not Request.objects.exists()


def test_reading_again_changes_nothing_that_was_decided_or_changed(
    admin: User, offers: dict[str, Offer]
) -> None:
    rows = take_in(admin)
    accept(admin, rows["copilot/copilot-prod/gpt-4o"])
    actions.leave_out(rows["copilot/unnamed-keys/fast"].pk, actor=admin, at=clock.now())
    actions.change(rows["research/main/fast"].pk, {"limits": {"rpm": 3}}, actor=admin, at=clock.now())
    before = {row.pk: row for row in Proposal.objects.all()}
    changed = [team | {"max_budget": 1} for team in fake.TEAMS]
    again = take_in(admin, teams=changed)
    assert len(again) == 4
    for name in ("copilot/copilot-prod/gpt-4o", "copilot/unnamed-keys/fast", "research/main/fast"):
        old = before[again[name].pk]
        assert (again[name].state, again[name].limits, again[name].there) == (
            old.state,
            old.limits,
            old.there,
        )
    assert again["research/main/gpt-4o"].limits == {"usd_per_month": 4_290_000_000}
    with pytest.raises(Conflict, match="decided this already"):
        actions.leave_out(rows["copilot/copilot-prod/gpt-4o"].pk, actor=admin, at=clock.now())


def test_only_admins_move_anything_in(admin: User, olga: User, offers: dict[str, Offer]) -> None:
    row = take_in(admin)["copilot/copilot-prod/gpt-4o"]
    at = clock.now()
    for act in (
        lambda: actions.take_in(litellm.Read(), source="x", actor=olga, at=at),
        lambda: actions.change(row.pk, {"owner": ""}, actor=olga, at=at),
        lambda: actions.leave_out(row.pk, actor=olga, at=at),
    ):
        with pytest.raises(Forbidden):
            act()
    (done,) = accept(olga, row)
    assert "Only an admin" in done.why_not


def upload(client: Client, raw: bytes) -> Any:
    return client.post("/moving-in/read/", {"export": SimpleUploadedFile("export.json", raw)})


def test_the_list_from_a_file_to_a_grant(admin: User, offers: dict[str, Offer]) -> None:
    client = browser(admin)
    assert upload(client, json.dumps(fake.export()).encode()).status_code == 302
    page = client.get("/moving-in/").content.decode()
    for words in (
        "copilot-prod",
        "$250.50 per month",
        "a new team of olga@foundry.example",
        "2 unnamed keys",
    ):
        assert words in page
    ids = [row.pk for row in Proposal.objects.all()]
    shown = client.post(
        "/moving-in/preview/", {"row": ids, "cost_centre": "4410", "act": "preview"}
    ).content.decode()
    assert "4 of 4 can be accepted" in shown
    assert "Team Copilot is set up with Olga as its owner and cost centre 4410." in shown
    done = client.post("/moving-in/accept/", {"row": ids, "cost_centre": "4410"}).content.decode()
    assert "4 of 4 were accepted" in done
    assert Grant.objects.count() == 4


def test_a_broken_file_takes_nothing_in_and_names_the_row(admin: User) -> None:
    broken = json.dumps(fake.export() | {"keys": [fake.key("a", "team-1", tpm_limit="x")]}).encode()
    answer = upload(browser(admin), broken)
    assert answer.status_code == 400
    assert "keys[0].tpm_limit: must be a whole number" in answer.content.decode()
    assert not Proposal.objects.exists()


def test_read_by_address_the_credential_is_kept_nowhere(admin: User, offers: dict[str, Offer]) -> None:
    with serve(LiteLLM()) as server:
        asked = {"base_url": server.url, "credential": MASTER, "trusted_network": "127.0.0.0/8"}
        assert browser(admin).post("/moving-in/read/", asked).status_code == 302
    assert Proposal.objects.count() == 4
    kept = str(list(Proposal.objects.values())) + str(list(Entry.objects.values_list("body", flat=True)))
    page = browser(admin).get("/moving-in/").content.decode()
    for secret in (MASTER, HASH, PIECE, "sk-of-azure"):
        assert secret not in kept + page


def test_an_address_inside_is_refused_unless_it_is_named(admin: User) -> None:
    with serve(LiteLLM()) as server:
        answer = browser(admin).post("/moving-in/read/", {"base_url": server.url, "credential": MASTER})
        assert answer.status_code == 400
        assert server.asked == []
    assert MASTER not in answer.content.decode()


def test_many_are_changed_and_left_out_at_once(admin: User, offers: dict[str, Offer]) -> None:
    client, ids = browser(admin), [row.pk for row in take_in(admin).values()]
    ends_on = (clock.now() + timedelta(days=60)).date()
    client.post(
        "/moving-in/preview/", {"row": ids, "act": "change", "data_class": "public", "ends_on": f"{ends_on}"}
    )
    assert set(Proposal.objects.values_list("data_class", "ends_on")) == {("public", ends_on)}
    client.post("/moving-in/leave-out/", {"row": ids[:2]})
    assert Proposal.objects.filter(state="left_out").count() == 2


def test_one_row_is_changed_beside_what_it_was(admin: User, offers: dict[str, Offer]) -> None:
    client, row = browser(admin), take_in(admin)["copilot/copilot-prod/gpt-4o"]
    page = client.get(f"/moving-in/{row.pk}/").content.decode()
    assert "12.35 USD" in page
    fields = {
        "team_slug": "copilot", "owner": "olga@foundry.example", "application_slug": "prod", "environment": "staging",
        "offer": offers["gpt-4o-mini"].pk, "data_class": "internal", "ends_on": f"{row.ends_on}", "tpm": "5,000",
    }  # fmt: skip
    assert client.post(f"/moving-in/{row.pk}/", fields).status_code == 302
    row.refresh_from_db()
    assert (row.application_slug, row.offer, row.limits) == ("prod", offers["gpt-4o-mini"], {"tpm": 5_000})


def test_the_list_costs_the_same_for_ten_and_for_twenty_rows(admin: User, offers: dict[str, Offer]) -> None:
    keys = [fake.key(f"app-{number}", "team-1", models=["gpt-4o"]) for number in range(20)]
    take_in(admin, keys=keys[:10])
    ten = queries(browser(admin), "/moving-in/")
    take_in(admin, keys=keys)
    assert queries(browser(admin), "/moving-in/") == ten
