"""What ends at once when somebody leaves a team or is switched off; other rooms add what they hold, by `settings.LEAVING`."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import F, Model

from foundry.people.models import User
from foundry.web.parts import parts


def leave(person: User, team: Model | None, *, at: datetime) -> dict[str, Any]:
    """End their sessions, tokens and own keys; answers, for the audit, what ended. Inside the action's transaction.

    :param team: None for somebody who is switched off, which ends what they hold in every team.
    """
    told = sign_out(person, at)
    for part in parts(settings.LEAVING):
        told |= part(person, team, at)
    return told


def sign_out(person: User, at: datetime) -> dict[str, Any]:
    """Every session of theirs asks for a sign-in at its next page; their tokens are revoked."""
    User.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    names = [str(token) for token in person.tokens.filter(revoked_at=None, expires_at__gt=at)]
    person.tokens.filter(revoked_at=None).update(revoked_at=at)
    return {"sessions": "ended", "tokens": names}
