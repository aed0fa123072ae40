"""How supply is kept true: runs and their progress, and what differs, for those who keep supply."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from catalog import actions
from catalog.filters import ChangeFilter, RunFilter
from catalog.models import Change, Host, RunQuerySet, SyncRun
from catalog.states import ChangeKind, ChangeState, RunState
from foundry.lib import clock
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role

READERS = (Role.ADMIN, Role.OPS, Role.AUDITOR)
PER_PAGE = 25
LAST_RUNS = 10
TABS = (ChangeState.WAITING, ChangeState.APPLIED, ChangeState.DISMISSED)
OPEN = (RunState.QUEUED, RunState.RUNNING)


@require_safe
@with_role(*READERS)
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of a host's page that moves while a run is open."""
    row = get_object_or_404(Host, slug=slug)
    return render(request, "catalog/_runs.html", runs_of(row) | {"host": row})


def runs_of(host: Host) -> dict[str, Any]:
    runs = list(with_waits(host.runs.all())[:LAST_RUNS])
    return {"runs": runs, "open_run": next((run for run in runs if run.state in OPEN), None)}


def with_waits(runs: RunQuerySet) -> RunQuerySet:
    """Adds `waits`: how many of a run's changes still wait for a person."""
    return runs.annotate(waits=Count("changes", filter=Q(changes__state=ChangeState.WAITING))).order_by("-pk")


@require_POST
@with_role(Role.ADMIN, Role.OPS)
def sync_host(request: HttpRequest, slug: str) -> HttpResponse:
    row = get_object_or_404(Host, slug=slug)
    actions.ask_sync(row, actor=signed_in(request), at=clock.now())
    return redirect("host", slug)


@require_safe
@with_role(*READERS)
def runs(request: HttpRequest) -> HttpResponse:
    found = RunFilter(request.GET, queryset=with_waits(SyncRun.objects.select_related("host")))
    rows = found.qs if found.form.is_valid() else SyncRun.objects.none()
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "moving": any(run.state in OPEN for run in page),
        "filter": found,
        "chosen": request.GET,
        "hosts": Host.objects.values_list("slug", "name"),
        "states": RunState.choices,
    }
    return render(request, "catalog/runs.html", context)


@require_safe
@with_role(*READERS)
def changes(request: HttpRequest) -> HttpResponse:
    """What differs from what we held; what waits for a person comes first unless asked otherwise."""
    chosen = request.GET.copy()
    chosen.setdefault("state", ChangeState.WAITING)
    if chosen["state"] == "all":
        chosen["state"] = ""
    found = ChangeFilter(chosen, queryset=Change.objects.select_related("host", "offer__model__publisher"))
    rows = found.qs if found.form.is_valid() else Change.objects.none()
    may_settle = signed_in(request).is_any(Role.ADMIN)
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "filter": found,
        "chosen": request.GET,
        "state": chosen["state"],
        "hosts": Host.objects.values_list("slug", "name"),
        "kinds": ChangeKind.choices,
        "tabs": [(state.value, state.label) for state in TABS] + [("all", "All")],
        "may_settle": may_settle,
        "choosing": may_settle and chosen["state"] in {"", ChangeState.WAITING},
        "run": run_of(request.GET.get("run", "")),
    }
    return render(request, "catalog/changes.html", context)


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def run_of(number: str) -> SyncRun | None:
    """The run that the address names, with how much of it `waits`."""
    if not is_number(number):
        return None
    return with_waits(SyncRun.objects.select_related("host")).filter(pk=number).first()


@require_POST
@with_role(Role.ADMIN)
def apply_change(request: HttpRequest, change_id: int) -> HttpResponse:
    get_object_or_404(Change, pk=change_id)
    row = actions.apply_change(change_id, actor=signed_in(request), at=clock.now())
    messages.success(request, f"Applied: {row.get_kind_display()} of {row.key}.")
    return redirect("changes")


@require_POST
@with_role(Role.ADMIN)
def dismiss_change(request: HttpRequest, change_id: int) -> HttpResponse:
    get_object_or_404(Change, pk=change_id)
    row = actions.dismiss_change(change_id, actor=signed_in(request), at=clock.now())
    messages.success(request, f"Dismissed: {row.get_kind_display()} of {row.key}. What we hold stays.")
    return redirect("changes")


@require_POST
@with_role(Role.ADMIN)
def settle_changes(request: HttpRequest) -> HttpResponse:
    """The chosen rows at once; each that could not be settled says why."""
    ids = [int(each) for each in request.POST.getlist("change") if is_number(each)]
    yes = request.POST.get("yes") == "1"
    came = actions.settle_changes(ids, yes=yes, actor=signed_in(request), at=clock.now())
    done = sum(1 for each in came if not each.why_not)
    messages.success(
        request, f"{done} {'change' if done == 1 else 'changes'} {'applied' if yes else 'dismissed'}."
    )
    for each in [each for each in came if each.why_not][:5]:
        messages.warning(request, each.why_not)
    return back(request)


def back(request: HttpRequest) -> HttpResponse:
    """To the list as it was filtered."""
    query = urlsplit(request.POST.get("back", "")).query
    return redirect(f"{reverse('changes')}?{query}" if query else reverse("changes"))


@require_POST
@with_role(Role.ADMIN)
def take_anyway(request: HttpRequest, run_id: int) -> HttpResponse:
    """Believe a doubted listing: it is asked for again, and what was seen missing may go."""
    row = get_object_or_404(SyncRun.objects.select_related("host"), pk=run_id)
    actions.take_anyway(run_id, actor=signed_in(request), at=clock.now())
    return redirect("host", row.host.slug)


@require_POST
@with_role(Role.ADMIN)
def settle_run(request: HttpRequest, run_id: int) -> HttpResponse:
    """All that waits of one run at once: a listing that lost half its models is one decision."""
    get_object_or_404(SyncRun, pk=run_id)
    yes = request.POST.get("yes") == "1"
    count = actions.settle_run(run_id, yes=yes, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{count} changes {'applied' if yes else 'dismissed'}.")
    return redirect("changes")
