"""What happens by itself when a decision is due."""

from datetime import datetime

from django.db import transaction

from foundry.audit.actions import record
from foundry.people.models import User
from tenants.access import deciders, rules
from tenants.access.actions.requests import locked
from tenants.access.actions.thread import write
from tenants.access.models import Note, Request, Step
from tenants.access.periods import working_days_after
from tenants.access.states import NoteKind

NEXT_WITHIN_WORKING_DAYS = 1


@transaction.atomic
def pass_on(request_id: int, *, at: datetime) -> Note | None:
    """Give an untouched, overdue step to the next person who may decide it, with a day's time.

    None where nothing is due, a question is open, or nobody else may decide it.
    """
    request = locked(request_id)
    step = rules.open_step(request)
    if step is None or step.due_at > at or rules.open_question(request) is not None:
        return None
    following = next_decider(request, step)
    if following is None:
        return None
    before = {"assignee": step.assignee.email if step.assignee else None, "due_at": step.due_at}
    step.assignee = following
    step.due_at = working_days_after(at, NEXT_WITHIN_WORKING_DAYS)
    step.save(update_fields=["assignee", "due_at"])
    note = write(
        request,
        NoteKind.PASSED_ON,
        f"Not decided in time; now with {following}.",
        by=None,
        to=[following],
        at=at,
    )
    told = {"assignee": following.email, "due_at": step.due_at}
    record("request.pass_on", request, actor="schedule", at=at, before=before, after=told)
    return note


def next_decider(request: Request, step: Step) -> User | None:
    """In the order of names the one after whoever has it now; None where there is no other."""
    people = {
        user.pk: user
        for _, user in deciders.holders(set(step.roles), request.team, request.offer)
        if user.is_active and user.pk != request.requester_id
    }
    order = sorted(people.values(), key=lambda user: (user.name, user.pk))
    now = step.assignee
    if now is None:
        return order[0] if order else None
    after = [user for user in order if (user.name, user.pk) > (now.name, now.pk)] or order
    return next((user for user in after if user.pk != now.pk), None)
