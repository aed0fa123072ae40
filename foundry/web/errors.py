"""What went wrong, as a page; under /api/ as a problem in JSON."""

from http import HTTPStatus

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template import loader

API = "/api/"
PROBLEMS = {
    400: ("bad_request", "The request could not be read.", "Check the address and headers."),
    403: ("forbidden", "This is not yours to do.", "Ask an admin for the role."),
    404: ("not_found", "There is nothing here that you may see.", "See /api/v1/docs/ for the addresses."),
    500: ("broken", "This is our fault, and it was written down.", "Try again in a minute."),
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    said = {"detail": f"{exception} Nothing was done."} if isinstance(exception, BadRequest) else {}
    return problem(400, **said) if request.path.startswith(API) else standalone(400, **said)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(403) if request.path.startswith(API) else render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(404) if request.path.startswith(API) else render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs no context and no database: both may be what failed."""
    return problem(500) if request.path.startswith(API) else standalone(500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: an old page, or another site that posts in the person's name."""
    detail = "This form was open for too long, or was not sent from this site. Nothing was done."
    return standalone(403, "400.html", detail=detail)


def standalone(status: int, template: str = "", **context: str) -> HttpResponse:
    page = loader.get_template(template or f"{status}.html").render(context)
    return HttpResponse(page, status=status)


def problem(status: int, detail: str = "") -> JsonResponse:
    code, usual, remedy = PROBLEMS[status]
    body = {
        "type": f"/api/v1/docs/#problem-{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or usual,
        "code": code,
        "remedy": remedy,
    }
    return JsonResponse(body, status=status, content_type="application/problem+json")
