"""Forms to ask, to decide, to wish."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from catalog.models import Offer
from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.models import User
from foundry.web.forms import choices_of, set_choices, show_refusal
from tenants.access import rules
from tenants.access.amounts import read_amount, speak_limits
from tenants.access.models import Acknowledgement, Question
from tenants.access.questions import ANSWER_LENGTH, PREFIX
from tenants.access.sizes import grants_to_liken
from tenants.access.states import MONEY, DataClass, DenyReason, LimitKind
from tenants.teams.models import Application

SUGGESTED = {"rpm": 60, "tpm": 60_000, "tokens_per_month": 10_000_000}
SUGGESTED_DAYS = 90
MAIN_KINDS = ("tpm", "rpm", "tokens_per_month", "usd_per_month")


class Amount(forms.CharField):
    """A limit as a person types it, `60,000` or `60 000`; its value is a whole number of internal units."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        hint = {"inputmode": "decimal" if kind in MONEY else "numeric", "autocomplete": "off"}
        super().__init__(
            label=LimitKind(kind).label, required=False, max_length=40, widget=forms.TextInput(attrs=hint)
        )

    def clean(self, value: Any) -> int | None:
        typed = super().clean(value).replace(",", "").replace("_", "").replace(" ", "").removeprefix("$")
        if not typed:
            return None
        try:
            return read_amount(self.kind, typed)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class Count(forms.IntegerField):
    """A whole number as a person types it, `2,000`; may be left out."""

    def __init__(self, label: str) -> None:
        hint = {"inputmode": "numeric", "autocomplete": "off"}
        widget = forms.TextInput(attrs=hint)
        super().__init__(label=label, required=False, min_value=1, max_value=10**9, widget=widget)

    def to_python(self, value: Any) -> int | None:
        return super().to_python(value.replace(",", "").replace(" ", "") if isinstance(value, str) else value)


