"""The one way in which the API reads what is sent: a field that does not exist is refused, never dropped."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from foundry.lib.errors import Invalid

MOST_NAMED, LONGEST = 5, 60


def read(
    serializer: type[serializers.Serializer[Any]], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    """The checked body of a request. Raises DRF's ValidationError, Invalid for fields that do not exist."""
    shape = serializer(data=request.data, partial=partial)
    require_known(shape, request.data)
    shape.is_valid(raise_exception=True)
    checked: dict[str, Any] = shape.validated_data
    return checked


def require_known(shape: serializers.Serializer[Any], body: Any) -> None:
    """Raises Invalid naming each field that is not to be sent, what was probably meant, and which there are."""
    errors = dict(strays(shape, body))
    if not errors:
        return
    names = ", ".join(f"`{name}`" for name in list(errors)[:MOST_NAMED])
    first = next(iter(errors.values()))
    raise Invalid(
        "body.unknown_field",
        f"Not to be sent here: {names}. Nothing was done. {first}",
        remedy="Correct the name, or leave it out.",
        errors=errors,
    )


def strays(shape: Any, body: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Fields of a body, and of what lies in it, that are not to be sent: where each stands, and what to send."""
    if isinstance(shape, serializers.ListSerializer | serializers.ListField):
        for number, each in enumerate(body if isinstance(body, list) else []):
            yield from strays(shape.child, each, f"{at}[{number}]")
    elif isinstance(shape, serializers.Serializer) and isinstance(body, Mapping):
        fields = {name: field for name, field in shape.fields.items() if not field.read_only}
        for name, value in body.items():
            where = f"{at}.{str(name)[:LONGEST]}" if at else str(name)[:LONGEST]
            if name in fields:
                yield from strays(fields[name], value, where)
            else:
                yield where, why(str(name)[:LONGEST], list(fields), is_told=name in shape.fields)


def why(name: str, known: list[str], *, is_told: bool) -> str:
    there = f"The fields are {', '.join(known)}." if known else "No field is taken."
    if is_told:
        return f"`{name}` is only told, never taken. {there}"
    close = get_close_matches(name.lower(), known, n=1)
    return f"There is no field `{name}`{f'; did you mean `{close[0]}`?' if close else '.'} {there}"
