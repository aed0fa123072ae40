"""Pages of policies: read any version; admins edit a draft, try it on past requests, and switch it on."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Offer
from foundry.lib import clock
from foundry.lib.errors import Conflict, Invalid
from foundry.people.access import signed_in, with_role
from foundry.people.models import Role, User
from tenants.access import actions, trial
from tenants.access.models import OfferOwner, Policy
from tenants.access.policy_forms import OwnerForm, RuleForm, initial_of
from tenants.access.policy_rules import describe, outcome_of, speak_rules
from tenants.access.states import step_label
from tenants.teams.rules import person_called
from tenants.teams.views import checked

READERS = (Role.ADMIN, Role.OPS, Role.AUDITOR, Role.SECURITY, Role.FINANCE)
VERDICTS = {
    "same": ("As it was", "quiet"),
    "automatic": ("At once", "good"),
    "fewer": ("Fewer decisions", "info"),
    "more": ("More decisions", "warn"),
    "other": ("Other people", "info"),
    "refused": ("Too long", "bad"),
}
Rules = list[dict[str, Any]]


def lines_of(policy: Policy) -> list[dict[str, str]]:
    return [{"name": rule["name"], "when": describe(rule), "does": outcome_of(rule)} for rule in policy.rules]


@require_safe
@with_role(*READERS)
def policy_list(request: HttpRequest) -> HttpResponse:
    """`?version=` of the policies, else the one in force, and who answers for which offer."""
    wanted = request.GET.get("version", "")
    current = Policy.objects.current()
    shown = current
    if wanted and wanted != str(current.number):
        if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 9):
            raise Http404
        shown = get_object_or_404(Policy, number=int(wanted))
    context = {
        "shown": shown,
        "current": current,
        "lines": lines_of(shown),
        "versions": Policy.objects.exclude(number=None).select_related("switched_on_by")[:50],
        "draft": Policy.objects.filter(number=None).first(),
        "owners": OfferOwner.objects.select_related("user", "offer__model__publisher", "offer__host"),
        "owner_form": OwnerForm(),
        "editors": User.objects.filter(pk__in=shown.editor_ids),
        "may_edit": signed_in(request).is_any(Role.ADMIN),
    }
    return render(request, "access/policies.html", context)


def the_draft() -> Policy:
    draft = Policy.objects.filter(number=None).first()
    if draft is None:
        raise Conflict("policy.no_draft", "There is no draft.", remedy="Start one from the version in force.")
    return draft


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def policy_draft(request: HttpRequest) -> HttpResponse:
    """The draft's rules in order; POST starts one."""
    if request.method == "POST":
        of = request.POST.get("of", "")
        number = int(of) if of.isascii() and of.isdecimal() and len(of) < 9 else None
        actions.start_draft(of=number, actor=signed_in(request), at=clock.now())
        return redirect("policy-draft")
    draft = Policy.objects.filter(number=None).first()
    if draft is None:
        return redirect("policies")
    context = {"draft": draft, "lines": lines_of(draft), "current": Policy.objects.current()}
    return render(request, "access/policy_draft.html", context)


@require_http_methods(["GET", "POST"])
@with_role(Role.ADMIN)
def policy_rule(request: HttpRequest) -> HttpResponse:
    """One rule of the draft, `?name=`; without a name a new one at the end."""
    draft = the_draft()
    named = request.GET.get("name", "")
    rule = next((each for each in draft.rules if each["name"] == named), None)
    if named and rule is None and request.method == "GET":
        raise Http404
    form = RuleForm(request.POST or None, initial=initial_of(rule) if rule else {})
    if request.method == "POST" and form.is_valid():
        rules = replaced(draft.rules, form.cleaned_data["was"], form.cleaned_data["rule"])
        try:
            change(request, draft, rules)
            return redirect("policy-draft")
        except Invalid as refused:
            form.add_error(None, str(refused))
    return render(
        request, "access/policy_rule.html", {"form": form, "rule": rule}, status=400 if form.errors else 200
    )


