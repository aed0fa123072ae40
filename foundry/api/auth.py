"""Who calls the API: a session cookie (with CSRF) or a bearer token with scopes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q
from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as DrfSession
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from foundry.lib import clock, secrets
from foundry.people.models import ApiToken, User

TOKEN_KIND = "fdy_"


def token_of(header: str, at: datetime) -> ApiToken | None:
    """The live token that an Authorization header carries."""
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer":
        return None
    digest = secrets.digest(secret.strip())
    return ApiToken.objects.live(at).select_related("user").filter(digest=digest).first()


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer fdy_…`. The person acts as usual; the audit names the token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header, at = request.headers.get("Authorization", ""), clock.now()
        if not header.lower().startswith("bearer "):
            return None
        token = token_of(header, at)
        if token is None:
            raise AuthenticationFailed(
                "This token is unknown, revoked or expired. Make one under Settings → API tokens."
            )
        self.note_use(token, at)
        token.user.__dict__["acting_token"] = f"{token.name} ({token.prefix}…)"
        return token.user, token

    def note_use(self, token: ApiToken, at: Any) -> None:
        """Remember the last use, at most once a minute."""
        stale = Q(last_used_at=None) | Q(last_used_at__lt=at.replace(second=0, microsecond=0))
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="foundry"'


class SessionAuthentication(DrfSession):
    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="foundry"'


Handler = TypeVar("Handler", bound=Callable[..., Any])


def needs_scope(scope: str) -> Callable[[Handler], Handler]:
    """What a token needs for this method of a view, instead of write. The outermost decorator."""

    def mark(handler: Handler) -> Handler:
        handler.__dict__["required_scope"] = scope
        return handler

    return mark


class SignedInWithScope(BasePermission):
    """Signed in; a token also needs a scope: read, write, or what `needs_scope` or the view says."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            raise NotAuthenticated("Sign in, or send `Authorization: Bearer fdy_…`.")
        if not isinstance(request.auth, ApiToken):
            return True
        handler = getattr(view, getattr(view, "action", None) or "", None)
        wanted = getattr(handler, "required_scope", None) or getattr(view, "required_scope", None)
        scope = (
            wanted
            if wanted and request.method not in SAFE_METHODS
            else ("read" if request.method in SAFE_METHODS else "write")
        )
        if scope not in request.auth.scopes:
            raise PermissionDenied(f"This token lacks the scope '{scope}'. Make one that has it.")
        return True
