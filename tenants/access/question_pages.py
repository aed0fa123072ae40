"""The questions that a form asks: admins add, change and retire them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from catalog.models import Offer
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.access import signed_in
from foundry.web.forms import show_refusal
from tenants.access import actions
from tenants.access.actions.questioning import (
    CHOICE_LENGTH,
    LAST_POSITION,
    MOST_CHOICES,
    TEXT_LENGTH,
    require_admin,
)
from tenants.access.models import Question
from tenants.access.states import DataClass, QuestionKind


class QuestionForm(forms.Form):
    """:cvar choices: one a line."""

    text = forms.CharField(max_length=TEXT_LENGTH, label="Question")
    kind = forms.ChoiceField(choices=QuestionKind.choices, label="Answered by")
    choices = forms.CharField(
        required=False,
        max_length=MOST_CHOICES * (CHOICE_LENGTH + 2),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, where one is chosen.",
    )
    required = forms.BooleanField(required=False, initial=True, label="An answer is required")
    offer = forms.ModelChoiceField(
        Offer.objects.none(), required=False, empty_label="Any offer", label="Asked for"
    )
    data_class = forms.ChoiceField(
        required=False, choices=[("", "Any data"), *DataClass.choices], label="With data"
    )
    position = forms.IntegerField(
        initial=1, min_value=1, max_value=LAST_POSITION, label="Place", help_text="Lower ones come first."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = Offer.objects.listed().with_names().order_by("model__publisher__name", "model__slug", "pk")
        offer = self.fields["offer"]
        assert isinstance(offer, forms.ModelChoiceField)
        offer.queryset = listed

    @property
    def facts(self) -> dict[str, Any]:
        """What the actions take."""
        return self.cleaned_data | {"choices": self.cleaned_data["choices"].splitlines()}


@require_http_methods(["GET", "POST"])
@login_required
def question_list(request: HttpRequest) -> HttpResponse:
    """What is asked, and the form to ask more."""
    person = signed_in(request)
    require_admin(person)
    form = QuestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_question(**form.facts, actor=person, at=clock.now())
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "Requests are asked this from now on.")
            return redirect("questions")
    rows = Question.objects.in_use().select_related("offer__model__publisher", "offer__host", "by")
    context = {"rows": rows, "form": form}
    return render(request, "access/questions.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
def question_change(request: HttpRequest, number: int) -> HttpResponse:
    person = signed_in(request)
    require_admin(person)
    row = get_object_or_404(Question, pk=number)
    initial = {name: getattr(row, name) for name in ("text", "kind", "required", "data_class", "position")}
    form = QuestionForm(
        request.POST or None, initial=initial | {"offer": row.offer_id, "choices": "\n".join(row.choices)}
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_question(row.pk, **form.facts, actor=person, at=clock.now())
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, "Requests are asked the new version; answers keep the old one.")
            return redirect("questions")
    context = {"row": row, "form": form}
    return render(request, "access/question.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def question_retire(request: HttpRequest, number: int) -> HttpResponse:
    actions.retire_question(number, actor=signed_in(request), at=clock.now())
    messages.success(request, "It is not asked any more. Requests keep their answers.")
    return redirect("questions")