def replaced(rules: Rules, was: str, rule: dict[str, Any]) -> Rules:
    """The rules with the one called `was` replaced, or with one more at the end."""
    if not was:
        return [*rules, rule]
    return [rule if each["name"] == was else each for each in placed(rules, was)]


def placed(rules: Rules, name: str) -> Rules:
    if name not in {rule["name"] for rule in rules}:
        raise Conflict(
            "policy.rule_gone", f"The draft has no rule '{name[:80]}' any more.", remedy="Reload the draft."
        )
    return rules


def change(request: HttpRequest, draft: Policy, rules: Rules) -> None:
    actions.change_draft(draft.pk, rules=speak_rules(rules), actor=signed_in(request), at=clock.now())


@require_POST
@with_role(Role.ADMIN)
def policy_move(request: HttpRequest) -> HttpResponse:
    """Move the named rule one place up or down, or take it out."""
    draft, name, to = the_draft(), request.POST.get("name", ""), request.POST.get("to", "")
    rules = placed(draft.rules, name)
    at = next(place for place, rule in enumerate(rules) if rule["name"] == name)
    rule, others = rules[at], [*rules[:at], *rules[at + 1 :]]
    if to != "out":
        others.insert(max(0, at - 1) if to == "up" else at + 1, rule)
    change(request, draft, others)
    return redirect("policy-draft")


@require_safe
@with_role(Role.ADMIN)
def policy_try(request: HttpRequest) -> HttpResponse:
    """What the draft would have decided of the last requests. Only those it changes, unless `?show=all`."""
    tried = trial.try_on(the_draft())
    show_all = request.GET.get("show") == "all"
    rows = [
        {
            "request": each.request,
            "had": ", ".join(map(step_label, each.had)),
            "would": ", ".join(map(step_label, each.would_have)),
            "rule": each.would.automatic or "",
            "verdict": VERDICTS[each.verdict],
        }
        for each in tried
        if show_all or each.verdict != "same"
    ]
    told = [(VERDICTS[name][0], number) for name, number in trial.counts(tried).items()]
    return render(
        request,
        "access/policy_try.html",
        {"rows": rows, "told": told, "total": len(tried), "show_all": show_all},
    )


@require_POST
@with_role(Role.ADMIN)
def policy_switch_on(request: HttpRequest) -> HttpResponse:
    policy = actions.switch_on(the_draft().pk, actor=signed_in(request), at=clock.now())
    messages.success(request, f"Policy {policy.number} is in force. What is open keeps the steps it has.")
    return redirect("policies")


@require_POST
@with_role(Role.ADMIN)
def policy_discard(request: HttpRequest) -> HttpResponse:
    actions.discard_draft(the_draft().pk, actor=signed_in(request), at=clock.now())
    messages.success(request, "The draft is gone.")
    return redirect("policies")


@require_POST
@with_role(Role.ADMIN)
def offer_owner_add(request: HttpRequest) -> HttpResponse:
    fields = checked(OwnerForm(request.POST))
    offer = offer_called(fields["offer"])
    owner = person_called(fields["owner"], "owner")
    actions.name_offer_owner(offer, owner, actor=signed_in(request), at=clock.now())
    messages.success(request, f"{owner} answers for {offer}.")
    return redirect(f"{reverse('policies')}#owners")


def offer_called(name: str) -> Offer:
    """The offer that a caller names `host:publisher/model`. Raises Invalid for none."""
    host, _, model = name.strip().partition(":")
    publisher, _, slug = model.partition("/")
    found = Offer.objects.with_names().filter(
        host__slug=host, model__publisher__slug=publisher, model__slug=slug
    )
    offer = found.order_by("pk").first()
    if offer is None:
        raise Invalid(
            "offer.unknown",
            f"No offer is called {name[:80]}.",
            remedy="Use host:publisher/model.",
            errors={"offer": "Unknown."},
        )
    return offer


@require_POST
@with_role(Role.ADMIN)
def offer_owner_drop(request: HttpRequest, number: int) -> HttpResponse:
    actions.drop_offer_owner(number, actor=signed_in(request), at=clock.now())
    messages.success(request, "They no longer answer for it.")
    return redirect(f"{reverse('policies')}#owners")
