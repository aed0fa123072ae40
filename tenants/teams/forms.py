"""Forms of the teams' pages."""

from django import forms

from tenants.teams.models import Environment, Membership


class TeamForm(forms.Form):
    name = forms.CharField(max_length=120)
    slug = forms.CharField(
        max_length=50, label="Short name", help_text="Lower-case letters, digits and dashes; stays for good."
    )
    cost_centre = forms.CharField(max_length=20, label="Cost centre", help_text="Finance's number.")
    owner = forms.EmailField(label="First owner", help_text="The address that this person signs in with.")


class MemberForm(forms.Form):
    email = forms.EmailField(label="Address")
    role = forms.ChoiceField(choices=[(Membership.MEMBER, "Member"), (Membership.OWNER, "Owner")])


class ApplicationForm(forms.Form):
    name = forms.CharField(max_length=120, label="Name of the application")
    slug = forms.CharField(max_length=50, label="Short name", help_text="For example chat-prod.")
    environment = forms.ChoiceField(choices=Environment.choices)
