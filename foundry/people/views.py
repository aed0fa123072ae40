"""Sign in, sign out, one-time links, and a person's own tokens."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from foundry.lib import clock
from foundry.people import actions, throttle
from foundry.people.access import signed_in
from foundry.people.models import Role, Scope, User

EXAMPLE = "curl -s {url}/api/v1/me/ -H 'Authorization: Bearer {secret}'"
BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "This address and password do not match. After ten wrong tries the account rests for ten minutes.",
        "inactive": "This account is switched off. Ask an admin.",
    }

    def clean(self) -> dict[str, Any]:
        throttle.require_calm(self.cleaned_data.get("username", ""), self.request)
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            throttle.note_failure(self.cleaned_data.get("username", ""), self.request)
            raise
        return cleaned


class SignIn(LoginView):
    template_name = "login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


def sign_in_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """A GET only shows a button, because mail scanners follow links; the POST uses the link up."""
    if request.method == "POST":
        person = actions.use_sign_in_link(secret, clock.now())
        if person is None:
            messages.error(
                request,
                "This link was used or is too old. Make another with `python manage.py admin <email>`.",
            )
            return redirect("login")
        login(request, person, backend=BACKEND)
        return redirect("home")
    return render(request, "people/link.html", {})


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, label="What is it for?")
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, initial=["read"], widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(min_value=1, max_value=365, initial=30, label="Days until it ends")


@require_http_methods(["GET", "POST"])
@login_required
def settings_page(request: HttpRequest) -> HttpResponse:
    """The person's tokens; a new secret is shown once, in the answer to the form that made it."""
    person, secret = signed_in(request), None
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        _, secret = actions.issue_token(person, **form.cleaned_data, actor=person, at=clock.now())
        form = TokenForm()
    context: dict[str, Any] = {
        "form": form,
        "secret": secret,
        "tokens": person.tokens.all()[:50],
        "now": clock.now(),
    }
    context["roles"] = [Role(role).label for role in sorted(person.roles)]
    context["example"] = EXAMPLE.format(url=settings.CONSOLE_URL, secret=secret)
    return render(request, "people/settings.html", context)


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    person = signed_in(request)
    if not person.tokens.filter(pk=token_id).exists():
        return render(request, "404.html", status=404)
    actions.revoke_token(token_id, actor=person, at=clock.now())
    messages.success(request, "The token is revoked.")
    return redirect("settings")


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """One click as a demo person. This address exists only while the demo is on."""
    from foundry.people.demo import PEOPLE

    email = request.POST.get("email", "")
    person = User.objects.filter(email=email).first() if email in {row.email for row in PEOPLE} else None
    if person is None:
        messages.error(request, "No such demo person. Load the demo with `python manage.py demo`.")
        return redirect("login")
    logout(request)
    login(request, person, backend=BACKEND)
    return redirect("home")
