"""Every error of the API as a problem detail (RFC 9457): what, why, what now."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from foundry.lib.errors import Refused

PROBLEM_TYPE = "application/problem+json"
CODES = {
    400: "invalid",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    415: "unsupported_media_type",
    429: "too_many",
}
REMEDIES = {
    400: "Send one JSON value, as /api/v1/docs/ shows it.",
    401: "Sign in, or send a valid `Authorization: Bearer fdy_…`.",
    403: "Use a token that has the scope, or ask somebody with the role.",
    404: "Check the address; it may also belong to a team that you are not in.",
    405: "See /api/v1/docs/ for what this address takes.",
    406: "Ask for `Accept: application/json`.",
    415: "Send `Content-Type: application/json`.",
    429: "Wait as long as `Retry-After` says.",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    remedy: str = "",
    errors: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem response; `errors` names the fields that are wrong."""
    body = problem_body(status, code, detail, remedy)
    if errors:
        body["errors"] = errors
    return Response(body, status=status, content_type=PROBLEM_TYPE, headers=headers or None)


def problem_body(status: int, code: str, detail: str, remedy: str) -> dict[str, Any]:
    """The members that every problem has."""
    return {
        "type": f"/api/v1/docs/#problem-{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "remedy": remedy,
    }


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. What it does not know goes on to Django's 500."""
    if isinstance(error, Refused):
        return problem(error.status, error.code, error.detail, remedy=error.remedy, errors=error.errors)
    if isinstance(error, Http404):
        return problem(404, "not_found", "There is nothing here that you may see.", remedy=REMEDIES[404])
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(getattr(error, "message_dict", error.messages))
    answer = drf_handler(error, context)
    if answer is None or not isinstance(error, exceptions.APIException):
        return answer
    status = answer.status_code
    headers = {
        name: answer[name] for name in ("WWW-Authenticate", "Retry-After", "Allow") if answer.has_header(name)
    }
    if isinstance(error, exceptions.ValidationError):
        errors = answer.data if isinstance(answer.data, dict) else {"body": answer.data}
        names = ", ".join(errors)
        return problem(
            status,
            "invalid",
            f"Not usable: {names}.",
            remedy="Mend the fields named in `errors`.",
            errors=errors,
        )
    return problem(
        status,
        CODES.get(status, "error"),
        str(error.detail),
        remedy=REMEDIES.get(status, ""),
        headers=headers,
    )
