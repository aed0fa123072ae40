"""What happens to grants by the clock: the rules of it."""

from datetime import datetime

from django.db import transaction

from foundry.people.models import User
from tenants.access.actions.laying import lay_down
from tenants.access.models import LifeRules

RANGES = {
    "grace_days": (0, 60),
    "idle_after_days": (0, 366),
    "idle_answer_days": (1, 60),
    "certify_every_days": (0, 730),
    "certify_within_days": (1, 90),
}


@transaction.atomic
def set_life_rules(*, actor: User, at: datetime, **changes: int) -> LifeRules:
    """An admin says what happens by the clock from now on; what runs keeps its own. Raises Invalid, Forbidden."""
    held = LifeRules.objects.current()
    return lay_down(held, changes, ranges=RANGES, word="life", verb="policy.life", actor=actor, at=at)
