"""Each saved question answers from the rows themselves, counts them, writes them as CSV, and is itself in the audit."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Acknowledgement
from tenants.teams import actions as teams
from tests import make
from tests.foundry.web.markup import faults
from tests.people import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
NAMES = ["access", "decisions", "exceptions", "acknowledgements"]
DAY = timedelta(days=1)


@pytest.fixture
def auditor() -> User:
    return make.person("aud", roles=("auditor",))


def rows(who: User, name: str, **asked: Any) -> list[dict[str, str]]:
    answer = browser(who).get(f"/audit/ask/{name}/answer.csv", asked)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_who_could_call_what_is_answered_as_of_the_moment(auditor: User) -> None:
    now = clock.now()
    old = make.grant(at=now - 20 * DAY, limits={"tpm": 1_000}, ends_on=(now + 30 * DAY).date())
    new = make.grant(at=now - 2 * DAY)
    actions.revoke(old.pk, reason="Over.", actor=make.admin(), at=now - 5 * DAY)
    then = rows(auditor, "access", at=f"{now - 10 * DAY:%Y-%m-%dT%H:%M}")
    assert [(row["grant"], row["state"], row["limits"]) for row in then] == [
        (str(old.pk), "live", "tpm 1000")
    ]
    today = rows(auditor, "access")
    assert [row["grant"] for row in today] == [str(new.pk)]
    assert today[0]["decided by"] == new.decision.actor
    assert rows(auditor, "access", team=old.team.slug) == []


def test_what_somebody_decided_shows_asked_and_granted_and_why(auditor: User) -> None:
    ada = make.admin()
    asked = make.request(limits={"tpm": 60_000})
    actions.approve(
        asked.pk,
        limits={"tpm": 30_000},
        reason="Half to start with.",
        actor=ada,
        at=clock.now() - timedelta(hours=1),
    )
    make.grant()
    [row] = rows(auditor, "decisions", person=ada.email)
    assert (row["asked"], row["granted"], row["reason"]) == ("tpm 60000", "tpm 30000", "Half to start with.")
    assert row["outcome"] == "approved"
    assert rows(auditor, "decisions", person="nobody@foundry.example") == []
    assert rows(auditor, "decisions", until=(clock.now() - 3 * DAY).date().isoformat()) == []


def test_what_was_out_of_the_ordinary_names_a_decider_of_the_asking_team_and_a_leavers_key(
    auditor: User,
) -> None:
    ada, mia = make.admin(), make.person("mia")
    team = make.team(members=(ada, mia))
    asked = make.request(of=team)
    actions.approve(asked.pk, actor=ada, at=clock.now() - timedelta(hours=1))
    grant = make.grant(of=team)
    key, _ = make.key(grant, by=mia)
    assert "key of somebody who left the team" not in {row["what"] for row in rows(auditor, "exceptions")}
    teams.remove_member(team, mia, actor=make.owner_of(team), at=clock.now())
    told = {row["what"]: row["about"] for row in rows(auditor, "exceptions", team=team.slug)}
    assert f"request {asked.pk}" in told["decided by a member of the team that asked"]
    assert key.prefix in told["key of somebody who left the team"]


def test_terms_that_were_accepted_and_those_that_are_missing(auditor: User) -> None:
    grant = make.grant(offer=make.offer(terms=make.terms()))
    [done] = rows(auditor, "acknowledgements")
    assert (done["team"], done["state"]) == (grant.team.slug, "acknowledged")
    Acknowledgement.objects.all().delete()
    [open_] = rows(auditor, "acknowledgements")
    assert (open_["team"], open_["state"]) == (grant.team.slug, "missing")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_counts_and_is_in_the_audit(name: str, auditor: User) -> None:
    make.grant(offer=make.offer(terms=make.terms()))
    page = browser(auditor).get(f"/audit/ask/{name}/")
    assert page.status_code == 200
    assert faults(page.content.decode()) == []
    entry = Entry.objects.filter(verb="audit.ask").latest("seq")
    told = entry.content["after"]
    assert (told["question"], told["as"]) == (name, "page")
    assert f"{told['rows']} row" in page.content.decode()


@pytest.mark.parametrize("wrong", [{"at": "yesterday"}, {"since": "x"}, {"team": "nobody"}, {"person": "x"}])
def test_what_cannot_be_asked_is_said_beside_its_field_and_asks_nothing(
    wrong: dict[str, str], auditor: User
) -> None:
    name = "access" if "at" in wrong or "team" in wrong else "decisions"
    for where in ("", "answer.csv"):
        answer = browser(auditor).get(f"/audit/ask/{name}/{where}", wrong)
        assert answer.status_code == 400
        assert f'id="id_{next(iter(wrong))}_error"' in answer.content.decode()
    assert not Entry.objects.filter(verb="audit.ask").exists()


def test_a_question_that_is_none_is_not_found(auditor: User) -> None:
    assert browser(auditor).get("/audit/ask/everything/").status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_more_rows_cost_no_more_queries(name: str, auditor: User) -> None:
    from tests.tenants.access.test_same_queries import queries

    client: Client = browser(auditor)
    counts = []
    for _ in range(2):
        for _ in range(5):
            make.key(make.grant(offer=make.offer(terms=make.terms())))
        counts.append(queries(client, f"/audit/ask/{name}/"))
    assert counts[0] == counts[1]


def test_a_cell_that_a_spreadsheet_would_run_is_only_text(auditor: User) -> None:
    asked = make.request()
    actions.deny(
        asked.pk, reason="=cmd|' /C calc'!A0", actor=make.admin(), at=clock.now() - timedelta(minutes=1)
    )
    [row] = rows(auditor, "decisions")
    assert row["reason"].startswith("'=")


def test_a_script_asks_the_same_with_a_count_and_a_csv_and_that_is_in_the_audit(auditor: User) -> None:
    grant = make.grant(offer=make.offer(terms=make.terms()))
    client = api(auditor)
    assert [each["name"] for each in client.get("/api/v1/audit/questions/").json()] == NAMES
    told = client.get("/api/v1/audit/questions/access/", {"team": grant.team.slug}).json()
    assert (told["count"], [row["grant"] for row in told["rows"]]) == (1, [grant.pk])
    kept = client.get("/api/v1/audit/questions/access/csv/", {"team": grant.team.slug})
    assert [row["grant"] for row in csv.DictReader(io.StringIO(kept.content.decode()))] == [str(grant.pk)]
    said = [entry.content["after"]["as"] for entry in Entry.objects.filter(verb="audit.ask").order_by("seq")]
    assert said == ["api", "csv"]
    wrong = client.get("/api/v1/audit/questions/access/", {"at": "yesterday"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["at"])
    assert client.get("/api/v1/audit/questions/everything/").status_code == 404
