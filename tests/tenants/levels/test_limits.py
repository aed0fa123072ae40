"""Limits beside grants: who sets them, what replaces what, what a new level has used, and what pages and the API show."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event
from foundry.people.models import User
from tenants.levels.actions import end_limit, set_limit
from tenants.levels.models import LevelLimit
from tenants.levels.rules import Target
from tenants.levels.telling import tell_of_soft_limits
from tenants.quotas.models import Window
from tenants.usage.ingest import ingest
from tenants.usage.models import Shipper
from tenants.usage.verify import verify
from tests import make
from tests.foundry.web.markup import faults
from tests.people import browser
from tests.tenants.usage.test_ingest import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
DAY = timedelta(days=1)


def limited(target: Target, by: User | None = None, **more: object) -> LevelLimit:
    told = {"kind": "tokens_per_day", "maximum": 1_000, "reason": "Shared."} | more
    return set_limit(target, **told, actor=by or make.admin(), at=clock.now())  # type: ignore[arg-type]


def test_admins_limit_the_organisation_finance_a_team_and_owners_what_is_inside() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    owner, finance = make.owner_of(grant.team), make.person(roles=("finance",))
    share = Target(grant=grant, application=key.application)
    for person, target in (
        (finance, Target()),
        (owner, Target(team=grant.team)),
        (finance, Target(key=key)),
        (finance, share),
    ):
        with pytest.raises(Forbidden):
            limited(target, person)
    limited(Target(team=grant.team), finance)
    for target in (Target(key=key), share, Target(grant=grant, key=key)):
        limited(target, owner)
    before = Entry.objects.count()
    row = limited(Target())
    assert (Entry.objects.count(), Entry.objects.latest("pk").verb) == (before + 1, "limit.set")
    end_limit(row.pk, actor=make.admin(), at=clock.now())
    assert Entry.objects.latest("pk").verb == "limit.end"
    with pytest.raises(Conflict):
        end_limit(row.pk, actor=make.admin(), at=clock.now())


def test_a_limit_replaces_the_one_of_its_kind_and_mode() -> None:
    team, at = make.team(), clock.now()
    first, other = limited(Target(team=team)), limited(Target(team=team), kind="rpm")
    later = limited(Target(team=team), maximum=2_000, starts_at=at + timedelta(days=1))
    now = limited(Target(team=team), maximum=500)
    found = {row.pk: row.state(clock.now()) for row in LevelLimit.objects.all()}
    assert found == {first.pk: "ended", other.pk: "in_force", later.pk: "ended", now.pk: "in_force"}


def test_a_limit_for_a_while_gives_way_to_what_was_before() -> None:
    team, at = make.team(), clock.now()
    limited(Target(team=team), maximum=1_000)
    limited(Target(team=team), maximum=5_000, ends_at=at + timedelta(hours=1))
    rows = LevelLimit.objects.order_by("starts_at", "pk")
    assert [(row.maximum, row.state(clock.now())) for row in rows] == [
        (1_000, "ended"),
        (5_000, "in_force"),
        (1_000, "planned"),
    ]
    assert (rows[2].starts_at, rows[2].ends_at) == (rows[1].ends_at, None)


def test_a_share_is_of_an_application_that_the_grant_names_and_no_larger() -> None:
    grant = make.grant(limits={"tokens_per_day": 1_000})
    application, owner = grant.applications.get(), make.owner_of(grant.team)
    limited(Target(grant=grant, application=application), owner, maximum=1_000)
    with pytest.raises(Invalid, match="larger"):
        limited(Target(grant=grant, application=application), owner, maximum=1_001)
    with pytest.raises(Invalid, match="name"):
        limited(Target(grant=grant, application=make.application(grant.team)), owner)


def test_a_new_level_has_used_what_is_booked_and_the_ledger_agrees() -> None:
    grant, other = make.grant(), make.grant()
    key, _ = make.key(grant)
    told = {
        "grant_id": grant.pk,
        "application_id": key.application_id,
        "key_id": key.pk,
        "started_at": clock.now(),
    }
    ingest([call(n, grant.team_id, **told) for n in range(3)])
    ingest([call(9, other.team_id, grant_id=other.pk, started_at=clock.now())])
    targets = [
        Target(),
        Target(team=grant.team),
        Target(key=key),
        Target(grant=grant, application=key.application),
    ]
    levels = [limited(target).level for target in targets]
    spent = [Window.objects.get(holder_id=each.holder_id, period="month").tokens_spent for each in levels]
    assert spent == [440, 330, 330, 330]
    ingest(
        [call(10, grant.team_id, **told), call(11, other.team_id, grant_id=other.pk, started_at=clock.now())]
    )
    spent = [Window.objects.get(holder_id=each.holder_id, period="day").tokens_spent for each in levels]
    assert spent == [660, 440, 440, 440]
    assert [proof.differing for proof in verify()] == [[]] * 5


def test_the_ledgers_proof_sees_a_level_that_was_charged_otherwise() -> None:
    grant = make.grant()
    limited(Target(team=grant.team))
    ingest([call(1, grant.team_id, grant_id=grant.pk, started_at=clock.now())])
    Window.objects.filter(holder_id__lt=0, period="day").update(tokens_spent=1)
    [wrong] = [proof for proof in verify() if proof.differing]
    assert "level" in wrong.differing[0]


def test_pages_show_each_limit_and_cost_the_same_for_10_and_20() -> None:
    admin = make.admin()
    costs = []
    for _ in range(2):
        for _ in range(10):
            grant = make.grant()
            limited(Target(grant=grant, application=grant.applications.get()), admin)
        with CaptureQueriesContext(connection) as asked:
            page = browser(admin).get("/limits/").content.decode()
        costs.append(len(asked))
    assert costs[0] == costs[1]
    assert faults(page) == []


def test_an_owner_sets_a_share_on_the_grants_page_and_ends_it() -> None:
    grant = make.grant(limits={"usd_per_month": 10**12})
    owner, application = make.owner_of(grant.team), grant.applications.get()
    client, url = browser(owner), f"/grants/{grant.pk}/shares/"
    typed = {
        "who": f"application {application.pk}",
        "kind": "usd_per_month",
        "maximum": "12.50",
        "mode": "hard",
        "reason": "Half.",
    }
    assert client.post(url, typed | {"maximum": "a lot"}).status_code == 400
    assert client.post(url, typed | {"maximum": "1001"}).status_code == 400
    asked = client.post(url, typed)
    assert (asked.status_code, LevelLimit.objects.count()) == (200, 0)
    assert application.slug in asked.text
    assert "Nothing was called under it" in asked.text
    assert client.post(url, typed | {"confirmed": "1"}).status_code == 302
    page = client.get(url).content.decode()
    assert faults(page) == []
    assert "$12.50 per month" in page
    row = LevelLimit.objects.get()
    assert client.post(f"/limits/{row.pk}/end/", {"back": url}).headers["location"] == url
    assert client.post(f"/limits/{row.pk}/end/", {"back": "https://elsewhere.example/"}).status_code == 409


def test_a_lower_limit_says_first_whom_it_hits_and_a_higher_one_is_set_at_once() -> None:
    grant, admin, at = make.grant(), make.admin(), clock.now()
    told = {"grant_id": grant.pk, "application_id": grant.applications.get().pk, "started_at": at}
    ingest([call(n, grant.team_id, **told) for n in range(3)])
    long_ago = [told | {"started_at": at - days * DAY} for days in range(1, 40)]
    ingest([call(9 + n, grant.team_id, **each) for n, each in enumerate(long_ago)])
    client, url = browser(admin), f"/teams/{grant.team.slug}/limits/"
    typed = {"kind": "tokens_per_day", "mode": "hard", "reason": "Shared."}
    asked = client.post(url, typed | {"maximum": "150"}).text
    assert faults(asked) == []
    assert (
        "The busiest of the last 30 days used 330 tokens per day; 1 of them used more than this allows."
        in asked
    )
    less = client.post(url, typed | {"maximum": "100"}).text
    assert "30 of them used more" in less, "today and the 29 days before, and no piece of a 31st"
    assert grant.applications.get().name in asked
    assert 'name="confirmed"' in asked
    assert client.post(url, typed | {"maximum": "150", "confirmed": "1"}).status_code == 302
    assert client.post(url, typed | {"maximum": "200"}).status_code == 302, "more than before asks nothing"
    assert client.post(url, typed | {"maximum": "10", "mode": "shadow"}).status_code == 302, (
        "nor does what only counts"
    )
    assert client.post(url, typed | {"maximum": "199"}).status_code == 200
    body = {"team": grant.team.slug, "kind": "usd_per_month", "maximum": "0.01", "reason": "Shared."}
    said = client.post("/api/v1/limits/preview/", body, content_type="application/json").json()
    assert (said["refuses_more"], said["calls"], len(said["hits"])) == (True, 32, 1)
    assert LevelLimit.objects.filter(kind="usd_per_month").count() == 0
    rates = {
        kind: client.post(
            "/api/v1/limits/preview/", body | {"kind": kind, "maximum": 1}, content_type="application/json"
        ).json()["met"]
        for kind in ("rpm", "concurrency")
    }
    assert "The busiest hour" in rates["rpm"]
    assert "not kept" in rates["concurrency"]


def test_a_script_sets_lists_and_ends_limits() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    client, of = browser(make.admin()), grant.team.slug
    asked = [
        {"team": of, "kind": "usd_per_month", "maximum": "100.00"},
        {"grant": grant.pk, "application": key.application.slug, "kind": "rpm", "maximum": 5},
        {"key": key.pk, "kind": "concurrency", "maximum": 2},
    ]
    made = [
        client.post("/api/v1/limits/", body | {"reason": "x"}, content_type="application/json")
        for body in asked
    ]
    assert [answer.status_code for answer in made] == [201] * 3
    assert (made[0].json()["scope"], made[0].json()["maximum"]) == ("team", "100.00")
    listed = client.get("/api/v1/limits/", {"team": of}).json()["results"]
    assert [row["scope"] for row in listed] == ["key", "share", "team"]
    half = {"application": "x", "kind": "rpm", "maximum": 1, "reason": "x"}
    assert client.post("/api/v1/limits/", half, content_type="application/json").status_code == 400
    assert client.post(f"/api/v1/limits/{listed[0]['id']}/end/").json()["state"] == "ended"
    foreign = browser(make.owner_of(make.team()))
    assert foreign.get("/api/v1/limits/").json()["results"] == []
    assert foreign.post(f"/api/v1/limits/{listed[1]['id']}/end/").status_code == 404


def test_a_soft_limit_tells_once_at_four_fifths_and_once_when_it_is_used_up() -> None:
    grant, at = make.grant(), clock.now()
    limited(Target(team=grant.team), mode="soft", maximum=400)
    limited(Target(team=grant.team), mode="shadow", maximum=100)
    told = {"grant_id": grant.pk, "started_at": at}
    counts = []
    for n in range(4):
        ingest([call(n, grant.team_id, **told)])
        counts.append(tell_of_soft_limits(clock.now()))
    assert counts == [0, 0, 1, 1]
    assert tell_of_soft_limits(clock.now()) == 0
    titles = list(Event.objects.filter(kind="limit.soft").order_by("pk").values_list("title", flat=True))
    assert titles == [
        f"Team {grant.team}: 400 tokens per day is 82 % used", f"Team {grant.team}: 400 tokens per day is used up",
    ]  # fmt: skip
    assert make.owner_of(grant.team).notices.filter(event__kind="limit.soft").count() == 2


def test_the_teams_page_names_who_used_the_window() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    limited(Target(team=grant.team), maximum=1_000)
    told = {
        "grant_id": grant.pk,
        "application_id": key.application_id,
        "key_id": key.pk,
        "started_at": clock.now(),
    }
    ingest([call(n, grant.team_id, **told) for n in range(3)])
    page = browser(make.owner_of(grant.team)).get(f"/teams/{grant.team.slug}/limits/").content.decode()
    assert faults(page) == []
    assert f'100 % {key.application.slug} <span class="mono">{key.prefix}…</span>' in page


def test_a_limit_is_shown_as_enforced_once_every_gateway_has_confirmed_it() -> None:
    grant, at = make.grant(), clock.now()
    limited(Target(team=grant.team))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as a commit would
    Shipper.objects.create(spool="one", started_at=at, seen_at=at, version=1)
    person = browser(make.admin())
    for version, enforced in ((1, False), (2**62, True)):
        Shipper.objects.update(version=version)
        assert (b"not yet enforced" in person.get("/limits/").content) is not enforced
        assert [row["enforced"] for row in person.get("/api/v1/limits/").json()["results"]] == [enforced]
