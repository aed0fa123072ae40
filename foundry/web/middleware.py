"""Headers that every answer carries, and refusals as pages."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from foundry.lib.errors import Refused

GetResponse = Callable[[HttpRequest], HttpResponse]

CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
# The API's own documentation page is Swagger's, which styles itself inline; it runs no inline script.
DOCS_CSP = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


def headers(get_response: GetResponse) -> GetResponse:
    """A strict content policy; no caching of pages that somebody had to sign in for."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy", DOCS_CSP if request.path == "/api/v1/docs/" else CSP
        )
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("X-Frame-Options", "DENY")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def no_nul(get_response: GetResponse) -> GetResponse:
    """No address holds a NUL: PostgreSQL keeps none, so nothing is called so and nothing is found by it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("What is asked for holds a NUL character (%00).")
        return get_response(request)

    return middleware


class refusals:  # noqa: N801  (reads as the function it stands for)
    """A `Refused` in a page: back to the form with the reason, or a page that says it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            return None
        if request.headers.get("HX-Request"):
            return self.reload(request, error)
        back = request.headers.get("Referer", "")
        if request.method == "POST" and back.startswith(f"{request.scheme}://{request.get_host()}/"):
            messages.error(request, str(error))
            return HttpResponseRedirect(back)
        return render(request, "refused.html", {"error": error}, status=error.status)

    def reload(self, request: HttpRequest, error: Refused) -> HttpResponse:
        """A part of a page asked: the whole page comes again, with the reason on top."""
        messages.error(request, str(error))
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
