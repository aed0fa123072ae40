"""Who asks: the signed-in person of a request, and pages for some roles only."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from foundry.people.models import User

View = Callable[..., HttpResponse]


def signed_in(request: HttpRequest) -> User:
    """The person of a request behind `login_required`."""
    assert isinstance(request.user, User), "this view lacks login_required"
    return request.user


def with_role(*roles: str) -> Callable[[View], View]:
    """A page for people with one of `roles`; others get 403, strangers the sign-in page."""

    def decorate(view: View) -> View:
        @wraps(view)
        @login_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not signed_in(request).is_any(*roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate
