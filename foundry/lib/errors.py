"""Why an action did not happen, in words that a person can act on.

Refused
 ├── Invalid    400, what was sent cannot be used
 ├── Forbidden  403, not yours to do
 └── Conflict   409, not now

What is not yours to know is no error of this tree but a 404.
"""

from collections.abc import Mapping


class Refused(Exception):
    """An action was refused and nothing changed.

    :param code: machine-readable reason, `<noun>.<why>`; a promise to callers.
    :param detail: what happened and why, one or two sentences.
    :param remedy: what to do now.
    :param errors: per field, what is wrong with it.
    """

    status = 400

    def __init__(
        self, code: str, detail: str, *, remedy: str = "", errors: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.remedy = code, detail, remedy
        self.errors = dict(errors or {})

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


class Invalid(Refused):
    status = 400


class Forbidden(Refused):
    status = 403


class Conflict(Refused):
    status = 409
