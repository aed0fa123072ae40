"""The page of what happens to grants by the clock."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from foundry.people.access import with_role
from foundry.people.models import Role
from tenants.access import actions
from tenants.access.actions.living import RANGES
from tenants.access.models import LifeRules
from tenants.access.rules_page import RangesForm, rules_page


class LifeForm(RangesForm):
    ranges = RANGES
    labels = {
        "grace_days": "A grant goes on while its renewal is undecided: days at most",
        "idle_after_days": "A grant that nobody calls is asked about: after days, 0 never",
        "idle_answer_days": "Its owner keeps it, or it goes back: within days",
        "certify_every_days": "What a team holds is reviewed: every so many days, 0 only on demand",
        "certify_within_days": "A review is due: within days",
    }


@require_http_methods(["GET", "POST"])
@with_role(*Role.values)
def life_rules(request: HttpRequest) -> HttpResponse:
    """What happens by the clock; an admin changes it."""
    form = LifeForm(LifeRules.objects.current(), request.POST or None)
    saved = "These rules count from now on; what runs keeps its own."
    return rules_page(
        request, form, actions.set_life_rules, LifeRules.objects.all(), saved=saved, name="life-rules"
    )
