"""Admins add, change and retire the questions that a form asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog.models import Offer
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tenants.access import rules
from tenants.access.models import Question
from tenants.access.states import DataClass, QuestionKind

TEXT_LENGTH, MOST_CHOICES, CHOICE_LENGTH, LAST_POSITION = 300, 20, 80, 999


def require_admin(actor: User) -> None:
    if not actor.is_any("admin"):
        raise Forbidden("question.admin_only", "Only an admin changes questions.", remedy="Ask an admin.")


@transaction.atomic
def add_question(
    *,
    text: str,
    kind: str = QuestionKind.TEXT,
    choices: Sequence[str] = (),
    required: bool = True,
    position: int = 1,
    offer: Offer | None = None,
    data_class: str = "",
    actor: User,
    at: datetime,
) -> Question:
    """Ask this of requests that are made from now on. Raises Forbidden, Invalid."""
    require_admin(actor)
    question = Question.objects.create(
        **clean(text, kind, choices, required, position, offer, data_class), by=actor, at=at
    )
    record("question.add", question, actor=actor, at=at, after=in_words(question))
    return question


@transaction.atomic
def change_question(
    question_id: int,
    *,
    text: str,
    kind: str = QuestionKind.TEXT,
    choices: Sequence[str] = (),
    required: bool = True,
    position: int = 1,
    offer: Offer | None = None,
    data_class: str = "",
    actor: User,
    at: datetime,
) -> Question:
    """The next version of a question; what was answered keeps the version it was asked in."""
    require_admin(actor)
    old = locked_question(question_id)
    fields = clean(text, kind, choices, required, position, offer, data_class)
    Question.objects.filter(pk=old.pk).update(retired_at=at)
    new = Question.objects.create(**fields, version=old.version + 1, follows=old, by=actor, at=at)
    record("question.change", new, actor=actor, at=at, before=in_words(old), after=in_words(new))
    return new


@transaction.atomic
def retire_question(question_id: int, *, actor: User, at: datetime) -> None:
    """Ask it no longer; requests keep their answers."""
    require_admin(actor)
    question = locked_question(question_id)
    Question.objects.filter(pk=question.pk).update(retired_at=at)
    record("question.retire", question, actor=actor, at=at, before=in_words(question))


def locked_question(question_id: int) -> Question:
    """A question in use, locked. Conflict where somebody changed or retired it meanwhile."""
    question = Question.objects.select_for_update().filter(pk=question_id, retired_at=None).first()
    if question is None:
        raise Conflict(
            "question.retired",
            "This version of the question is not asked any more.",
            remedy="Reload the list, and change what is there.",
        )
    return question


def clean(
    text: str,
    kind: str,
    choices: Sequence[str],
    required: bool,
    position: int,
    offer: Offer | None,
    data_class: str,
) -> dict[str, Any]:
    """The fields of a row. Raises Invalid."""
    wrong = {}
    listed = list(dict.fromkeys(each.strip() for each in choices if each.strip()))
    if kind not in QuestionKind.values:
        wrong["kind"] = f"One of {', '.join(QuestionKind.values)}."
    if kind == QuestionKind.CHOICE and not 2 <= len(listed) <= MOST_CHOICES:
        wrong["choices"] = f"Give 2 to {MOST_CHOICES} choices."
    if any(len(each) > CHOICE_LENGTH for each in listed):
        wrong["choices"] = f"A choice has at most {CHOICE_LENGTH} characters."
    if data_class not in {"", *DataClass.values}:
        wrong["data_class"] = f"One of {', '.join(DataClass.values)}, or empty for all."
    if not 1 <= position <= LAST_POSITION:
        wrong["position"] = f"From 1 to {LAST_POSITION}."
    if wrong:
        raise Invalid("question.invalid", " ".join(wrong.values()), remedy="Mend the question.", errors=wrong)
    return {
        "text": rules.clean_text(text, "text", TEXT_LENGTH),
        "kind": kind,
        "choices": listed if kind == QuestionKind.CHOICE else [],
        "required": required,
        "position": position,
        "offer": offer,
        "data_class": data_class,
    }


def in_words(question: Question) -> dict[str, Any]:
    return {
        "text": question.text,
        "kind": question.kind,
        "choices": question.choices,
        "required": question.required,
        "position": question.position,
        "version": question.version,
        "offer_id": question.offer_id,
        "data_class": question.data_class,
    }
