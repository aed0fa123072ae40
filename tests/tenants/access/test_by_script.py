"""Flows from end to end as a script runs them, where no other file of tests does: policies, standing in, questions, more."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from foundry.lib import clock
from tenants.access.models import Decision, Request
from tests import make
from tests.people import api
from tests.tenants.access.test_policies import lab
from tests.tenants.access.test_weighing import hour

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
V1 = "/api/v1"


def send(client: Client, path: str, body: Any = None, method: str = "post") -> Any:
    answer = getattr(client, method)(f"{V1}/{path}", body or {}, content_type="application/json")
    assert answer.status_code < 300, answer.content
    return answer.json() if answer.content else None


def test_a_policy_is_drafted_tried_and_switched_on_and_a_trial_is_approved_at_once() -> None:
    before = make.request(data_class="public")
    team, ada = before.team, api(make.admin())
    trial = {
        "team": team.slug, "offer": make.offer().pk, "application": lab(team).slug, "purpose": "To try.",
        "data_class": "public", "limits": {"usd_per_month": "20.00"}, "ends_on": str((clock.now() + 9 * DAY).date()),
    }  # fmt: skip
    made = send(api(before.requester), "requests/", trial)
    assert (made["state"], Decision.objects.get(request=made["id"]).by) == ("approved", None)

    security = [{"name": "Security looks", "steps": [["security"]], "ends": True}]
    draft = send(ada, "policies/", {"rules": security})
    tried = send(ada, f"policies/{draft['id']}/try/")
    assert {row["request"]: row["verdict"] for row in tried["results"]}[before.pk] == "other"
    assert [step.role for step in before.steps.all()] == ["admin"]
    on = send(ada, f"policies/{draft['id']}/switch-on/")
    assert (on["state"], on["number"]) == ("in_force", 2)
    later = make.request(of=team)
    assert later.policy is not None
    assert ([step.role for step in later.steps.all()], later.policy.number) == (["security"], 2)
    assert [step.role for step in before.steps.all()] == ["admin"]


def test_who_stands_in_decides_in_that_name_until_it_is_ended() -> None:
    boss, sam = make.admin(), make.person("sam", roles=("security",))
    first, second = make.request(), make.request()
    now = clock.now()
    days = {"starts_at": now.isoformat(), "ends_at": (now + DAY).isoformat()}
    held = send(api(boss), "delegations/", {"to": sam.email} | days)
    script = api(sam)
    assert {row["request"] for row in script.get(f"{V1}/approvals/").json()["results"]} == {
        first.pk,
        second.pk,
    }
    send(script, f"requests/{first.pk}/approve/")
    decided = Decision.objects.get(request=first)
    assert (decided.by, decided.on_behalf_of) == (sam, boss)
    send(api(boss), f"delegations/{held['id']}/end/")
    refused = script.post(f"{V1}/requests/{second.pk}/approve/", {}, content_type="application/json")
    assert refused.status_code == 403


def test_an_admin_adds_changes_and_retires_a_question() -> None:
    ada = api(make.admin())
    asked = send(ada, "questions/", {"text": "Who reads it?"})
    changed = send(ada, f"questions/{asked['id']}/change/", {"text": "Who else reads it?"})
    assert [row["text"] for row in ada.get(f"{V1}/questions/").json()["results"]][:1] == [
        "Who else reads it?"
    ]
    send(ada, f"questions/{changed['id']}/retire/")
    assert not [row for row in ada.get(f"{V1}/questions/").json()["results"] if not row.get("retired_at")]


def test_asking_for_more_previews_what_is_held_and_used_and_asks_to_change_that_grant() -> None:
    grant = make.grant()
    hour(grant, clock.now() - DAY, 600, 60_000)
    hour(grant, clock.now() - DAY, 7, 0, outcome="refused")
    script = api(make.owner_of(grant.team))
    body = {
        "team": grant.team.slug, "offer": grant.offer_id, "application": grant.applications.get().slug,
        "data_class": "internal", "limits": {"tpm": 90_000},
    }  # fmt: skip
    told = send(script, "requests/preview/", body)
    assert (told["held"], told["used"]["calls_hour"], told["used"]["refused"]) == ({"tpm": 60_000}, 600, 7)
    ends_on = str((clock.now() + 60 * DAY).date())
    made = send(script, "requests/", body | {"purpose": "More of it.", "ends_on": ends_on})
    assert made["changes_grant"] == grant.pk
    assert Request.objects.get(pk=made["id"]).asked == {"tpm": 90_000}
