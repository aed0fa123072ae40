"""The people of the house, for admins: who is here, and switching somebody off."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundry.lib import clock
from foundry.people import actions
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role, User

PER_PAGE = 50


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=200, label="Why?", help_text="The audit keeps it.")


@require_safe
@with_role(Role.ADMIN)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, by name; `?q=` finds by name or address."""
    asked = request.GET.get("q", "").strip().replace("\x00", "")
    rows = User.objects.prefetch_related("site_roles").order_by("-is_active", "name", "pk")
    if asked:
        rows = rows.filter(Q(name__icontains=asked) | Q(email__icontains=asked))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    for person in page.object_list:
        person.__dict__["role_words"] = ", ".join(Role(row.role).label for row in person.site_roles.all())
    return render(request, "people/people.html", {"page": page, "q": asked, "me": signed_in(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@with_role(Role.ADMIN)
def deactivate(request: HttpRequest, number: int) -> HttpResponse:
    """First what ends and what goes on, then the act."""
    person, at = get_object_or_404(User, pk=number), clock.now()
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.deactivate_person(
            person.pk, reason=form.cleaned_data["reason"], actor=signed_in(request), at=at
        )
        messages.success(
            request, f"{person} is switched off: no page, token or key of theirs opens anything."
        )
        return redirect("people")
    context: dict[str, Any] = {
        "title": f"Switch {person} off?",
        "button": "Switch off",
        "words": "Their sessions, tokens and own keys end at once. What they did stays on record under their name.",
        "form": form,
        "back": reverse("people"),
        **import_string(settings.TOLL_OF_LEAVER)(person, None, at),
    }
    return render(request, "confirm.html", context, status=400 if form.errors else 200)


@require_POST
@with_role(Role.ADMIN)
def reactivate(request: HttpRequest, number: int) -> HttpResponse:
    person = actions.reactivate_person(
        get_object_or_404(User, pk=number).pk, actor=signed_in(request), at=clock.now()
    )
    messages.success(request, f"{person} can sign in again. Tokens and keys that ended stay ended.")
    return redirect("people")
