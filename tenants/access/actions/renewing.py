"""Ask for more time on a grant in one step, at the size it has or the size its use calls for."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from foundry.audit.actions import record
from foundry.lib.errors import Invalid
from foundry.people.models import User
from tenants.access import grant_rules
from tenants.access.actions.asking import approve_if_automatic, ask_like
from tenants.access.actions.ending import locked_grant
from tenants.access.actions.requests import ask_in_words
from tenants.access.amounts import speak_limits
from tenants.access.models import Grant, Request
from tenants.access.periods import last_day
from tenants.access.suggest import suggest

SAME, SUGGESTED = "same", "suggested"
RENEW_DAYS = 90


@transaction.atomic
def renew(grant_id: int, *, size: str = SAME, days: int = RENEW_DAYS, actor: User, at: datetime) -> Request:
    """A request to prolong a grant in force by so many days after its end. Its purpose and data class stay.

    :param size: `same`, or `suggested` by the last 30 days' use; a limit that use says nothing of stays.

    Raises Invalid, Forbidden, Conflict.
    """
    grant = locked_grant(grant_id)
    grant_rules.require_in_force(grant, at)
    limits = sized(grant, size, at)
    request, planned = ask_like(
        grant, limits=limits, ends_on=last_day(grant.ends_at) + timedelta(days=days), actor=actor, at=at
    )
    told = {"request": request.pk, "size": size, "limits": speak_limits(limits), "ends_on": request.ends_on}
    record(
        "grant.renew",
        grant,
        actor=actor,
        at=at,
        before={"ends_at": grant.ends_at},
        after=ask_in_words(request) | told | {"steps": planned},
    )
    approve_if_automatic(request, at=at)
    return request


def sized(grant: Grant, size: str, at: datetime) -> dict[str, int]:
    """The limits to ask for."""
    held = dict(grant.limits.granted_at(at).values_list("kind", "maximum"))
    if size == SAME:
        return held
    if size != SUGGESTED:
        raise Invalid(
            "grant.size",
            f"'{size[:20]}' is no size.",
            remedy=f"Use {SAME} or {SUGGESTED}.",
            errors={"size": f"{SAME} or {SUGGESTED}"},
        )
    found = suggest(None, import_string(settings.GRANT_PEAKS)(grant.pk, at), None)
    return {kind: found[kind].value or amount for kind, amount in held.items()}
