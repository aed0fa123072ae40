"""`Idempotency-Key`: a write that is sent again, because its answer got lost, is answered and not done again.

The key's row, the write and the answer are one transaction: two at once wait for each other, and a write
that failed in the server leaves no row.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from foundry.api.auth import token_of
from foundry.api.models import GivenAnswer
from foundry.api.problems import PROBLEM_TYPE, problem_body
from foundry.lib import clock
from foundry.people.models import User

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
LONGEST = 100
PREFIX = "/api/v1/"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def idempotency(get_response: GetResponse) -> GetResponse:
    """Middleware around the API's writes that carry the header."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key", "")
        if not key or request.method not in WRITES or not request.path.startswith(PREFIX):
            return get_response(request)
        if len(key) > LONGEST or not key.isprintable():
            return refuse(
                400, "idempotency.key", "An Idempotency-Key has 1 to 100 printable characters.", "Use a UUID."
            )
        person = caller(request)
        return get_response(request) if person is None else once(request, person, key, get_response)

    return middleware


def caller(request: HttpRequest) -> User | None:
    """Who writes; None is refused by the view itself."""
    token = token_of(request.headers.get("Authorization", ""), clock.now())
    if token is not None:
        return token.user
    return request.user if isinstance(request.user, User) else None


def once(request: HttpRequest, person: User, key: str, get_response: GetResponse) -> HttpResponseBase:
    asked = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).digest()
    with transaction.atomic():
        row, is_new = claim(person, key, asked)
        if not is_new:
            return again(row, asked)
        response = get_response(request)
        if response.status_code >= 500 or response.streaming:
            transaction.set_rollback(True)
        else:
            keep(row, response)
        return response


def claim(person: User, key: str, asked: bytes) -> tuple[GivenAnswer, bool]:
    """Our row, or the one that is there; a second writer waits here until the first is done."""
    try:
        with transaction.atomic():
            return GivenAnswer.objects.create(user=person, key=key, asked=asked), True
    except IntegrityError:
        return GivenAnswer.objects.get(user=person, key=key), False


def again(row: GivenAnswer, asked: bytes) -> HttpResponseBase:
    if bytes(row.asked) != asked:
        return refuse(
            409,
            "idempotency.reused",
            "This Idempotency-Key was used for another write.",
            "Use a new key for a new write.",
        )
    response = HttpResponse(
        b"" if row.body is None else json.dumps(row.body),
        status=row.status,
        content_type=row.content_type or None,
    )
    response["Idempotency-Replayed"] = "true"
    return response


def keep(row: GivenAnswer, response: HttpResponseBase) -> None:
    """Remember the answer, but for a secret, which is shown once only."""
    content = getattr(response, "content", b"")
    body: Any = json.loads(content) if content else None
    if isinstance(body, dict) and "secret" in body:
        body["secret"] = None
    row.status, row.body, row.content_type = (
        response.status_code,
        body,
        response.headers.get("Content-Type", "")[:80],
    )
    row.save(update_fields=["status", "body", "content_type"])


def refuse(status: int, code: str, detail: str, remedy: str) -> JsonResponse:
    return JsonResponse(problem_body(status, code, detail, remedy), status=status, content_type=PROBLEM_TYPE)
