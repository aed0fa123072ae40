"""What is said on a request's page, and who stands in for whom."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from foundry.lib import clock
from foundry.people.access import signed_in
from foundry.people.models import SiteRole, User
from foundry.web.forms import set_choices
from tenants.access import actions, deciders, rules
from tenants.access.models import Decision, Delegation, Request, Step
from tenants.access.periods import ONE_DAY, end_of, start_of
from tenants.access.states import NoteKind, RequestState
from tenants.teams import rules as team_rules
from tenants.teams.rules import person_called
from tenants.teams.views import checked

TONES = {
    NoteKind.QUESTION: "warn",
    NoteKind.ANSWER: "info",
    NoteKind.ACCEPTED: "good",
    NoteKind.APPEAL: "warn",
}
LISTED = 50


class SayForm(forms.Form):
    text = forms.CharField(
        max_length=rules.REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Say something",
        help_text="@mia tells that person, by the first part of their address.",
    )


class HandOnForm(forms.Form):
    to = forms.ChoiceField(label="Hand on to")
    why = forms.CharField(required=False, max_length=rules.REASON_LENGTH, label="Why?")

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "to", [(each.email, each.name) for each in people])


def thread_of(
    row: Request, current: Step | None, last: Decision | None, person: User, at: datetime
) -> dict[str, Any]:
    """The notes, and what this person may add to them."""
    notes = list(row.notes.select_related("by"))
    decides = current is not None and rules.may_decide(row, current, person, at)
    member = team_rules.is_member(row.team, person)
    closed = row.state in {RequestState.APPROVED, RequestState.DENIED} and last is not None
    again = closed and last is not None and rules.differs(row, last) and rules.may_ask_again(row, person)
    accepted = any(note.kind == NoteKind.ACCEPTED for note in notes)
    return {
        "events": [
            {
                "at": note.at,
                "title": f"{note.get_kind_display()} by {note.by or 'the schedule'}",
                "detail": note.text,
                "tone": TONES.get(NoteKind(note.kind), "quiet"),
            }
            for note in notes
        ],
        "form": SayForm(),
        "asked": rules.open_question(row) if current else None,
        "may_ask": decides,
        "may_answer": member,
        "may_comment": member or person.sees_everything,
        "may_accept": again and row.state == RequestState.APPROVED and not accepted,
        "may_appeal": again and not row.appealed_by.exists(),
        "appealed_by": row.appealed_by.first(),
        "hand_on": hand_on_form(row, current, person) if decides and current else None,
    }


def hand_on_form(row: Request, current: Step, person: User) -> HandOnForm | None:
    """Whom the step can go to; None where nobody else may decide it."""
    people = {
        user.pk: user
        for _, user in deciders.holders(set(current.roles), row.team, row.offer)
        if user.is_active and user.pk not in {row.requester_id, person.pk}
    }
    return HandOnForm(people=sorted(people.values(), key=lambda user: user.name)) if people else None


def seen(request: HttpRequest, number: int) -> Request:
    return get_object_or_404(Request.objects.seen_by(signed_in(request)), pk=number)


def said(request: HttpRequest) -> str:
    text: str = checked(SayForm(request.POST))["text"]
    return text


@require_POST
@login_required
def request_comment(request: HttpRequest, number: int) -> HttpResponse:
    row = seen(request, number)
    actions.comment(row.pk, text=said(request), actor=signed_in(request), at=clock.now())
    return redirect("request", row.pk)


@require_POST
@login_required
def request_ask(request: HttpRequest, number: int) -> HttpResponse:
    row = seen(request, number)
    actions.ask(row.pk, question=said(request), actor=signed_in(request), at=clock.now())
    messages.success(request, "The team is asked. The step waits for its answer.")
    return redirect("request", row.pk)


@require_POST
@login_required
def request_answer(request: HttpRequest, number: int) -> HttpResponse:
    row = seen(request, number)
    actions.answer(row.pk, answer=said(request), actor=signed_in(request), at=clock.now())
    messages.success(request, "Your answer is there; whoever asked is told.")
    return redirect("request", row.pk)


@require_POST
@login_required
def request_hand_on(request: HttpRequest, number: int) -> HttpResponse:
    row = seen(request, number)
    to = person_called(request.POST.get("to", ""), "to")
    actions.hand_on(row.pk, to=to, why=request.POST.get("why", ""), actor=signed_in(request), at=clock.now())
    messages.success(request, f"{to} has it now, and is told.")
    return redirect("request", row.pk)


@require_POST
@login_required
def request_accept(request: HttpRequest, number: int) -> HttpResponse:
    row = seen(request, number)
    actions.accept(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "Accepted.")
    return redirect("request", row.pk)


@require_POST
@login_required
def request_appeal(request: HttpRequest, number: int) -> HttpResponse:
    row = seen(request, number)
    new = actions.appeal(row.pk, reason=said(request), actor=signed_in(request), at=clock.now())
    messages.success(request, "It is asked again, with your reason.")
    return redirect("request", new.pk)


# Standing in


class DelegateForm(forms.Form):
    to = forms.ChoiceField(label="Who stands in for you")
    starts_on = forms.DateField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="At most three months.",
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        holders = User.objects.filter(pk__in=SiteRole.objects.values("user"), is_active=True).exclude(
            pk=person.pk
        )
        set_choices(self, "to", [(each.email, each.name) for each in holders])


@require_http_methods(["GET", "POST"])
@login_required
def delegations(request: HttpRequest) -> HttpResponse:
    """Who stands in for whom, and the form to name somebody."""
    person, at = signed_in(request), clock.now()
    form = DelegateForm(
        request.POST or None,
        person=person,
        initial={"starts_on": at.date(), "ends_on": at.date() + 7 * ONE_DAY},
    )
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        to = person_called(fields["to"], "to")
        actions.delegate(
            to,
            starts_at=max(at, start_of(fields["starts_on"])),
            ends_at=end_of(fields["ends_on"]),
            actor=person,
            at=at,
        )
        messages.success(request, f"{to} decides in your name on those days, and is told.")
        return redirect("delegations")
    rows = Delegation.objects.seen_by(person).select_related("by", "to")[:LISTED]
    context = {"form": form, "rows": [(row, state_of(row, at), row.by_id == person.pk) for row in rows]}
    return render(request, "access/delegations.html", context, status=400 if form.errors else 200)


def state_of(row: Delegation, at: datetime) -> str:
    if row.ended_at or row.ends_at <= at:
        return "ended"
    return "live" if row.starts_at <= at else "not_started"


@require_POST
@login_required
def delegation_end(request: HttpRequest, number: int) -> HttpResponse:
    row = get_object_or_404(Delegation.objects.seen_by(signed_in(request)), pk=number)
    actions.end_delegation(row.pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "Nobody stands in by that any more.")
    return redirect("delegations")
