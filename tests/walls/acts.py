"""How to do each action once: `ACTS[name](admin, at)` prepares, and answers what does it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from catalog.models import Offer
from foundry.notify import actions as notify
from foundry.notify.actions import HookFacts
from foundry.people import actions as people
from foundry.people.models import User
from tenants.access import actions as access
from tenants.advice import actions as advice
from tenants.evidence.questions import QUESTIONS, Asked
from tenants.keys import actions as keys
from tenants.levels import actions as levels
from tenants.levels.rules import Target
from tenants.moving.litellm import Read
from tenants.teams import actions as teams
from tests import make
from tests.walls.supply import SUPPLY

Act = Callable[[Callable[..., Any]], object]
Prepare = Callable[[User, datetime], Act]
DAY = timedelta(days=1)


def add_person(actor: User, at: datetime) -> Act:
    return lambda act: act("new@foundry.example", "New", roles=("ops",), actor=actor, at=at)


def issue_token(actor: User, at: datetime) -> Act:
    return lambda act: act(actor, "script", ["read"], 30, actor=actor, at=at)


def revoke_token(actor: User, at: datetime) -> Act:
    token, _ = people.issue_token(actor, "script", ["read"], 30, actor=actor, at=at)
    return lambda act: act(token.pk, actor=actor, at=at)


def make_sign_in_link(actor: User, at: datetime) -> Act:
    return lambda act: act(actor, actor="manage.py", at=at)


def use_sign_in_link(actor: User, at: datetime) -> Act:
    secret = people.make_sign_in_link(actor, actor="manage.py", at=at)
    return lambda act: act(secret, at)


def deactivate_person(actor: User, at: datetime) -> Act:
    somebody = make.person()
    return lambda act: act(somebody.pk, reason="Left the house.", actor=actor, at=at)


def reactivate_person(actor: User, at: datetime) -> Act:
    somebody = make.person()
    people.deactivate_person(somebody.pk, reason="Left.", actor=actor, at=at)
    return lambda act: act(somebody.pk, actor=actor, at=at)


def name_application_owner(actor: User, at: datetime) -> Act:
    somebody = make.person()
    application = make.application(make.team(members=(somebody,)))
    return lambda act: act(application.pk, somebody, actor=actor, at=at)


def create_team(actor: User, at: datetime) -> Act:
    return lambda act: act(slug="novel", name="Novel", cost_centre="1", owner=actor, actor=actor, at=at)


def set_budget(actor: User, at: datetime) -> Act:
    centre = make.team().cost_centre
    return lambda act: act(centre.pk, 10**12, actor=actor, at=at)


def add_member(actor: User, at: datetime) -> Act:
    team, somebody = make.team(), make.person()
    return lambda act: act(team, somebody, "member", actor=actor, at=at)


def change_role(actor: User, at: datetime) -> Act:
    somebody = make.person()
    team = make.team(members=(somebody,))
    return lambda act: act(team, somebody, "owner", actor=actor, at=at)


def remove_member(actor: User, at: datetime) -> Act:
    somebody = make.person()
    team = make.team(members=(somebody,))
    return lambda act: act(team, somebody, actor=actor, at=at)


def add_application(actor: User, at: datetime) -> Act:
    team = make.team()
    return lambda act: act(team, slug="x", name="X", environment="production", actor=actor, at=at)


def submit(actor: User, at: datetime) -> Act:
    team = make.team(owner=actor)
    application, offer = make.application(team), make.offer()
    return lambda act: act(
        team=team,
        offer=offer,
        application=application,
        purpose="Answers",
        data_class="internal",
        limits={"tpm": 1000},
        ends_on=(at + 30 * DAY).date(),
        terms_version=None,
        actor=actor,
        at=at,
    )


def approve(actor: User, at: datetime) -> Act:
    asked = make.request()
    return lambda act: act(asked.pk, actor=actor, at=at)


def deny(actor: User, at: datetime) -> Act:
    asked = make.request()
    return lambda act: act(asked.pk, reason="Another offer fits.", actor=actor, at=at)


def withdraw(actor: User, at: datetime) -> Act:
    asked = make.request()
    return lambda act: act(asked.pk, actor=asked.requester, at=at)


def revoke(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    return lambda act: act(grant.pk, reason="Over.", actor=actor, at=at)


def suspend(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    return lambda act: act(grant.pk, reason="Terms.", actor=actor, at=at)


def resume(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    access.suspend(grant.pk, reason="Terms.", actor=actor, at=at)
    return lambda act: act(grant.pk, actor=actor, at=at)


def suspend_team(actor: User, at: datetime) -> Act:
    team = make.team()
    return lambda act: act(team, reason="Audit.", actor=actor, at=at)


def resume_team(actor: User, at: datetime) -> Act:
    block = access.suspend_team(make.team(), reason="Audit.", actor=actor, at=at)
    return lambda act: act(block.pk, actor=actor, at=at)


def acknowledge(actor: User, at: datetime) -> Act:
    team, terms = make.team(), make.terms()
    return lambda act: act(team, terms, actor=make.owner_of(team), at=at)


def wish(actor: User, at: datetime) -> Act:
    team, offer = make.team(), make.offer(at=make.host(calling_base_url=""))
    return lambda act: act(team, offer, why="For later.", actor=make.owner_of(team), at=at)


HOOK = HookFacts("Chat", "webhook", "https://hooks.example/x")


def choose_preset(actor: User, at: datetime) -> Act:
    return lambda act: act(actor, "digest", actor=actor, at=at)


def add_hook(actor: User, at: datetime) -> Act:
    return lambda act: act(HOOK, actor=actor, at=at)


def switch_hook(actor: User, at: datetime) -> Act:
    hook, _ = notify.add_hook(HOOK, actor=actor, at=at)
    return lambda act: act(hook.pk, on=False, actor=actor, at=at)


def try_hook(actor: User, at: datetime) -> Act:
    hook, _ = notify.add_hook(HOOK, actor=actor, at=at)
    return lambda act: act(hook.pk, actor=actor, at=at)


def redeliver(actor: User, at: datetime) -> Act:
    hook, _ = notify.add_hook(HOOK, actor=actor, at=at)
    notify.try_hook(hook.pk, actor=actor, at=at)
    hook.deliveries.update(state="failed")
    return lambda act: act(hook.deliveries.get().pk, actor=actor, at=at)


def retiring(at: datetime) -> Offer:
    return make.grant(offer=make.offer(retires_at=at + 40 * DAY), at=at - DAY).offer


def open_campaign(actor: User, at: datetime) -> Act:
    offer = retiring(at)
    return lambda act: act(offer, actor=actor, at=at)


def move_date(actor: User, at: datetime) -> Act:
    campaign = advice.open_campaign(retiring(at), actor=actor, at=at)
    return lambda act: act(campaign.pk, at + 20 * DAY, actor=actor, at=at)


def plan(actor: User, at: datetime) -> Act:
    grant = make.grant(offer=make.offer(retires_at=at + 40 * DAY), at=at - DAY)
    campaign = advice.open_campaign(grant.offer, actor=actor, at=at)
    return lambda act: act(campaign.pk, grant.team, (at + DAY).date(), actor=make.owner_of(grant.team), at=at)


def choose_successor(actor: User, at: datetime) -> Act:
    campaign = advice.open_campaign(retiring(at), actor=actor, at=at)
    return lambda act: act(campaign.pk, make.offer(), actor=actor, at=at)


def close_campaign(actor: User, at: datetime) -> Act:
    campaign = advice.open_campaign(retiring(at), actor=actor, at=at)
    return lambda act: act(campaign.pk, "all moved", actor=actor, at=at)


ADVICE = (open_campaign, move_date, plan, choose_successor, close_campaign)


def ask_for_evidence(actor: User, at: datetime) -> Act:
    asked = Asked(at=at, since=at - DAY, until=at)
    return lambda act: act(QUESTIONS["access"], asked, form="csv", actor=actor, at=at)


NOTIFY = (choose_preset, add_hook, switch_hook, try_hook, redeliver)


def make_calendar(actor: User, at: datetime) -> Act:
    team = make.team()
    return lambda act: act(team, actor=actor, at=at)


def end_calendar(actor: User, at: datetime) -> Act:
    team = make.team()
    teams.make_calendar(team, actor=actor, at=at)
    return lambda act: act(team, actor=actor, at=at)


def start_draft(actor: User, at: datetime) -> Act:
    return lambda act: act(note="Trials", actor=actor, at=at)


def change_draft(actor: User, at: datetime) -> Act:
    draft = access.start_draft(actor=actor, at=at)
    return lambda act: act(draft.pk, note="Longer trials", actor=actor, at=at)


def discard_draft(actor: User, at: datetime) -> Act:
    draft = access.start_draft(actor=actor, at=at)
    return lambda act: act(draft.pk, actor=actor, at=at)


def switch_on(actor: User, at: datetime) -> Act:
    draft = access.start_draft(actor=actor, at=at)
    return lambda act: act(draft.pk, actor=actor, at=at)


def name_offer_owner(actor: User, at: datetime) -> Act:
    offer, guard = make.offer(), make.person(roles=("security",))
    return lambda act: act(offer, guard, actor=actor, at=at)


def drop_offer_owner(actor: User, at: datetime) -> Act:
    owner = access.name_offer_owner(make.offer(), actor, actor=actor, at=at)
    return lambda act: act(owner.pk, actor=actor, at=at)


def ask(actor: User, at: datetime) -> Act:
    asked = make.request(at=at)
    return lambda act: act(asked.pk, question="Why so much?", actor=actor, at=at)


def answer(actor: User, at: datetime) -> Act:
    asked = make.request(at=at)
    access.ask(asked.pk, question="Why so much?", actor=actor, at=at)
    return lambda act: act(asked.pk, answer="Many callers.", actor=asked.requester, at=at)


def comment(actor: User, at: datetime) -> Act:
    asked = make.request(at=at)
    return lambda act: act(asked.pk, text="Soon, please.", actor=actor, at=at)


def hand_on(actor: User, at: datetime) -> Act:
    asked, other = make.request(at=at), make.admin()
    return lambda act: act(asked.pk, to=other, actor=actor, at=at)


def pass_on(actor: User, at: datetime) -> Act:
    asked = make.request(at=at - 10 * DAY)
    return lambda act: act(asked.pk, at=at)


def accept(actor: User, at: datetime) -> Act:
    asked = make.approved(make.request(limits={"tpm": 10}, at=at), limits={"tpm": 5}, at=at)
    return lambda act: act(asked.pk, actor=asked.requester, at=at)


def appeal(actor: User, at: datetime) -> Act:
    asked = make.request(at=at)
    access.deny(asked.pk, code="too_much", actor=actor, at=at)
    return lambda act: act(asked.pk, reason="It is little.", actor=asked.requester, at=at)


def delegate(actor: User, at: datetime) -> Act:
    other = make.admin()
    return lambda act: act(other, starts_at=at, ends_at=at + DAY, actor=actor, at=at)


def end_delegation(actor: User, at: datetime) -> Act:
    held = access.delegate(make.admin(), starts_at=at, ends_at=at + DAY, actor=actor, at=at)
    return lambda act: act(held.pk, actor=actor, at=at)


def renew(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    return lambda act: act(grant.pk, actor=make.owner_of(grant.team), at=at)


RAISED: dict[str, Any] = {"limits": {"tpm": 61_000}, "reason": "A launch."}


def raise_limits(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    return lambda act: act(grant.pk, **RAISED, ends_at=at + DAY, actor=actor, at=at)


def break_glass(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    return lambda act: act(grant.pk, **RAISED, hours=1, actor=make.owner_of(grant.team), at=at)


def end_raise(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - 2 * DAY)
    made = access.raise_limits(grant.pk, **RAISED, ends_at=at + DAY, actor=actor, at=at - DAY)
    return lambda act: act(made.pk, actor=actor, at=at)


def review(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    made = access.break_glass(grant.pk, **RAISED, hours=1, actor=make.owner_of(grant.team), at=at)
    return lambda act: act(made.pk, justified=True, finding="It was real.", actor=actor, at=at)


def set_raise_rules(actor: User, at: datetime) -> Act:
    return lambda act: act(glass_hours_at_most=4, actor=actor, at=at)


def move_allocation(actor: User, at: datetime) -> Act:
    giver = make.grant(at=at - DAY)
    taker = make.grant(of=giver.team, offer=giver.offer, at=at - DAY)
    told: dict[str, Any] = {"to": taker.pk, "kind": "tpm", "amount": 1_000, "reason": "More chat."}
    return lambda act: act(giver.pk, **told, actor=make.owner_of(giver.team), at=at)


def set_life_rules(actor: User, at: datetime) -> Act:
    return lambda act: act(grace_days=7, actor=actor, at=at)


def idle(at: datetime) -> Any:
    """A grant that nobody called for a hundred days, and whose owner was told twenty days ago."""
    grant = make.grant(at=at - 100 * DAY, ends_on=(at + 100 * DAY).date())
    return access.notice_idle(grant.pk, grant.starts_at, at=at - 20 * DAY)


def notice_idle(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - 100 * DAY, ends_on=(at + 100 * DAY).date())
    return lambda act: act(grant.pk, grant.starts_at, at=at)


def keep_idle(actor: User, at: datetime) -> Act:
    grant = idle(at).grant
    return lambda act: act(grant.pk, reason="A season.", actor=make.owner_of(grant.team), at=at)


def give_back(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    return lambda act: act(grant.pk, reason="Over.", actor=actor, at=at)


def take_back(actor: User, at: datetime) -> Act:
    held = idle(at)
    return lambda act: act(held.pk, at=at)


def ask_again(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - 2 * DAY)
    access.give_back(grant.pk, reason="Over.", actor=actor, at=at - DAY)
    return lambda act: act(grant.pk, actor=make.owner_of(grant.team), at=at)


def open_certification(actor: User, at: datetime) -> Act:
    team = make.grant(at=at - DAY).team
    return lambda act: act(team, actor=actor, at=at)


def certify(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - 2 * DAY)
    review = access.open_certification(grant.team, actor=actor, at=at - DAY)
    return lambda act: act(review.pk, grant.pk, answer="keep", actor=actor, at=at)


LIVING = (
    open_certification,
    certify,
    set_life_rules,
    notice_idle,
    keep_idle,
    give_back,
    take_back,
    ask_again,
)
RAISING = (move_allocation, raise_limits, break_glass, end_raise, review, set_raise_rules)
PEOPLE = (
    add_person,
    issue_token,
    revoke_token,
    make_sign_in_link,
    use_sign_in_link,
    deactivate_person,
    reactivate_person,
)
TEAMS = (
    create_team,
    set_budget,
    add_member,
    change_role,
    remove_member,
    add_application,
    name_application_owner,
    make_calendar,
    end_calendar,
)


def stop_waiting(actor: User, at: datetime) -> Act:
    from tenants.access.actions import wish as wish_it

    team, offer = make.team(), make.offer(at=make.host(calling_base_url=""))
    wished = wish_it(team, offer, why="For later.", actor=make.owner_of(team), at=at)
    return lambda act: act(wished.pk, actor=make.owner_of(team), at=at)


def open_offer(actor: User, at: datetime) -> Act:
    announced = make.offer(at=make.host(calling_base_url=""), lifecycle="announced")
    return lambda act: act(announced.pk, make.offer(), ends_on=(at + 30 * DAY).date(), actor=actor, at=at)


def add_question(actor: User, at: datetime) -> Act:
    return lambda act: act(text="Who reads it?", actor=actor, at=at)


def change_question(actor: User, at: datetime) -> Act:
    asked = access.add_question(text="Who?", actor=actor, at=at)
    return lambda act: act(asked.pk, text="Who reads it?", actor=actor, at=at)


def retire_question(actor: User, at: datetime) -> Act:
    asked = access.add_question(text="Who?", actor=actor, at=at)
    return lambda act: act(asked.pk, actor=actor, at=at)


ACCESS = (
    add_question,
    change_question,
    retire_question,
    stop_waiting,
    open_offer,
    submit,
    approve,
    deny,
    withdraw,
    revoke,
    suspend,
    resume,
    suspend_team,
    resume_team,
    acknowledge,
    wish,
)


def issue_key(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    application, owner = grant.applications.get(), make.owner_of(grant.team)
    return lambda act: act(application=application, name="x", actor=owner, at=at)


def change_key(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    key, _ = make.key(grant, at=at)
    changed: dict[str, Any] = {
        "name": "y",
        "grants": [grant],
        "networks": ["10.0.0.0/8"],
        "expires_at": at + DAY,
    }
    return lambda act: act(key.pk, **changed, actor=make.owner_of(grant.team), at=at)


def rotate_key(actor: User, at: datetime) -> Act:
    grant = make.grant(at=at - DAY)
    key, _ = make.key(grant, at=at)
    return lambda act: act(key.pk, overlap_s=60, actor=make.owner_of(grant.team), at=at)


def revoke_key(actor: User, at: datetime) -> Act:
    key, _ = make.key(make.grant(at=at - DAY), at=at)
    return lambda act: act(key.pk, reason="Leaked.", actor=actor, at=at)


def pause_caller(actor: User, at: datetime) -> Act:
    team = make.team()
    return lambda act: act(team, reason="A loop.", ends_at=at + DAY, actor=actor, at=at)


def lift_caller_pause(actor: User, at: datetime) -> Act:
    row = keys.pause_caller(make.team(), reason="A loop.", ends_at=at + DAY, actor=actor, at=at)
    return lambda act: act(row.pk, actor=actor, at=at)


KEYS = (issue_key, change_key, rotate_key, revoke_key, pause_caller, lift_caller_pause)
THREAD = (ask, answer, comment, hand_on, pass_on, accept, appeal, delegate, end_delegation)
RENEWING = (renew,)
POLICIES = (start_draft, change_draft, discard_draft, switch_on, name_offer_owner, drop_offer_owner)


def set_limit(actor: User, at: datetime) -> Act:
    return lambda act: act(Target(), kind="rpm", maximum=5, reason="Slow.", actor=actor, at=at)


def end_limit(actor: User, at: datetime) -> Act:
    row = levels.set_limit(Target(), kind="rpm", maximum=5, reason="Slow.", actor=actor, at=at)
    return lambda act: act(row.pk, actor=actor, at=at)


def plan_calendar(actor: User, at: datetime) -> Act:
    return lambda act: act(**make.berlin(at), actor=actor, at=at)


def withdraw_calendar(actor: User, at: datetime) -> Act:
    row = levels.plan_calendar(**make.berlin(at), actor=actor, at=at)
    return lambda act: act(row.pk, actor=actor, at=at)


LEVELS = (set_limit, end_limit, plan_calendar, withdraw_calendar)


def take_in(actor: User, at: datetime) -> Act:
    return lambda act: act(Read(), source="LiteLLM", actor=actor, at=at)


def change(actor: User, at: datetime) -> Act:
    row = make.proposal(actor, at)
    return lambda act: act(row.pk, {"environment": "staging"}, actor=actor, at=at)


def leave_out(actor: User, at: datetime) -> Act:
    row = make.proposal(actor, at)
    return lambda act: act(row.pk, actor=actor, at=at)


def note_accepted(actor: User, at: datetime) -> Act:
    row, request = make.proposal(actor, at), make.request(at=at)
    return lambda act: act(row, request, actor=actor, at=at)


MOVING = (take_in, change, leave_out, note_accepted)
ACTS: dict[str, Prepare] = {
    **{f"tenants.levels.{case.__name__}": case for case in LEVELS},
    **{f"tenants.moving.{case.__name__}": case for case in MOVING},
    **{f"foundry.people.{case.__name__}": case for case in PEOPLE},
    "tenants.evidence.answer": ask_for_evidence,
    **{f"tenants.advice.{case.__name__}": case for case in ADVICE},
    **{f"foundry.notify.{case.__name__}": case for case in NOTIFY},
    **{f"catalog.{case.__name__}": case for case in SUPPLY},
    **{f"tenants.teams.{case.__name__}": case for case in TEAMS},
    **{f"tenants.keys.{case.__name__}": case for case in KEYS},
    **{
        f"tenants.access.{case.__name__}": case
        for case in (*ACCESS, *THREAD, *RENEWING, *LIVING, *RAISING, *POLICIES)
    },
}
