"""What a request has to answer, and whether it did."""

from collections.abc import Mapping
from typing import Any

from catalog.models import Offer
from foundry.lib.errors import Invalid
from tenants.access.models import Question

ANSWER_LENGTH = 1_000
PREFIX = "answers."


def clean_answers(offer: Offer, data_class: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """The questions as they are asked now, each with its answer, as a request keeps them.

    :param given: answers by the question's id. Answers to what is not asked are left out: the form may have asked
        for another data class a moment ago.

    Raises Invalid naming each question that lacks its answer.
    """
    asked = list(Question.objects.asked_for(offer, data_class))
    kept, wrong = [], {}
    for question in asked:
        answer = str(given.get(str(question.pk)) or "").strip()
        if why := fault(question, answer):
            wrong[f"{PREFIX}{question.pk}"] = why
        kept.append(spoken_answer(question, answer))
    if wrong:
        texts = "; ".join(f"“{each.text}”" for each in asked if f"{PREFIX}{each.pk}" in wrong)
        raise Invalid(
            "request.answers",
            f"This request has to answer: {texts}",
            remedy="Answer each; by API in `answers`, by the question's id.",
            errors=wrong,
        )
    return kept


def fault(question: Question, answer: str) -> str:
    """What is wrong with an answer; empty when nothing is."""
    if not answer:
        return "This needs an answer." if question.required else ""
    if question.options and answer not in question.options:
        return f"Answer with one of: {', '.join(question.options)}."
    return f"At most {ANSWER_LENGTH:,} characters." if len(answer) > ANSWER_LENGTH else ""


def spoken_answer(question: Question, answer: str) -> dict[str, Any]:
    return {
        "question": question.pk,
        "version": question.version,
        "text": question.text,
        "required": question.required,
        "answer": answer,
    }


def given_in(typed: Mapping[str, Any]) -> dict[str, str]:
    """Answers by id, from a form's fields."""
    return {name.removeprefix(PREFIX): str(value) for name, value in typed.items() if name.startswith(PREFIX)}
