"""Home, status, health and the style guide."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from foundry.lib import clock
from foundry.people.access import signed_in, with_role
from foundry.web import styleguide as guide
from foundry.web.parts import parts
from foundry.web.status import probes


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """What waits, what runs out, what changed, and what could be asked for. Each slice adds its lines."""
    blocks: dict[str, list[Any]] = {"waits": [], "runs_out": [], "changed": [], "to_ask": []}
    for part in parts(settings.HOME_BLOCKS):
        for block, lines in part(signed_in(request)).items():
            blocks[block] += lines
    return render(request, "home.html", blocks)


@require_safe
@with_role("admin", "ops")
def status(request: HttpRequest) -> HttpResponse:
    template = "_status.html" if request.headers.get("HX-Request") else "status.html"
    found = probes()
    stale = sum(probe.stale for probe in found)
    return render(request, template, {"probes": found, "stale_count": stale, "at": clock.now()})


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Is the process there and does its database answer? For load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The probes for Prometheus: ages in seconds, and what is stale."""
    registry = CollectorRegistry()
    ages = Gauge("foundry_probe_age_seconds", "Age of the last good sign", ["probe"], registry=registry)
    stale = Gauge("foundry_probe_stale", "1 when older than its limit", ["probe"], registry=registry)
    for probe in probes():
        if probe.age_s is not None:
            ages.labels(probe.name).set(probe.age_s)
        stale.labels(probe.name).set(probe.stale)
    return HttpResponse(generate_latest(registry), content_type="text/plain; version=0.0.4")


@require_safe
@login_required
def styleguide(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide.html", guide.context())
