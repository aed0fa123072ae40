"""What forms of every room do alike."""

from collections.abc import Iterable
from typing import Any

from django.forms import ChoiceField, Form

from foundry.lib.errors import Refused


def show_refusal(form: Form, refused: Refused) -> None:
    """Show a refusal beside the fields it is about, else above the form with its remedy."""
    fields = {name: why for name, why in refused.errors.items() if name in form.fields}
    for name, why in fields.items():
        form.add_error(name, why)
    if not fields:
        form.add_error(None, str(refused))


def set_choices(form: Form, name: str, choices: Iterable[Any]) -> None:
    """Give a field of a form the choices that only its person, or its moment, knows."""
    choosing(form, name).choices = list(choices)


def choices_of(form: Form, name: str) -> list[Any]:
    """What can be chosen in a field."""
    found: Any = choosing(form, name).choices  # Django makes an iterable of whatever was set
    return list(found)


def choosing(form: Form, name: str) -> ChoiceField:
    field = form.fields[name]
    assert isinstance(field, ChoiceField)
    return field
