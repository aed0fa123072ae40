"""What a team's page says of its standing, and the acts that hit all of its grants."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundry.lib import clock
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role
from foundry.web.confirm import ask_first, toll_of
from tenants.access import actions, grant_rules
from tenants.access.forms import WhyForm
from tenants.access.models import Block, Certification, Grant
from tenants.access.states import BlockKind
from tenants.teams import rules as team_rules
from tenants.teams.views import checked, team_seen


@require_safe
@login_required
def standing(request: HttpRequest, slug: str) -> HttpResponse:
    """The fragment at the top of a team's page: why it is suspended, and how to suspend it."""
    team, person, at = team_seen(request, slug), signed_in(request), clock.now()
    context = {
        "team": team,
        "review": Certification.objects.open().filter(team=team).first(),
        "now": clock.now(),
        "ownerless": team.closed_at is None and not team_rules.has_owner(team),
        "blocks": Block.objects.at(at).filter(team=team, kind=BlockKind.TEAM).select_related("by"),
        "may_suspend": grant_rules.may_suspend(person) and team.closed_at is None,
    }
    return render(request, "access/_standing.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@with_role(Role.ADMIN)
def team_suspend(request: HttpRequest, slug: str) -> HttpResponse:
    team, at = team_seen(request, slug), clock.now()
    if request.method == "POST":
        reason = checked(WhyForm(request.POST))["reason"]
        actions.suspend_team(team, reason=reason, actor=signed_in(request), at=at)
        messages.success(request, f"{team} is suspended; its calls are refused until this is lifted.")
        return redirect("team", slug)
    hit = list(Grant.objects.in_force(at).filter(team=team).values_list("pk", flat=True))
    return ask_first(
        request, f"Suspend {team}?", toll_of("grants", hit), button="Suspend the team", form=WhyForm(),
        words="The calls of every grant of this team are refused, also of grants to come, until this is lifted.",
        back=reverse("team", args=[slug]),
    )  # fmt: skip


@require_POST
@login_required
def team_resume(request: HttpRequest, slug: str) -> HttpResponse:
    team, number = team_seen(request, slug), request.POST.get("block", "")
    known = number.isascii() and number.isdigit() and len(number) < 19
    row = get_object_or_404(Block, team=team, kind=BlockKind.TEAM, pk=number if known else 0)
    actions.resume_team(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "This reason is lifted; others, if there are any, go on.")
    return redirect("team", slug)
