"""The inbox of offers that came and that nobody but admins and ops sees yet."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from catalog import actions
from catalog.models import Host, Offer
from foundry.lib import clock
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role

PER_PAGE = 50


@require_safe
@with_role(Role.ADMIN, Role.OPS)
def unpublished(request: HttpRequest) -> HttpResponse:
    """Hosts with offers that wait, or one host's offers to choose from."""
    hosts = Host.objects.annotate(
        waiting=Count("offers", filter=Q(offers__hidden=True, offers__gone_at=None))
    )
    host = get_object_or_404(hosts, slug=request.GET["host"]) if request.GET.get("host") else None
    rows = hosts.filter(waiting__gt=0).order_by("name")
    context: dict[str, Any] = {"host": host, "may_publish": signed_in(request).is_any(Role.ADMIN)}
    if host is not None:
        rows = Offer.objects.unpublished().filter(host=host).with_names().order_by("-first_seen_at", "pk")  # type: ignore[assignment]
    context["page"] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "catalog/unpublished.html", context)


@require_POST
@with_role(Role.ADMIN)
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """What was ticked, or all; and whether later offers are published as they come."""
    host = get_object_or_404(Host, slug=slug)
    ticked = [int(each) for each in request.POST.getlist("offer") if each.isascii() and each.isdigit()]
    switch = request.POST.get("from_now_on")
    count = actions.publish_offers(
        host,
        None if request.POST.get("all") else ticked,
        from_now_on=None if switch is None else switch == "1",
        actor=signed_in(request),
        at=clock.now(),
    )
    later = (
        ""
        if switch is None
        else " New offers are published as they come."
        if switch == "1"
        else " New offers wait here."
    )
    messages.success(request, f"{count} offers of {host} are published.{later}")
    return redirect("host", slug)
