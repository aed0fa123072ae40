"""Teams: who is in, what they run, and the forms of those who keep them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foundry.lib import clock
from foundry.lib.errors import Invalid, Refused
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role, User
from foundry.web.confirm import ask_first
from foundry.web.forms import show_refusal
from tenants.teams import actions, rules
from tenants.teams.forms import ApplicationForm, MemberForm, TeamForm
from tenants.teams.models import Membership, Team

PER_PAGE = 25


def team_seen(request: HttpRequest, slug: str) -> Team:
    return get_object_or_404(Team.objects.seen_by(signed_in(request)), slug=slug)


@require_safe
@login_required
def teams(request: HttpRequest) -> HttpResponse:
    person = signed_in(request)
    my_role = Membership.objects.filter(team=OuterRef("pk"), user=person).values("role")[:1]
    rows = (
        Team.objects.seen_by(person)
        .select_related("cost_centre")
        .annotate(
            people=Count("memberships", distinct=True),
            apps=Count("applications", distinct=True),
            my_role=Subquery(my_role),
        )
        .order_by("name", "pk")
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "may_create": person.is_any(Role.ADMIN)}
    return render(request, "teams/teams.html", context)


@require_safe
@login_required
def team(request: HttpRequest, slug: str) -> HttpResponse:
    row, person = team_seen(request, slug), signed_in(request)
    context = {
        "team": row,
        "members": row.memberships.select_related("user"),
        "applications": row.applications.select_related("owner"),
        "is_member": rules.is_member(row, person),
        "may_manage": rules.may_manage(row, person) and row.closed_at is None,
        "member_form": MemberForm(prefix="member"),
        "application_form": ApplicationForm(prefix="application"),
    }
    return render(request, "teams/team.html", context)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def new_team(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create(request, form)
        except Refused as refused:
            show_refusal(form, refused)
        else:
            messages.success(request, f"{made.name} is set up.")
            return redirect("team", made.slug)
    return render(request, "teams/new.html", {"form": form}, status=400 if form.errors else 200)


def create(request: HttpRequest, form: TeamForm) -> Team:
    fields = dict(form.cleaned_data)
    owner = rules.person_called(fields.pop("owner"), "owner")
    return actions.create_team(**fields, owner=owner, actor=signed_in(request), at=clock.now())


def checked(form: forms.Form) -> dict[str, str]:
    """The form's values. Raises Invalid naming what is wrong, for the message above the page."""
    if not form.is_valid():
        wrong = {name: " ".join(map(str, errors)) for name, errors in form.errors.items()}
        words = " ".join(f"{name}: {why}" for name, why in wrong.items())
        raise Invalid("form.invalid", words, remedy="Mend it and send it again.", errors=wrong)
    return form.cleaned_data


@require_POST
@login_required
def add_member(request: HttpRequest, slug: str) -> HttpResponse:
    row, fields = team_seen(request, slug), checked(MemberForm(request.POST, prefix="member"))
    rules.require_manager(row, signed_in(request))
    user = rules.person_called(fields["email"], "email")
    actions.add_member(row, user, fields["role"], actor=signed_in(request), at=clock.now())
    messages.success(request, f"{user} is in {row.name}.")
    return redirect("team", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change_role(request: HttpRequest, slug: str, user_id: int) -> HttpResponse:
    """First what an owner loses, then the act."""
    row = team_seen(request, slug)
    user = get_object_or_404(row.memberships.select_related("user"), user_id=user_id).user
    if request.method != "POST":
        rules.require_manager(row, signed_in(request))
        return ask_first(
            request, f"Make {user} a member of {row}?", None, button="Make member", send={"role": Membership.MEMBER},
            words="A member still asks for models and makes keys. Owners decide a team's steps, renew, and add people.",
            back=reverse("team", args=[slug]), whom=whom_it_demotes(row, user),
        )  # fmt: skip
    role = request.POST.get("role", "")
    actions.change_role(row, user, role, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{user} is {role} now.")
    return redirect("team", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def remove_member(request: HttpRequest, slug: str, user_id: int) -> HttpResponse:
    """First what ends and what goes on, then the act; whoever leaves signs in again."""
    row, person = team_seen(request, slug), signed_in(request)
    user = get_object_or_404(row.memberships.select_related("user"), user_id=user_id).user
    leaves = user == person
    if request.method == "POST":
        actions.remove_member(row, user, actor=person, at=clock.now())
        if leaves:
            return redirect("login")
        messages.success(request, f"{user} is no longer in {row.name}.")
        return redirect("team", slug)
    if not leaves:
        rules.require_manager(row, person)
    return render(request, "confirm.html", before_removal(row, user, leaves=leaves))


def whom_it_demotes(team: Team, user: User) -> list[str]:
    """The person, and what is left of those who answer for the team."""
    owners = team.memberships.filter(role=Membership.OWNER).exclude(user=user).select_related("user")
    left = ", ".join(sorted(str(each.user) for each in owners))
    stays = (
        f"{left} still own{'s' if len(owners) == 1 else ''} {team}."
        if left
        else f"Nobody else owns {team}: make somebody an owner first."
    )
    answers = team.applications.filter(owner=user).order_by("slug").values_list("name", flat=True)
    goes_on = f"{user} still answers for {', '.join(answers)}." if answers else ""
    return [f"{user} ({user.email}), an owner of {team} now.", stays, *filter(None, [goes_on])]


def before_removal(team: Team, user: User, *, leaves: bool) -> dict[str, Any]:
    who = "Your" if leaves else "Their"
    return {
        "title": f"Leave {team}?" if leaves else f"Remove {user} from {team}?",
        "button": "Leave the team" if leaves else "Remove",
        "words": f"{who} sessions, API tokens and own keys of this team end at once. Signing in again is possible.",
        "back": reverse("team", args=[team.slug]),
        **import_string(settings.TOLL_OF_LEAVER)(user, team, clock.now()),
    }


@require_POST
@login_required
def add_application(request: HttpRequest, slug: str) -> HttpResponse:
    row, fields = team_seen(request, slug), checked(ApplicationForm(request.POST, prefix="application"))
    added = actions.add_application(row, **fields, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{added.name} is added.")
    return redirect("team", slug)
