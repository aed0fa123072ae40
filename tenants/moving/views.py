"""Moving in: read another gateway, look at what its grants become, decide in one list. Admins."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundry.lib import clock
from foundry.lib.errors import Invalid, Refused
from foundry.lib.http import OutwardError
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role
from tenants.access.forms import spoken
from tenants.moving import accepting, actions, litellm
from tenants.moving.forms import ManyForm, ProposalForm, ReadForm
from tenants.moving.match import usable_offers
from tenants.moving.models import Proposal, Reading, State
from tenants.teams.models import Team

PER_PAGE = 50


@require_safe
@with_role(Role.ADMIN)
def moving_in(request: HttpRequest) -> HttpResponse:
    """The list. Filters: state, team, and `offer=none` for what has no offer here."""
    return listed(request, ReadForm())


def listed(request: HttpRequest, form: ReadForm, status: int = 200) -> HttpResponse:
    counts = dict(Proposal.objects.order_by().values_list("state").annotate(Count("pk")))
    state = request.GET.get("state", "")
    state = state if state in State.values else State.PROPOSED
    rows = Proposal.objects.filter(state=state)
    teams = list(rows.order_by("team_name").values_list("team_name", flat=True).distinct()[:200])
    if team := request.GET.get("team", "").replace("\x00", ""):
        rows = rows.filter(team_name=team)
    if request.GET.get("offer") == "none":
        rows = rows.filter(offer=None)
    rows = rows.select_related("offer__model__publisher", "offer__host", "request", "decided_by", "reading")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    here = set(Team.objects.filter(slug__in={row.team_slug for row in page}).values_list("slug", flat=True))
    context = {
        "form": form,
        "many": ManyForm(),
        "page": page,
        "here": here,
        "state": state,
        "states": [(value, label, counts.get(value, 0)) for value, label in State.choices],
        "teams": [(each, each) for each in teams],
        "team": team,
        "missing": Proposal.objects.filter(state=State.PROPOSED, offer=None).count(),
        "only_missing": request.GET.get("offer") == "none",
        "last": Reading.objects.select_related("by").first(),
    }
    return render(request, "moving/moving_in.html", context, status=status)


@sensitive_post_parameters("credential")
@require_POST
@with_role(Role.ADMIN)
def read(request: HttpRequest) -> HttpResponse:
    form, at = ReadForm(request.POST, request.FILES), clock.now()
    if not form.is_valid():
        return listed(request, form, 400)
    told = form.cleaned_data
    try:
        if told["export"]:
            export, source = litellm.opened(told["export"].read()), f"LiteLLM ({told['export'].name[:100]})"
        else:
            trusted = [told["trusted_network"]] if told["trusted_network"] else []
            export, source = (
                litellm.fetch(told["base_url"], told["credential"], trusted),
                f"LiteLLM at {told['base_url']}",
            )
        found = litellm.read(export, at.date())
    except litellm.Unreadable as error:
        form.add_error(None, f"Nothing was taken in. {error} Mend that and read it again.")
    except OutwardError as error:
        form.add_error("base_url", str(error))
    except Invalid as error:
        form.add_error("trusted_network", str(error))
    else:
        done = actions.take_in(found, source=source, actor=signed_in(request), at=at).told
        left = "".join(
            f", {count} key{'s' if count > 1 else ''} {why}" for why, count in done["left_out"].items()
        )
        messages.success(
            request, f"{done['new']} new, {done['again']} read again, {done['stands']} decided or changed before stay{left}."
        )  # fmt: skip
        return redirect("moving-in")
    return listed(request, form, 400)


@require_POST
@with_role(Role.ADMIN)
def preview(request: HttpRequest) -> HttpResponse:
    """What accepting the chosen would do; or, where fields for all are given, change them and go back."""
    ids, person, at = accepting.chosen(request.POST.getlist("row")), signed_in(request), clock.now()
    many = ManyForm(request.POST)
    if request.POST.get("act") == "change":
        return change_many(request, ids, many)
    cost_centre = request.POST.get("cost_centre", "").strip()[:20]
    outcomes = accepting.preview(ids, cost_centre=cost_centre, actor=person, at=at)
    return outcome_page(request, outcomes, cost_centre, done=False)


def outcome_page(
    request: HttpRequest, outcomes: list[accepting.Outcome], cost_centre: str, *, done: bool
) -> HttpResponse:
    context = {
        "outcomes": outcomes,
        "good": [each for each in outcomes if not each.why_not],
        "cost_centre": cost_centre,
        "done": done,
    }
    return render(request, "moving/outcomes.html", context)


def change_many(request: HttpRequest, ids: list[int], many: ManyForm) -> HttpResponse:
    if not many.is_valid() or not many.values:
        words = " ".join(str(error) for errors in many.errors.values() for error in errors)
        messages.error(request, words or "Say what is to be the same for all that is chosen.")
        return redirect("moving-in")
    changed = 0
    for number in ids[: accepting.MOST_AT_ONCE]:
        try:
            actions.change(number, many.values, actor=signed_in(request), at=clock.now())
            changed += 1
        except (Refused, Proposal.DoesNotExist) as refused:
            messages.error(request, str(refused))
            break
    messages.success(request, f"{changed} changed.")
    return redirect("moving-in")


@require_POST
@with_role(Role.ADMIN)
def accept(request: HttpRequest) -> HttpResponse:
    ids, cost_centre = (
        accepting.chosen(request.POST.getlist("row")),
        request.POST.get("cost_centre", "").strip()[:20],
    )
    outcomes = accepting.accept_all(ids, cost_centre=cost_centre, actor=signed_in(request), at=clock.now())
    return outcome_page(request, outcomes, cost_centre, done=True)


@require_POST
@with_role(Role.ADMIN)
def leave_out(request: HttpRequest) -> HttpResponse:
    ids = accepting.chosen(request.POST.getlist("row"))[: accepting.MOST_AT_ONCE]
    for row in Proposal.objects.filter(pk__in=ids, state=State.PROPOSED):
        actions.leave_out(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{len(ids)} left out.")
    return redirect("moving-in")


@require_http_methods(["GET", "HEAD", "POST"])
@with_role(Role.ADMIN)
def proposal(request: HttpRequest, number: int) -> HttpResponse:
    """What it was there, beside the form that says what it becomes."""
    row = get_object_or_404(
        Proposal.objects.select_related("offer", "request", "decided_by", "reading"), pk=number
    )
    names = ("team_slug", "owner", "application_slug", "environment", "data_class", "ends_on")
    start: dict[str, Any] = (
        {name: getattr(row, name) for name in names} | {"offer": row.offer_id} | spoken(row.limits)
    )
    form = ProposalForm(request.POST or None, initial=start, offers=usable_offers())
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(row.pk, form.values, actor=signed_in(request), at=clock.now())
        except Refused as refused:
            form.tell(refused)
        else:
            messages.success(request, f"{row} is changed.")
            return redirect("moving-in")
    context = {"row": row, "form": form, "limits": [form[kind] for kind in spoken_kinds()]}
    return render(request, "moving/proposal.html", context, status=400 if form.errors else 200)


def spoken_kinds() -> list[str]:
    return [kind for kind in ProposalForm(offers=[]).fields if kind not in ProposalForm.base_fields]
