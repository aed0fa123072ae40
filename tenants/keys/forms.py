"""The forms that make, change, rotate and end a key."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Q

from foundry.people.models import User
from tenants.access.models import Grant
from tenants.keys.models import ApiKey
from tenants.teams.models import Application

DAY_S = 86_400
OVERLAPS = [(0, "nothing: it ends now"), (3_600, "an hour"), (DAY_S, "a day"), (7 * DAY_S, "seven days")]


class LinesField(forms.CharField):
    """A text per line, or between commas."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=1_200, **options)
        self.widget.attrs |= {"rows": 3, "class": "mono", "spellcheck": "false"}

    def clean(self, value: Any) -> list[str]:
        return (super().clean(value) or "").replace(",", " ").split()

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class LimitsOfKeyForm(forms.Form):
    """What it is called, from where it may be used, until when."""

    name = forms.CharField(
        max_length=80, label="Name", help_text="Where it will be used, for example “chat, eastus2”."
    )
    networks = LinesField(
        label="Only from these networks",
        help_text="One per line, for example 10.20.0.0/16. Empty: from anywhere.",
    )
    expires_on = forms.DateField(
        required=False,
        label="Ends on",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: when its grants end.",
    )

    def expires_at(self) -> datetime | None:
        """The end of that day, UTC."""
        ends: date | None = self.cleaned_data["expires_on"]
        return datetime.combine(ends + timedelta(days=1), time(), UTC) if ends else None


class KeyForm(LimitsOfKeyForm):
    application = forms.ModelChoiceField(
        Application.objects.none(),
        label="Application",
        empty_label="Choose one",
        help_text="The key carries all its live grants; keep it to some of them on its page.",
    )
    personal = forms.BooleanField(
        required=False,
        label="My own key",
        help_text="It ends when you leave the team. Without this it is the application's, and goes on.",
    )
    field_order = ("application", "name", "personal", "networks", "expires_on")

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Application.objects.filter(team__memberships__user=person, team__closed_at=None)
        field = self.fields["application"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = own.select_related("team")


class GrantsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Grants by the offer that they open."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, grant: Any) -> str:
        return f"{grant.offer.call_name}, grant {grant.pk}"


class ChangeKeyForm(LimitsOfKeyForm):
    grants = GrantsField(
        Grant.objects.none(),
        required=False,
        label="Only for these offers",
        help_text="None chosen: every one that its application is granted, also later.",
    )
    field_order = ("name", "grants", "networks", "expires_on")

    def __init__(self, key: ApiKey, at: datetime, data: Any = None) -> None:
        held: Collection[Grant] = list(key.grants.all())
        ends = key.expires_at
        initial = {
            "name": key.name,
            "networks": list(key.networks),
            "grants": held,
            "expires_on": (ends - timedelta(microseconds=1)).astimezone(UTC).date() if ends else None,
        }
        super().__init__(data, initial=initial)
        self.key = key
        named = Q(named__application=key.application, revoked_at=None, ends_at__gt=at) | Q(
            pk__in=[g.pk for g in held]
        )
        field = self.fields["grants"]
        assert isinstance(field, GrantsField)
        field.queryset = Grant.objects.filter(named).with_names().distinct()

    def expires_at(self) -> datetime | None:
        """As it was, to the second, where the day is the same."""
        return super().expires_at() if "expires_on" in self.changed_data else self.key.expires_at


class RotateForm(forms.Form):
    overlap_s = forms.TypedChoiceField(
        choices=OVERLAPS,
        coerce=int,
        empty_value=str(DAY_S),
        required=False,
        label="The old secret goes on for",
    )


class RevokeForm(forms.Form):
    reason = forms.CharField(max_length=200, label="Why?")
