"""Slow down who guesses passwords: ten failures per account, or fifty per address, rest ten minutes."""

from django import forms
from django.conf import settings
from django.http import HttpRequest
from redis import RedisError

from foundry.lib.redis import connect

PER_ACCOUNT, PER_ADDRESS, REST_S = 10, 50, 600


def counters(email: str, request: HttpRequest | None) -> dict[str, int]:
    address = request.META.get("REMOTE_ADDR", "") if request else ""
    return {
        f"foundry:wrong:{email.strip().lower()}": PER_ACCOUNT,
        f"foundry:wrong-from:{address}": PER_ADDRESS,
    }


def require_calm(email: str, request: HttpRequest | None) -> None:
    """Refuse before the password is looked at, so that a resting account tells nothing."""
    try:
        client = connect(settings.REDIS_URL)
        tired = any(int(client.get(name) or 0) >= most for name, most in counters(email, request).items())
    except RedisError as error:
        raise forms.ValidationError(
            "Signing in is not possible right now: Redis does not answer. Try again in a minute."
        ) from error
    if tired:
        raise forms.ValidationError("Too many wrong tries. Wait ten minutes, then try again.")


def note_failure(email: str, request: HttpRequest | None) -> None:
    with connect(settings.REDIS_URL).pipeline() as pipe:
        for name in counters(email, request):
            pipe.incr(name)
            pipe.expire(name, REST_S)
        pipe.execute()
