"""OpenAPI that declares every status: what a view may answer beside success is known from its kind."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "remedy"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "remedy": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": True},
    },
}


class FoundrySchema(AutoSchema):
    """Adds the problem answers that every operation of a kind can give."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        for status in self.problem_statuses():
            operation["responses"].setdefault(
                str(status),
                {"description": "Problem", "content": {"application/problem+json": {"schema": PROBLEM}}},
            )
        return operation

    def problem_statuses(self) -> list[int]:
        statuses = [400, 401, 403, 405, 406]
        if "{" in self.path:
            statuses.append(404)
        if self.method not in {"GET", "HEAD"}:
            statuses += [404, 409, 415]
        return statuses


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "foundry.api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "fdy_…"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "foundry.api.auth.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