class LimitsForm(forms.Form):
    """One field per kind of limit; an empty one is no limit of that kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in LimitKind.values:
            self.fields[kind] = Amount(kind)

    @property
    def limits(self) -> dict[str, int]:
        """The limits that were typed, in internal units."""
        typed = {kind: self.cleaned_data.get(kind) for kind in LimitKind.values}
        return {kind: amount for kind, amount in typed.items() if amount is not None}

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [self[kind] for kind in MAIN_KINDS]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[kind] for kind in LimitKind.values if kind not in MAIN_KINDS]

    @property
    def more_is_used(self) -> bool:
        """Is anything typed, or wrong, among the fields that are folded away?"""
        return any(bound.value() or bound.errors for bound in self.more_fields)

    def tell(self, refused: Refused) -> None:
        """Show a refusal beside the field it is about, else above the form."""
        show_refusal(self, refused)


def spoken(limits: Mapping[str, int]) -> dict[str, str]:
    """Limits as a form shows them: 60,000."""
    return {kind: f"{Decimal(value):,}" for kind, value in speak_limits(limits).items()}


def applications_of(person: User) -> list[tuple[str, list[tuple[int, str]]]]:
    """The applications that a person may ask for, grouped by team, for a select."""
    rows = Application.objects.filter(team__memberships__user=person, team__closed_at=None)
    groups: dict[str, list[tuple[int, str]]] = {}
    for row in rows.select_related("team").order_by("team__name", "slug"):
        groups.setdefault(row.team.name, []).append((row.pk, f"{row.name} ({row.get_environment_display()})"))
    return list(groups.items())


class RequestForm(LimitsForm):
    """What a team asks for. The team follows from the application."""

    purpose = forms.CharField(
        max_length=rules.PURPOSE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text="What is it for, and who will notice if it is missing? The approver reads this first.",
    )
    application = forms.TypedChoiceField(coerce=int, label="Application")
    data_class = forms.ChoiceField(choices=DataClass.choices, label="Most sensitive data it will see")
    ends_on = forms.DateField(
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="At most a year.",
    )
    calls_per_day = Count(label="Calls a day")
    tokens_in = Count(label="Tokens into one call")
    tokens_out = Count(label="Tokens out of one call")
    like = forms.TypedChoiceField(
        coerce=int, required=False, empty_value=None, label="Like what this application really uses"
    )
    terms_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    accepted = forms.BooleanField(required=False, label="We have read these terms and will keep them.")

    def __init__(self, *args: Any, offer: Offer, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer = offer
        set_choices(self, "application", applications_of(person))
        self.acknowledged = acknowledged(offer, person)
        self.add_questions()
        listed = grants_to_liken(person, clock.now())
        set_choices(self, "like", [("", "Choose an application"), *listed])

    def add_questions(self) -> None:
        """One field for each question that the offer and the chosen data ask."""
        chosen = str((self.data if self.is_bound else self.initial).get("data_class") or "")
        for question in Question.objects.asked_for(self.offer, chosen):
            self.fields[f"{PREFIX}{question.pk}"] = field_of(question)

    @property
    def question_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(PREFIX)]

    @property
    def can_liken(self) -> bool:
        return len(choices_of(self, "like")) > 1

    @property
    def stated_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in rules.STATED]

    @property
    def stated(self) -> dict[str, int] | None:
        """What the team expects, where it says so."""
        told = {name: self.cleaned_data[name] for name in rules.STATED if self.cleaned_data.get(name)}
        return told or None

    @property
    def needs_a_tick(self) -> bool:
        """Is any of the person's teams left that has not acknowledged these terms?"""
        teams = {team for team, _ in choices_of(self, "application")}
        return self.offer.terms is not None and not teams <= set(self.acknowledged.values())

    @property
    def chosen(self) -> Application:
        return Application.objects.select_related("team").get(pk=self.cleaned_data["application"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        known = "application" in cleaned and self.chosen.team_id in self.acknowledged
        if self.offer.terms and not known and not cleaned.get("accepted"):
            self.add_error("accepted", "Tick this to go on; the request names the version you read.")
        return cleaned


def acknowledged(offer: Offer, person: User) -> dict[int, str]:
    """The person's teams that acknowledged the offer's terms in this version: nobody ticks twice for one team."""
    mine = Acknowledgement.objects.filter(terms=offer.terms_id, team__memberships__user=person)
    return dict(mine.order_by("team__name").values_list("team", "team__name"))


def field_of(question: Question) -> forms.CharField:
    """The rules judge the answer, for a form and for a script alike."""
    hint = "" if question.required else "May be left out."
    if question.options:
        listed = [("", "Choose"), *((each, each) for each in question.options)]
        return forms.CharField(
            label=question.text, required=False, help_text=hint, widget=forms.Select(choices=listed)
        )
    return forms.CharField(
        label=question.text,
        required=False,
        help_text=hint,
        max_length=ANSWER_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def suggestions(offer: Offer, at: datetime) -> dict[str, Any]:
    """What a fresh form starts with."""
    return spoken(SUGGESTED) | {
        "data_class": DataClass.INTERNAL,
        "ends_on": (at + timedelta(days=SUGGESTED_DAYS)).date(),
        "terms_version": offer.terms.version if offer.terms else None,
    }


class DecideForm(LimitsForm):
    """What is granted. A reason is needed where it differs from what stands, and to deny."""

    ends_on = forms.DateField(
        label="Until", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    step = forms.IntegerField(widget=forms.HiddenInput)
    code = forms.ChoiceField(
        required=False, choices=[("", "Words alone"), *DenyReason.choices], label="If you deny: why?"
    )
    reason = forms.CharField(
        required=False,
        max_length=rules.REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed to deny, and where you grant something else than was asked. The team reads it.",
    )


class DenyForm(forms.Form):
    step = forms.IntegerField(required=False)
    code = forms.ChoiceField(required=False, choices=[("", "Words alone"), *DenyReason.choices])
    reason = forms.CharField(required=False, max_length=rules.REASON_LENGTH)


class WhyForm(forms.Form):
    reason = forms.CharField(max_length=rules.SHORT_REASON_LENGTH, label="Why?")


class WishForm(LimitsForm):
    """What a team waits for; the same that a request will ask when the offer opens."""

    application = forms.TypedChoiceField(coerce=int, label="Application")
    why = forms.CharField(
        max_length=rules.PURPOSE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What would you use it for?",
        help_text="Who waits, and for what, decides what is connected next.",
    )
    data_class = forms.ChoiceField(choices=DataClass.choices, label="Most sensitive data it would see")

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        start = spoken(SUGGESTED) | {"data_class": DataClass.INTERNAL}
        super().__init__(*args, initial=start, **kwargs)
        set_choices(self, "application", applications_of(person))

    @property
    def chosen(self) -> Application:
        return Application.objects.select_related("team").get(pk=self.cleaned_data["application"])
