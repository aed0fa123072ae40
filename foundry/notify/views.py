"""The inbox, how one is told, and the hooks with their delivery log."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.notify import actions
from foundry.notify.models import Delivery, Hook, HookKind, Notice, Preference, Preset
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role, User

PER_PAGE = 25


def unread(person: User) -> int:
    """How many notices this person has not read; for the bell on every page."""
    return Notice.objects.seen_by(person).unread().count()


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    rows = Notice.objects.seen_by(person).select_related("event")
    shown = rows if request.GET.get("show") == "all" else rows.unread()
    context = {
        "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("page")),
        "show": "all" if request.GET.get("show") == "all" else "unread",
        "preset": Preference.objects.of(person),
        "presets": Preset.choices,
    }
    return render(request, "notify/inbox.html", context)


@require_POST
@login_required
def read(request: HttpRequest) -> HttpResponse:
    """Mark one notice as read and go where it leads, or mark all of them."""
    person, number = signed_in(request), request.POST.get("notice", "")
    if not number:
        actions.mark_read(person, None, clock.now())
        return redirect("inbox")
    mine = Notice.objects.seen_by(person).select_related("event")
    notice = get_object_or_404(mine, pk=number if number.isdigit() and len(number) < 19 else 0)
    actions.mark_read(person, [notice.pk], clock.now())
    safe = url_has_allowed_host_and_scheme(notice.event.url, allowed_hosts=None)
    return redirect(notice.event.url if safe else "inbox")


@require_POST
@login_required
def choose(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    chosen = actions.choose_preset(person, request.POST.get("preset", ""), actor=person, at=clock.now())
    messages.success(request, f"By mail: {chosen.get_preset_display().lower()}.")
    return redirect("inbox")


class HookForm(forms.Form):
    name = forms.CharField(max_length=120)
    kind = forms.ChoiceField(choices=HookKind.choices)
    address = forms.CharField(
        max_length=2000,
        widget=forms.PasswordInput,
        help_text="Kept encrypted and never shown again; whoever has it can write there.",
    )
    kinds = forms.CharField(
        required=False,
        label="Only these events",
        help_text="For example request.approve grant.end. Empty: all.",
    )
    scope = forms.CharField(
        required=False, max_length=80, help_text="For example team:copilot. Empty: everything."
    )
    trusted_networks = forms.CharField(
        required=False, help_text="Networks inside your own walls that it may be in, as CIDR."
    )

    def facts(self) -> actions.HookFacts:
        told: dict[str, Any] = dict(self.cleaned_data)
        for name in ("kinds", "trusted_networks"):
            told[name] = tuple(told[name].replace(",", " ").split())
        return actions.HookFacts(**told)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def hooks(request: HttpRequest) -> HttpResponse:
    """All hooks, and the form for the next; a new secret is shown once, in the answer that made it."""
    form, secret = HookForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = actions.add_hook(form.facts(), actor=signed_in(request), at=clock.now())
        except Refused as refused:
            for name, why in refused.errors.items() or [(None, str(refused))]:
                form.add_error(name if name in form.fields else None, why)
        else:
            messages.success(request, f"{made.name} is told from now on.")
            form = HookForm()
    page = Paginator(Hook.objects.all(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "secret": secret, "page": page}
    return render(request, "notify/hooks.html", context, status=400 if form.errors else 200)


@require_safe
@with_role(Role.ADMIN)
def hook(request: HttpRequest, hook_id: int) -> HttpResponse:
    """One hook and what was sent to it."""
    row = get_object_or_404(Hook, pk=hook_id)
    sent = row.deliveries.select_related("event")
    page = Paginator(sent, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "notify/hook.html", {"hook": row, "page": page})


@require_POST
@with_role(Role.ADMIN)
def switch_hook(request: HttpRequest, hook_id: int) -> HttpResponse:
    get_object_or_404(Hook, pk=hook_id)
    on = request.POST.get("on") == "1"
    row = actions.switch_hook(hook_id, on=on, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{row.name} is {'told again' if on else 'no longer told'}.")
    return redirect("hook", hook_id)


@require_POST
@with_role(Role.ADMIN)
def try_hook(request: HttpRequest, hook_id: int) -> HttpResponse:
    get_object_or_404(Hook, pk=hook_id)
    actions.try_hook(hook_id, actor=signed_in(request), at=clock.now())
    messages.success(request, "A trial is on its way; reload to see what came of it.")
    return redirect("hook", hook_id)


@require_POST
@with_role(Role.ADMIN)
def redeliver(request: HttpRequest, delivery_id: int) -> HttpResponse:
    row = get_object_or_404(Delivery, pk=delivery_id, hook__isnull=False)
    actions.redeliver(delivery_id, actor=signed_in(request), at=clock.now())
    messages.success(request, "It is sent again, under the same id.")
    return redirect("hook", row.hook_id)
