"""Name who answers for an application."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods

from foundry.lib import clock
from foundry.people.access import signed_in
from foundry.people.models import User
from tenants.teams import actions, rules
from tenants.teams.models import Application
from tenants.teams.views import checked, team_seen


class OwnerForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.none(), label="Who answers for it", empty_label="Choose one")

    def __init__(self, application: Application, *args: object, **kwargs: object) -> None:
        super().__init__(*args, initial={"owner": application.owner_id}, **kwargs)  # type: ignore[arg-type, misc]
        field = self.fields["owner"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(is_active=True, memberships__team=application.team)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def application_owner(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Its keys, who made each, and the form; only owners and admins may send it."""
    team, person, at = team_seen(request, slug), signed_in(request), clock.now()
    row = get_object_or_404(team.applications.select_related("team", "owner"), pk=number)
    may_manage = rules.may_manage(team, person) and team.closed_at is None
    if request.method == "POST":
        rules.require_manager(team, person)
        checked(form := OwnerForm(row, request.POST))
        actions.name_application_owner(row.pk, form.cleaned_data["owner"], actor=person, at=at)
        messages.success(request, f"{form.cleaned_data['owner']} answers for {row.name} now.")
        return redirect("team", slug)
    context = {
        "team": team,
        "application": row,
        "form": OwnerForm(row) if may_manage else None,
        "keys": import_string(settings.KEYS_OF_APPLICATION)(row, at),
    }
    return render(request, "teams/application_owner.html", context)
