"""Capacity: what hosts will serve us, who says so, what of it is promised and used."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import actions, capacity
from catalog.capacity_forms import NewPoolForm, PromiseForm, SizeForm, SourceForm
from catalog.filters import PoolFilter
from catalog.models import CapacityPool, Host, Offer, PoolQuerySet
from foundry.lib import clock
from foundry.lib.errors import Invalid, Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role

READERS = (Role.ADMIN, Role.OPS, Role.FINANCE, Role.AUDITOR)
PER_PAGE, OFFERS_SHOWN = 25, 200


def with_sharing(rows: PoolQuerySet) -> PoolQuerySet:
    sharing = Count("offers", filter=Q(offers__gone_at=None))
    return rows.select_related("host").annotate(sharing=sharing)


@require_safe
@with_role(*READERS)
def pools(request: HttpRequest) -> HttpResponse:
    """What hosts will serve us, in their own units, and what of it is promised."""
    rows = with_sharing(CapacityPool.objects.seen_by(signed_in(request)))
    found = PoolFilter(request.GET, queryset=rows.order_by("host__name", "label", "name", "pk"))
    used = Q(sharing__gt=0) | Q(by_hand=True)
    rows = found.qs if request.GET.get("used") == "all" else found.qs.filter(used)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "pools": capacity.pool_facts(page.object_list, clock.now()),
        "chosen": request.GET,
        "hosts": Host.objects.filter(pools__isnull=False).distinct().values_list("slug", "name"),
    }
    return render(request, "catalog/capacity.html", context)


@require_safe
@with_role(*READERS)
def pool(request: HttpRequest, pool_id: int) -> HttpResponse:
    return shown(request, pool_id)


def shown(
    request: HttpRequest, pool_id: int, size: SizeForm | None = None, promise: PromiseForm | None = None
) -> HttpResponse:
    """A pool's page, with the forms as they were sent."""
    row, at = (
        get_object_or_404(with_sharing(CapacityPool.objects.seen_by(signed_in(request))), pk=pool_id),
        clock.now(),
    )
    [facts] = capacity.pool_facts([row], at)
    offers = (
        Offer.objects.listed().select_related("model__publisher", "host").order_by("model__name", "sku", "pk")
    )
    context = {
        "facts": facts,
        "pool": row,
        "told": capacity.told_last([row.pk]).get(row.pk) if row.by_hand else None,
        "page": Paginator(row.readings.all(), PER_PAGE).get_page(request.GET.get("page")),
        "grants": capacity.grants_of(row, at),
        "offers": offers.filter(pool=row)[:OFFERS_SHOWN],
        "others": offers.filter(host=row.host).exclude(pool=row)[:OFFERS_SHOWN],
        "size": size or SizeForm(initial=SizeForm.of(row)),
        "promise": promise or PromiseForm(initial={"percent": row.overcommit_percent}),
        "source": SourceForm(prefix="why"),
    }
    wrong = any(form is not None and form.errors for form in (size, promise))
    return render(request, "catalog/pool.html", context, status=400 if wrong else 200)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def new_pool(request: HttpRequest) -> HttpResponse:
    form = NewPoolForm(request.POST or None, initial={"host": request.GET.get("host")})
    if request.method == "POST" and form.is_valid():
        named = {name: form.cleaned_data[name] for name in ("host", "name", "unit", "region", "source")}
        try:
            row = actions.make_pool(size=form.size(), **named, actor=signed_in(request), at=clock.now())
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, f"{row.label} is entered. Choose the offers that draw on it.")
            return redirect("pool", row.pk)
    return render(request, "catalog/pool_form.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@with_role(Role.ADMIN)
def set_pool(request: HttpRequest, pool_id: int) -> HttpResponse:
    row, form = get_object_or_404(CapacityPool, pk=pool_id), SizeForm(request.POST)
    if not form.is_valid():
        return shown(request, pool_id, size=form)
    actions.set_pool(
        row.pk, form.size(), source=form.cleaned_data["source"], actor=signed_in(request), at=clock.now()
    )
    messages.success(request, "That counts from now on; what the host tells stands beside it.")
    return redirect("pool", row.pk)


@require_POST
@with_role(Role.ADMIN)
def promise(request: HttpRequest, pool_id: int) -> HttpResponse:
    row, form = get_object_or_404(CapacityPool, pk=pool_id), PromiseForm(request.POST)
    if not form.is_valid():
        return shown(request, pool_id, promise=form)
    actions.set_overcommit(row.pk, form.cleaned_data["percent"], actor=signed_in(request), at=clock.now())
    return redirect("pool", row.pk)


@require_POST
@with_role(Role.ADMIN)
def leave(request: HttpRequest, pool_id: int) -> HttpResponse:
    row = get_object_or_404(CapacityPool, pk=pool_id)
    actions.leave_pool(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "The host's word counts again.")
    return redirect("pool", row.pk)


@require_POST
@with_role(Role.ADMIN)
def offers(request: HttpRequest, pool_id: int) -> HttpResponse:
    """Assign offers to the pool, or leave them to the host again."""
    row, person, at = get_object_or_404(CapacityPool, pk=pool_id), signed_in(request), clock.now()
    ids = [int(each) for each in request.POST.getlist("offer") if each.isascii() and each.isdigit()][
        :OFFERS_SHOWN
    ]
    if request.POST.get("release"):
        count = actions.release_offers(row.pk, ids, actor=person, at=at)
        messages.success(request, f"{count} offer{'' if count == 1 else 's'} left to the host again.")
        return redirect("pool", row.pk)
    form = SourceForm(request.POST, prefix="why")
    if not form.is_valid():
        raise Invalid("pool.source", "Say where it stands.", remedy="Name the contract or mail.")
    count = actions.assign_offers(row.pk, ids, source=form.cleaned_data["source"], actor=person, at=at)
    messages.success(request, f"{count} offer{'' if count == 1 else 's'} draw on it now.")
    return redirect("pool", row.pk)
