"""The form that makes a key."""

from typing import Any

from django import forms

from foundry.people.models import User
from tenants.teams.models import Application


class KeyForm(forms.Form):
    application = forms.ModelChoiceField(
        Application.objects.none(),
        label="Application",
        empty_label="Choose one",
        help_text="The key carries every live grant of this application.",
    )
    name = forms.CharField(
        max_length=80, label="Name", help_text="Where it will be used, for example “chat, eastus2”."
    )
    expires_on = forms.DateField(
        required=False,
        label="Ends on",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: when its grants end.",
    )

    def __init__(self, person: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Application.objects.filter(team__memberships__user=person, team__closed_at=None)
        field = self.fields["application"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = own.select_related("team")


class RevokeForm(forms.Form):
    reason = forms.CharField(max_length=200, label="Why?")
