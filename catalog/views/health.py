"""How hosts serve: now, and on each of the last ninety days."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from catalog import health, pauses
from catalog.connectors.reference import Reference
from catalog.health_days import TONE_OF
from catalog.models import SUPPLY_READERS, Host, StatusReading
from catalog.states import Health
from foundry.lib import clock
from foundry.people.access import signed_in, with_role

PER_PAGE = 20


@require_safe
@with_role(*SUPPLY_READERS)
def all_hosts(request: HttpRequest) -> HttpResponse:
    """Every host in use; within another page only the table."""
    at = clock.now()
    hosts = Host.objects.filter(disabled_at=None).exclude(connector=Reference.name).order_by("name", "pk")
    page = Paginator(hosts, PER_PAGE).get_page(request.GET.get("page"))
    now = health.now_of(page.object_list, at)
    past = health.histories_of_hosts(page.object_list, at, counts=signed_in(request).sees_everything)
    out = pauses.of_hosts(page.object_list, at)
    rows = [
        {"host": host, "now": now[host.pk], "history": past[host.pk], "paused": out.get(host.pk)}
        for host in page
    ]
    template = "catalog/_hosts_health.html" if request.headers.get("HX-Request") else "catalog/health.html"
    return render(request, template, {"page": page, "rows": rows})


@require_safe
@with_role(*SUPPLY_READERS)
def of_host(request: HttpRequest, slug: str) -> HttpResponse:
    host, at = get_object_or_404(Host, slug=slug), clock.now()
    last = StatusReading.objects.filter(host=host, seen_until__gte=at - health.FRESH).first()
    context = {
        "host": host,
        "now": health.now_of([host], at)[host.pk],
        "history": health.histories_of_hosts([host], at, counts=signed_in(request).sees_everything)[host.pk],
        "components": components(last),
    }
    return render(request, "catalog/host_health.html", context)


def components(reading: StatusReading | None) -> list[tuple[str, str, str]]:
    """(name, word, tone) of each part that the page tells."""
    told = reading.details.get("components", []) if reading else []
    states = [(row["name"], Health(row["status"])) for row in told]
    return [(name, str(state.label), TONE_OF[state]) for name, state in states]
