"""The one page where an owner keeps an idle grant or gives it back; and asking again for one that is over."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_POST, require_safe

from foundry.lib import clock
from foundry.people.access import signed_in
from tenants.access import actions, grant_rules, idle_rules
from tenants.access.forms import WhyForm
from tenants.access.grant_pages import grant_seen
from tenants.access.models import Grant
from tenants.teams import rules as team_rules
from tenants.teams.views import checked


@require_safe
@login_required
def grant_idle(request: HttpRequest, number: int) -> HttpResponse:
    """How long nobody called it, what it holds, whom giving it back would hit."""
    person, at = signed_in(request), clock.now()
    row = get_object_or_404(Grant.objects.seen_by(person).with_everything(at), pk=number)
    held = row.idles.open_at(at).select_related("rules").first()
    alive = row.state_then not in {"revoked", "ended"}
    context = {
        "grant": row,
        "alive": alive,
        "idle": held,
        "last": idle_rules.last_call(row, at),
        "kept_before": row.idles.filter(kept_at__isnull=False).select_related("kept_by").first(),
        "may_keep": alive and held and team_rules.is_owner(row.team, person) and not idle_rules.was_kept(row),
        "may_give_back": alive and grant_rules.may_revoke(row, person),
        "toll": import_string(settings.TOLL_OF_GRANTS)([row.pk], at),
        "form": WhyForm(),
    }
    return render(request, "access/idle.html", context)


@require_POST
@login_required
def grant_keep(request: HttpRequest, number: int) -> HttpResponse:
    row, reason = grant_seen(request, number), checked(WhyForm(request.POST))["reason"]
    actions.keep_idle(row.pk, reason=reason, actor=signed_in(request), at=clock.now())
    messages.success(request, "It is kept. If nobody calls it in that time again, it goes back.")
    return redirect("grant", row.pk)


@require_POST
@login_required
def grant_give_back(request: HttpRequest, number: int) -> HttpResponse:
    row, reason = grant_seen(request, number), checked(WhyForm(request.POST))["reason"]
    actions.give_back(row.pk, reason=reason, actor=signed_in(request), at=clock.now())
    messages.success(
        request, "It is given back; its capacity is free for others. Ask again when you need it."
    )
    return redirect("grant", row.pk)


@require_POST
@login_required
def grant_ask_again(request: HttpRequest, number: int) -> HttpResponse:
    asked = actions.ask_again(grant_seen(request, number).pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "It is asked for again, at the same size; this page shows who decides.")
    return redirect("request", asked.pk)
