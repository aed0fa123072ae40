"""Nobody decides on their own request, by no path (reliability I7): these paths, and raw SQL in test_never."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.urls import get_resolver

from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.models import SiteRole, User
from tenants.access import actions
from tenants.access.models import Decision, Request
from tenants.access.policy_rules import speak_rules
from tenants.teams import actions as teams
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def by_page(request: Request, boss: User) -> None:
    fields = {"tpm": "60,000", "ends_on": str(request.ends_on), "step": 1}
    assert browser(boss).post(f"/requests/{request.pk}/approve/", fields).status_code == 403


def by_denial(request: Request, boss: User) -> None:
    assert browser(boss).post(f"/requests/{request.pk}/deny/", {"step": 1, "reason": "x"}).status_code == 403


def by_api(request: Request, boss: User) -> None:
    answer = api(boss).post(f"/api/v1/requests/{request.pk}/approve/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "request.own")


def by_bulk(request: Request, boss: User) -> None:
    browser(boss).post("/approvals/approve/", {"step": request.steps.get().pk})


def by_who_stands_in(request: Request, boss: User) -> None:
    friend = make.person(roles=("ops",))
    actions.delegate(friend, starts_at=clock.now(), ends_at=clock.now() + DAY, actor=boss, at=clock.now())
    with pytest.raises(Refused):
        actions.approve(request.pk, actor=friend, at=clock.now())
    assert not browser(friend).get("/approvals/").context["page"].paginator.count


def by_standing_in(request: Request, boss: User) -> None:
    """The requester stands in for another approver."""
    lee = make.admin()
    actions.delegate(boss, starts_at=clock.now(), ends_at=clock.now() + DAY, actor=lee, at=clock.now())
    with pytest.raises(Refused):
        actions.approve(request.pk, actor=boss, at=clock.now())


def by_policy_edit(request: Request, boss: User) -> None:
    """The requester writes a rule that approves the very request, and asks again."""
    rules = speak_rules(request.policy.rules)  # type: ignore[union-attr]
    wide = {"name": "All", "automatic": True, "match": {"cost_at_most": "10000000", "days_at_most": 366}}
    draft = actions.start_draft(rules=[wide, *rules], actor=boss, at=clock.now())
    actions.switch_on(draft.pk, actor=make.admin(), at=clock.now())
    again = make.request(of=request.team, by=boss, limits={"usd_per_month": 10**9})
    assert (again.state, Decision.objects.filter(request=again).exists()) == ("open", False)


def by_role_change(request: Request, boss: User) -> None:
    """The role is taken away and given back in between."""
    SiteRole.objects.filter(user=boss).delete()
    SiteRole.objects.bulk_create(SiteRole(user=boss, role=role) for role in ("admin", "security", "finance"))
    with pytest.raises(Refused):
        actions.approve(request.pk, actor=User.objects.get(pk=boss.pk), at=clock.now())


def by_handing_on(request: Request, boss: User) -> None:
    with pytest.raises(Refused):
        actions.hand_on(request.pk, to=boss, actor=make.admin(), at=clock.now())
    actions.pass_on(request.pk, at=clock.now() + 30 * DAY)
    assert request.steps.get().assignee != boss


def by_owning_the_team_and_the_offer_since(request: Request, boss: User) -> None:
    """The one who asked gets every other hat that decides, and a policy that asks for these."""
    rules = [{"name": "Near", "steps": [["team_owner", "offer_owner"]]}]
    draft = actions.start_draft(rules=rules, actor=make.admin(), at=clock.now())
    actions.switch_on(draft.pk, actor=make.admin(), at=clock.now())
    actions.name_offer_owner(request.offer, boss, actor=make.admin(), at=clock.now())
    near = make.request(of=request.team, by=boss, offer=make.offer(), app=make.application(request.team))
    actions.name_offer_owner(near.offer, boss, actor=make.admin(), at=clock.now())
    with pytest.raises(Refused):
        actions.approve(near.pk, actor=User.objects.get(pk=boss.pk), at=clock.now())
    with pytest.raises(Refused):
        actions.approve(request.pk, actor=User.objects.get(pk=boss.pk), at=clock.now())
    assert not Decision.objects.filter(request=near).exists()


def by_django_admin(request: Request, boss: User) -> None:
    """It is not there: neither installed nor at any address."""
    assert not any("contrib.admin" in app for app in settings.INSTALLED_APPS)
    assert not any("admin" in str(each.pattern).split("/")[0] for each in get_resolver().url_patterns)
    for page in ("/admin/", "/admin/access/decision/add/", f"/admin/access/request/{request.pk}/change/"):
        assert browser(boss).get(page).status_code == 404


PATHS = [
    by_page, by_denial, by_api, by_bulk, by_who_stands_in, by_standing_in, by_policy_edit, by_role_change, by_handing_on,
    by_owning_the_team_and_the_offer_since, by_django_admin,
]  # fmt: skip


@pytest.mark.parametrize("roles", [("admin",), ("admin", "security", "finance")], ids=["admin", "every role"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_no_own_request_is_decided(path: Callable[[Request, User], None], roles: tuple[str, ...]) -> None:
    boss = make.person(roles=roles)
    request = make.request(of=make.team(owner=boss), by=boss)
    path(request, boss)
    assert not Decision.objects.filter(request=request).exists()
    request.refresh_from_db()
    assert request.state == "open"


def test_who_becomes_every_kind_of_approver_after_asking_decides_nothing_of_it() -> None:
    mia = make.person()
    team = make.team(members=(mia,))
    request = make.request(of=team, by=mia)
    SiteRole.objects.bulk_create(SiteRole(user=mia, role=role) for role in ("admin", "security", "finance"))
    teams.change_role(team, mia, "owner", actor=make.admin(), at=clock.now())
    risen = User.objects.get(pk=mia.pk)
    for act in (actions.approve, actions.deny):
        with pytest.raises(Refused) as refused:
            act(request.pk, reason="x", actor=risen, at=clock.now())
        assert refused.value.code == "request.own"
    assert not browser(risen).get("/approvals/").context["page"].paginator.count
    assert not Decision.objects.filter(request=request).exists()


# Standing in


def stands_in(for_: User, to: User, **dates: Any) -> None:
    at = clock.now()
    fields = {"starts_at": at, "ends_at": at + DAY} | dates
    actions.delegate(to, **fields, actor=for_, at=at)


def test_who_stands_in_decides_in_that_name_and_it_shows() -> None:
    sam, ops = make.person("sam", roles=("security",)), make.person("otto", roles=("ops",))
    request = make.approved_step(make.request(data_class="restricted"))
    with pytest.raises(Refused):
        actions.approve(request.pk, actor=ops, at=clock.now())
    stands_in(sam, ops)
    assert browser(ops).get("/approvals/").context["page"].paginator.count == 1
    decision = actions.approve(request.pk, actor=ops, at=clock.now())
    assert (decision.by, decision.on_behalf_of, decision.actor) == (ops, sam, "Otto for Sam")


def test_an_ended_delegation_decides_nothing() -> None:
    ada, ops = make.admin(), make.person(roles=("ops",))
    stands_in(ada, ops)
    held = ada.delegations.get()
    actions.end_delegation(held.pk, actor=ada, at=clock.now())
    with pytest.raises(Refused):
        actions.approve(make.request().pk, actor=ops, at=clock.now())


@pytest.mark.parametrize("days", [(0, 0), (2, 1), (0, 93), (-5, 1)])
def test_dates_that_make_no_sense_are_refused(days: tuple[int, int]) -> None:
    at = clock.now()
    with pytest.raises(Refused):
        stands_in(make.admin(), make.admin(), starts_at=at + days[0] * DAY, ends_at=at + days[1] * DAY)


def test_nobody_without_a_site_role_stands_in() -> None:
    with pytest.raises(Refused):
        stands_in(make.admin(), make.person())


INSERT = """INSERT INTO access_decision (step_id, request_id, outcome, by_id, on_behalf_of_id, at, reason, granted, ends_at)
            VALUES (%s, %s, 'approved', %s, %s, now(), '', '{"tpm": 60000}', now() + interval '9 days')"""


def refused_by_sql(words: str, request: Request, by: User, name: User) -> None:
    with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, [request.steps.get().pk, request.pk, by.pk, name.pk])


def test_the_database_refuses_a_borrowed_name() -> None:
    ada, ops = make.admin(), make.person(roles=("ops",))
    refused_by_sql("nobody let them", make.request(), ops, ada)
    stands_in(ada, ops)
    own = make.request(of=make.team(owner=ada), by=ada)
    refused_by_sql("own request", own, ops, ada)
    with pytest.raises(DatabaseError, match="ended, never rewritten"), transaction.atomic():
        connection.cursor().execute("UPDATE access_delegation SET ends_at = ends_at + interval '1 year'")
