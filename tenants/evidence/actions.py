"""An auditor's question is itself an act: who asked what, and how much came."""

from datetime import datetime
from typing import Any

from django.db import transaction

from foundry.audit.actions import record
from foundry.lib.errors import Forbidden
from foundry.people.models import Role, User
from tenants.evidence.questions import Asked, Question


@transaction.atomic
def answer(question: Question, asked: Asked, *, form: str, actor: User, at: datetime) -> list[list[Any]]:
    """Every row of the answer. Raises Forbidden. :param form: page, csv or api, for the audit."""
    require_reader(actor)
    rows = list(question.rows(asked))
    told = {name: str(getattr(asked, name)) for name in question.fields if getattr(asked, name)}
    record(
        "audit.ask",
        actor,
        actor=actor,
        at=at,
        after={"question": question.name, "as": form, "rows": len(rows), **told},
    )
    return rows


def require_reader(actor: User) -> None:
    if not actor.is_any(Role.ADMIN, Role.AUDITOR):
        raise Forbidden(
            "evidence.readers_only", "Only admins and auditors ask this.", remedy="Ask an auditor."
        )
