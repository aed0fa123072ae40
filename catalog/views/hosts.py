"""Hosts, for those who keep supply."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import actions
from catalog.connectors.registry import CONNECTORS, kind_of
from catalog.host_form import HostForm, groups
from catalog.models import Change, Host, SyncRun
from catalog.states import ChangeKind
from catalog.views.sync import READERS, runs_of
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role
from foundry.web.confirm import ask_first, toll_of

PER_PAGE = 25


@require_safe
@with_role(*READERS)
def hosts(request: HttpRequest) -> HttpResponse:
    last = SyncRun.objects.filter(host=OuterRef("pk")).order_by("-pk")
    rows = Host.objects.annotate(
        listed=Count("offers", filter=Q(offers__gone_at=None), distinct=True),
        last_state=Subquery(last.values("state")[:1]),
        last_at=Subquery(last.values("asked_at")[:1]),
    ).order_by("name")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "catalog/hosts.html", {"page": page, "kinds": kinds()})


def kinds() -> dict[str, str]:
    return {kind.name: kind.label for kind in CONNECTORS.values()}


@require_safe
@with_role(*READERS)
def host(request: HttpRequest, slug: str) -> HttpResponse:
    row = get_object_or_404(Host.objects.select_related("default_terms"), slug=slug)
    changes = Change.objects.filter(host=row).exclude(kind=ChangeKind.NEW).select_related("offer", "host")
    context = runs_of(row) | {
        "host": row,
        "kind": kinds().get(row.connector, row.connector),
        "changes": changes[:20],
        "offers": row.offers.listed().count(),
        "pools": row.pools.count(),
        "waiting": row.offers.unpublished().count(),
        "by_hand": row.offers.listed().filter(by_hand=True).select_related("model")[:50],
        "lists": kind_of(row.connector).lists,
    }
    return render(request, "catalog/host.html", context)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def new_host(request: HttpRequest) -> HttpResponse:
    """First the kind, then the form that asks what this kind needs."""
    name = request.POST.get("connector") or request.GET.get("kind")
    if not name:
        return render(request, "catalog/host_kind.html", {"groups": groups()})
    form = HostForm(request.POST or None, kind=kind_of(name))
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.save_host(
                form.facts(), **form.credentials(), actor=signed_in(request), at=clock.now()
            )
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, f"{made.name} is connected. Sync it to see its offers.")
            return redirect("host", made.slug)
    return render(request, "catalog/host_form.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def change_host(request: HttpRequest, slug: str) -> HttpResponse:
    row = get_object_or_404(Host.objects.select_related("default_terms"), slug=slug)
    form = HostForm(request.POST or None, kind=kind_of(row.connector), host=row)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_host(
                row.pk, form.facts(row), **form.credentials(), actor=signed_in(request), at=clock.now()
            )
        except Refused as refused:
            tell(form, refused)
        else:
            messages.success(request, f"{row.name} is changed.")
            return redirect("host", slug)
    context = {"form": form, "host": row}
    return render(request, "catalog/host_form.html", context, status=400 if form.errors else 200)


def tell(form: HostForm, refused: Refused) -> None:
    """Show a refusal beside its field, or above the form."""
    fields = {"listing_settings": next(iter(form.kind.settings_needed), "")}
    for name, why in refused.errors.items():
        field = fields.get(name, name)
        form.add_error(field if field in form.fields else None, why)
    if not refused.errors:
        form.add_error(None, str(refused))


@require_POST
@with_role(Role.ADMIN)
def check_host(request: HttpRequest, slug: str) -> HttpResponse:
    row = get_object_or_404(Host, slug=slug)
    if why_not := actions.check_host(row, actor=signed_in(request), at=clock.now()):
        messages.error(request, f"{row.name} does not work: {why_not}")
    else:
        messages.success(request, f"{row.name} answered with a listing.")
    return redirect("host", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@with_role(Role.ADMIN)
def switch_host(request: HttpRequest, slug: str) -> HttpResponse:
    """Off only after whom it hits."""
    row, on = get_object_or_404(Host, slug=slug), request.POST.get("on") == "1"
    if request.method != "POST":
        hit = toll_of("offers", list(row.offers.values_list("pk", flat=True)))
        return ask_first(
            request, f"Switch {row.name} off?", hit, button="Switch off", send={"on": "0"},
            words="No call reaches any of its offers until it is switched on again; its listing is not synced.",
            back=reverse("host", args=[slug]),
        )  # fmt: skip
    actions.switch_host(row.pk, on=on, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row.name} is switched {'on' if on else 'off'}.")
    return redirect("host", slug)
