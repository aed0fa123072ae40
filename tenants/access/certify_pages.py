"""One list of everything that a team holds: keep, reduce or give back."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods, require_POST

from foundry.lib import clock
from foundry.lib.errors import Conflict, Refused
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.access import actions
from tenants.access.certify import rows_of
from tenants.access.models import Certification, Grant
from tenants.access.states import Answer
from tenants.access.views import page_of
from tenants.teams import rules as team_rules
from tenants.teams.models import Team
from tenants.teams.views import team_seen


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def team_certify(request: HttpRequest, slug: str) -> HttpResponse:
    """The open review of a team, else its last one."""
    team, person, at = team_seen(request, slug), signed_in(request), clock.now()
    held = Certification.objects.with_names().filter(team=team).order_by("closed_at", "pk").last()
    open_ = Certification.objects.with_names().open().filter(team=team).first()
    if request.method == "POST":
        team_rules.require_manager(team, person)
        return answered(request, team, open_, person, at)
    shown = open_ or held
    page = page_of(request, asked_about(shown, at)) if shown else None
    context = {
        "team": team,
        "review": shown,
        "state": shown.state(at) if shown else "",
        "page": page,
        "rows": rows_of(shown, list(page.object_list), at) if shown and page else [],
        "left": shown.grants(at).exclude(certified__certification=shown).count() if open_ and shown else 0,
        "past": Certification.objects.with_names().filter(team=team).exclude(closed_at=None)[:10],
        "may_manage": team_rules.may_manage(team, person),
        "may_answer": open_ is not None and team_rules.may_manage(team, person),
        "is_member": team_rules.is_member(team, person),
    }
    return render(request, "access/certify.html", context)


def asked_about(review: Certification, at: datetime) -> Any:
    """Its grants, what is not answered first; also those that it ended."""
    rows = Grant.objects.filter(pk__in=review.grants(at).values("pk")) | Grant.objects.filter(
        pk__in=review.answers.values("grant")
    )
    return rows.distinct().with_everything(at).order_by("offer__model__name", "pk")


def answers_in(form: QueryDict) -> dict[int, str]:
    """What was chosen, by the number of its grant."""
    found = {}
    for name, value in form.items():
        number = name.removeprefix("answer-")
        if name != number and number.isascii() and number.isdigit() and len(number) < 19 and value:
            found[int(number)] = str(value)
    return found


def answered(
    request: HttpRequest, team: Team, held: Certification | None, person: User, at: datetime
) -> HttpResponse:
    """Save each answer; what is given back is shown first with whom it hits."""
    if held is None:
        raise Conflict("certify.none", f"No review of {team} is open.", remedy="Begin one.")
    chosen = answers_in(request.POST)
    back = [number for number, answer in chosen.items() if answer == Answer.GIVE_BACK]
    ending = list(held.grants(at).filter(pk__in=back).with_names())
    if ending and not request.POST.get("confirmed"):
        kept = [(name, value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken"]
        toll = import_string(settings.TOLL_OF_GRANTS)([grant.pk for grant in ending], at)
        context = {"team": team, "ending": ending, "kept": kept, "toll": toll, "answers": len(chosen)}
        return render(request, "access/certify_confirm.html", context)
    done = 0
    for number, answer in chosen.items():
        try:
            if not held.grants(at).filter(pk=number).exists():
                raise Conflict(
                    "certify.foreign", f"Grant {number} is not in this review.", remedy="Reload the list."
                )
            reason = request.POST.get(f"reason-{number}", "")
            actions.certify(held.pk, number, answer=answer, reason=reason, actor=person, at=at)
            done += 1
        except Refused as refused:
            messages.error(request, f"Grant {number}: {refused}")
    if done:
        messages.success(request, f"{done} answer{'s' if done != 1 else ''} saved.")
    return redirect("team-certify", team.slug)


@require_POST
@login_required
def team_certify_begin(request: HttpRequest, slug: str) -> HttpResponse:
    team = team_seen(request, slug)
    actions.open_certification(team, actor=signed_in(request), at=clock.now())
    messages.success(request, "The review is open; answer for each grant.")
    return redirect("team-certify", slug)
