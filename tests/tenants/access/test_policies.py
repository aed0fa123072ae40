"""Policies as data: what rules make of a request, drafts and versions, and trying one on the past."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tenants.access import actions, trial
from tenants.access.models import Decision, Grant, Policy, Request
from tenants.access.policy_rules import describe, speak_rules
from tenants.teams import actions as teams
from tenants.teams.models import Application, Team
from tests import make

pytestmark = pytest.mark.django_db
USD = 10**9
EVERYBODY = {"name": "Everybody", "steps": [["admin"]]}


def lab(team: Team) -> Application:
    """An application that is not production."""
    return teams.add_application(
        team, slug="lab", name="Lab", environment="development", actor=make.owner_of(team), at=clock.now()
    )


def trial_request(team: Team | None = None, **changed: Any) -> Request:
    """What the shipped policy approves at once."""
    team = team or make.team()
    fields: dict[str, Any] = {
        "app": team.applications.filter(slug="lab").first() or lab(team),
        "limits": {"usd_per_month": 50 * USD},
        "data_class": "public",
        "ends_on": (clock.now() + timedelta(days=14)).date(),
    }
    return make.request(of=team, **(fields | changed))


def put_in_force(rules: Sequence[dict[str, Any]], by: User | None = None) -> Policy:
    by, at = by or make.admin(), clock.now()
    return actions.switch_on(actions.start_draft(rules=rules, actor=by, at=at).pk, actor=by, at=at)


def steps_of(request: Request) -> list[list[str]]:
    return [[step.role, *step.or_roles] for step in request.steps.all()]


def test_a_small_trial_is_approved_at_once_by_the_policy_itself() -> None:
    request = trial_request()
    request.refresh_from_db()
    decision = Decision.objects.get(request=request)
    assert (request.state, decision.by, str(decision.policy)) == ("approved", None, "policy 1")
    assert decision.granted == {"usd_per_month": 50 * USD}
    assert Grant.objects.get(request=request).state(clock.now()) == "live"
    entry = Entry.objects.get(verb="request.approve", object_id=str(request.pk))
    assert (entry.actor_label, entry.content["after"]["reason"][:11]) == ("policy 1", "Small trial")


@pytest.mark.parametrize(
    "changed",
    [
        {"limits": {"usd_per_month": 50 * USD + 1}},
        {"limits": {"tpm": 1000}},
        {"limits": {"tokens_per_month": 10_000_000}},
        {"data_class": "internal"},
        {"ends_on": (clock.now() + timedelta(days=15)).date()},
    ],
)
def test_more_than_a_small_trial_waits_for_the_platform(changed: dict[str, Any]) -> None:
    request = trial_request(**changed)
    assert (request.state, steps_of(request)) == ("open", [["admin"]])


def test_a_trial_is_for_the_first_time_and_not_for_production() -> None:
    team = make.team()
    first = trial_request(team)
    again = trial_request(team, offer=first.offer)
    assert (again.state, again.grant) == ("open", Grant.objects.get(request=first))
    assert trial_request(team, app=make.application(team)).state == "open"


def test_every_request_keeps_the_policy_that_laid_down_its_steps() -> None:
    before = make.request()
    put_in_force([{"name": "Two eyes", "steps": [["security"], ["admin", "finance"]]}])
    after = make.request()
    assert (before.policy, steps_of(before)) == (Policy.objects.get(number=1), [["admin"]])
    assert (after.policy, steps_of(after)) == (
        Policy.objects.get(number=2),
        [["security"], ["admin", "finance"]],
    )
    actions.approve(before.pk, actor=make.admin(), at=clock.now())
    actions.approve(after.pk, actor=make.person(roles=("security",)), at=clock.now())
    actions.approve(after.pk, actor=make.person(roles=("finance",)), at=clock.now())
    assert Grant.objects.filter(request__in=[before, after]).count() == 2


def test_rules_add_their_steps_in_order_until_one_ends_the_list() -> None:
    put_in_force([
        {"name": "Public", "match": {"data_classes": ["public"]}, "steps": [["team_owner"]], "ends": True},
        EVERYBODY,
        {"name": "Big", "match": {"limits_at_least": {"tpm": 1000}}, "steps": [["finance"]]},
        {"name": "Also everybody", "steps": [["admin"]]},
    ])  # fmt: skip
    colleague = make.person()
    team = make.team(members=(colleague,))
    assert steps_of(make.request(of=team, by=colleague, data_class="public")) == [["team_owner"]]
    assert steps_of(make.request(limits={"tpm": 999})) == [["admin"]]
    assert steps_of(make.request(limits={"tpm": 1000})) == [["admin"], ["finance"]]


def test_the_owner_who_asks_has_agreed_and_the_platform_decides_instead() -> None:
    put_in_force([{"name": "Owners", "steps": [["team_owner"]]}])
    assert steps_of(make.request()) == [["admin"]]


def test_a_team_owner_decides_for_a_member_and_nobody_elses_owner_does() -> None:
    put_in_force([{"name": "Owners", "steps": [["team_owner"]]}])
    mia = make.person()
    team = make.team(members=(mia,))
    request = make.request(of=team, by=mia)
    with pytest.raises(Forbidden):
        actions.approve(request.pk, actor=make.owner_of(make.team()), at=clock.now())
    actions.approve(request.pk, actor=make.owner_of(team), at=clock.now())
    assert Grant.objects.get(request=request).decision.by == make.owner_of(team)


def test_the_offers_own_owner_decides() -> None:
    put_in_force([{"name": "Owners", "steps": [["offer_owner"]]}])
    offer, guard = make.offer(), make.person(roles=("ops",))
    request = make.request(offer=offer)
    with pytest.raises(Forbidden):
        actions.approve(request.pk, actor=guard, at=clock.now())
    actions.name_offer_owner(offer, guard, actor=make.admin(), at=clock.now())
    actions.approve(request.pk, actor=guard, at=clock.now())
    assert Grant.objects.filter(request=request).exists()


def test_an_offers_owner_needs_to_be_able_to_read_requests() -> None:
    with pytest.raises(Conflict):
        actions.name_offer_owner(make.offer(), make.person(), actor=make.admin(), at=clock.now())


def test_a_longest_time_holds_for_asking_and_for_granting() -> None:
    put_in_force(
        [EVERYBODY, {"name": "Short", "match": {"lifecycles": ["generally_available"]}, "longest_days": 30}]
    )
    with pytest.raises(Invalid) as refused:
        make.request(ends_on=(clock.now() + timedelta(days=31)).date())
    assert refused.value.errors.keys() == {"ends_on"}
    request = make.request(ends_on=(clock.now() + timedelta(days=30)).date())
    with pytest.raises(Invalid):
        actions.approve(
            request.pk,
            ends_on=request.ends_on + timedelta(days=1),
            reason="x",
            actor=make.admin(),
            at=clock.now(),
        )


def test_whoever_edited_a_policy_gets_nothing_approved_by_it() -> None:
    ada, lee = make.person("ada", roles=("admin",)), make.person("lee", roles=("admin",))
    draft = actions.start_draft(actor=ada, at=clock.now())
    rules = speak_rules(draft.rules)
    rules[0]["match"]["cost_at_most"] = "5000"
    actions.change_draft(draft.pk, rules=rules, actor=ada, at=clock.now())
    actions.switch_on(draft.pk, actor=lee, at=clock.now())
    limits = {"usd_per_month": 4_000 * USD}
    for hand in (ada, lee):
        request = trial_request(make.team(owner=hand), limits=limits)
        assert (request.state, steps_of(request)) == ("open", [["admin"]])
        with pytest.raises(Forbidden) as refused:
            actions.approve(request.pk, actor=hand, at=clock.now())
        assert refused.value.code == "request.own"
    assert trial_request(limits=limits).state == "approved"


def test_having_a_hand_in_it_is_inherited_by_later_versions() -> None:
    ada = make.admin()
    put_in_force(speak_rules(Policy.objects.current().rules), by=ada)
    later = put_in_force(speak_rules(Policy.objects.current().rules))
    assert ada.pk in later.editor_ids
    assert trial_request(make.team(owner=ada)).state == "open"


def test_a_policy_in_force_never_changes_and_there_is_one_draft() -> None:
    ada = make.admin()
    with pytest.raises(Conflict):
        actions.change_draft(Policy.objects.current().pk, note="x", actor=ada, at=clock.now())
    actions.start_draft(actor=ada, at=clock.now())
    with pytest.raises(Conflict) as refused:
        actions.start_draft(actor=ada, at=clock.now())
    assert refused.value.code == "policy.draft"


@pytest.mark.parametrize("role", ["ops", "auditor", "security", "finance"])
def test_only_admins_touch_policies(role: str) -> None:
    with pytest.raises(Forbidden):
        actions.start_draft(actor=make.person(roles=(role,)), at=clock.now())


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"name": "", "steps": [["admin"]]}, "needs a name"),
        ({"name": "x"}, "does nothing"),
        ({"name": "x", "steps": [["policy"]]}, "The roles are"),
        ({"name": "x", "steps": [[]]}, "list of roles"),
        ({"name": "x", "steps": [["admin"]], "automatic": True}, "not both"),
        ({"name": "x", "automatic": True, "match": {"data_classes": ["public"]}}, "needs cost_at_most"),
        ({"name": "x", "steps": [["admin"]], "match": {"colour": ["red"]}}, "There is no colour"),
        ({"name": "x", "steps": [["admin"]], "match": {"data_classes": ["secret"]}}, "'secret' is unknown"),
        ({"name": "x", "steps": [["admin"]], "match": {"cost_at_most": 1.5}}, "decimal string"),
        ({"name": "x", "steps": [["admin"]], "match": {"days_at_most": 0}}, "1 to 366"),
        ({"name": "x", "steps": [["admin"]], "match": {"limits_at_most": {"tpm": "many"}}}, "Not a number"),
        ({"name": "x", "steps": [["admin"]], "match": {"teams": "copilot"}}, "Send a list"),
        ("rule", "is an object"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(rule: Any, words: str) -> None:
    with pytest.raises(Invalid, match="Mend") as refused:
        actions.start_draft(rules=[EVERYBODY, rule], actor=make.admin(), at=clock.now())
    assert words in refused.value.detail
    assert "rules[1]" in refused.value.detail


def test_a_rule_is_told_in_words() -> None:
    shipped = Policy.objects.current().rules
    assert describe(shipped[0]) == (
        "data class public; environment staging or development; asks first; at most $50.00 a month; at most 14 days"
    )
    assert describe(shipped[1]) == "everything"


def test_a_draft_tried_on_past_requests_shows_what_it_would_have_decided() -> None:
    plain, sensitive = make.request(), make.request(data_class="restricted")
    done = trial_request()
    draft = actions.start_draft(
        rules=[
            {
                "name": "Sensitive",
                "match": {"data_classes": ["restricted"]},
                "steps": [["security"], ["admin"]],
            },
            {"name": "All else", "steps": [["finance"]], "longest_days": 60},
        ],
        actor=make.admin(),
        at=clock.now(),
    )
    verdicts = {each.request.pk: each.verdict for each in trial.try_on(draft)}
    assert verdicts == {plain.pk: "other", sensitive.pk: "more", done.pk: "more"}
    assert {each.verdict for each in trial.try_on(Policy.objects.current())} == {"same"}
    assert [steps_of(each) for each in (plain, sensitive)] == [[["admin"]], [["admin"], ["security"]]]


# What the database refuses of policies


def refused_by_sql(words: str, sql: str, *values: Any) -> None:
    with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


DECIDE = """INSERT INTO access_decision (step_id, request_id, outcome, policy_id, at, reason, granted, ends_at)
            VALUES (%s, %s, 'approved', %s, now(), '', %s, now() + interval '3 days')"""


def decide(
    words: str, request: Request, policy: Policy | None = None, granted: str = '{"tpm": 60000}'
) -> None:
    policy = policy or request.policy
    assert policy is not None
    refused_by_sql(words, DECIDE, request.steps.all()[0].pk, request.pk, policy.pk, granted)


def test_no_policy_decides_a_persons_step() -> None:
    decide("only the one step that is its own", make.request())


def laid_for_a_policy(request: Request) -> Request:
    """The same ask, but with a policy's step, as raw SQL could lay it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO access_request (team_id, offer_id, application_id, requester_id, purpose, data_class, asked,
                   ends_on, state, policy_id)
               SELECT team_id, offer_id, application_id, requester_id, purpose, data_class, asked, ends_on, 'open', policy_id
               FROM access_request WHERE id = %s RETURNING id""",
            [request.pk],
        )
        number = cursor.fetchone()[0]
        cursor.execute(
            """INSERT INTO access_step (request_id, position, role, or_roles, rule, why, due_at)
               VALUES (%s, 1, 'policy', '{}', '', '', now())""",
            [number],
        )
    return Request.objects.get(pk=number)


def test_no_policy_approves_what_none_of_its_rules_does() -> None:
    asked = make.request()
    actions.withdraw(asked.pk, actor=asked.requester, at=clock.now())
    decide("no rule of the policy approves this", laid_for_a_policy(asked))


def test_no_policy_grants_more_than_was_asked_or_decides_for_its_editor() -> None:
    ada = make.admin()
    put_in_force(speak_rules(Policy.objects.current().rules), by=ada)
    request = trial_request(make.team(owner=ada))
    actions.withdraw(request.pk, actor=ada, at=clock.now())
    again = laid_for_a_policy(request)
    decide("policy they edited", again, granted='{"usd_per_month": 50000000000}')
    decide("only what was asked under it", again, Policy.objects.get(number=1))


def test_no_policy_in_force_is_changed_or_forgotten_and_no_editor_is() -> None:
    refused_by_sql("never changes", "UPDATE access_policy SET note = 'x' WHERE number = 1")
    refused_by_sql("is kept", "DELETE FROM access_policy WHERE number = 1")
    draft = actions.start_draft(actor=make.admin(), at=clock.now())
    refused_by_sql("remembers who", "UPDATE access_policy SET editor_ids = '{}' WHERE id = %s", draft.pk)
    refused_by_sql(
        "next number", "UPDATE access_policy SET number = 7, switched_on_at = now() WHERE id = %s", draft.pk
    )
    refused_by_sql(
        "has a hand in it",
        "UPDATE access_policy SET number = 2, switched_on_at = now() WHERE id = %s",
        draft.pk,
    )


def test_no_request_under_another_policy_than_the_one_in_force() -> None:
    old = make.request()
    put_in_force([EVERYBODY])
    actions.withdraw(old.pk, actor=old.requester, at=clock.now())
    with pytest.raises(DatabaseError, match="policy in force"), transaction.atomic():
        laid_for_a_policy(old)
    refused_by_sql("keeps its policy", "UPDATE access_request SET policy_id = NULL WHERE id = %s", old.pk)
