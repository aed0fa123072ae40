"""OpenAPI that declares every status: what a view may answer beside success is known from its kind."""

from threading import Lock
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

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


class OnceGenerator(SchemaGenerator):
    """Makes the document once a process, one thread at a time: it is the same for everybody.

    Two threads that make it at once end with an error, since what they work on is shared
    (drf-spectacular's issues 1123 and 1368), and it takes more than a second. The library has no types.
    """

    alone: ClassVar[Lock] = Lock()
    made: ClassVar[dict[str, Any]] = {}

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        if not public:
            raise ValueError("The document hides nothing from anybody; make it with `public=True`.")
        with self.alone:
            if not self.made:
                self.api_version = None  # what a caller wrote behind ?version= is not for the next
                self.made.update(super().get_schema(request, public))  # type: ignore[no-untyped-call]
        return self.made


class FoundrySchema(AutoSchema):
    """Adds the problem answers that every operation of a kind can give."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        problem = ResolvedComponent("Problem", ResolvedComponent.SCHEMA, PROBLEM, "problem")  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(problem)
        content = {"application/problem+json": {"schema": problem.ref}}
        for status in self.problem_statuses():
            operation["responses"].setdefault(str(status), {"description": "Problem", "content": content})
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
