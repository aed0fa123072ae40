"""The daily look at grants that nobody calls."""

from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from tenants.access import idle_rules
from tenants.access.actions.idling import notice_idle, take_back
from tenants.access.models import Idle, LifeRules


def look(at: datetime) -> tuple[int, int]:
    """How many grants went back, and of how many owners were told; however often this runs, each once."""
    due = Idle.objects.open_at(at).filter(due_at__lte=at).order_by("due_at", "pk")
    back = sum(take_back(each.pk, at=at) is not None for each in due if idle_rules.is_due(each, at))
    note_calls(at)
    told = sum(
        notice_idle(pk, since, at=at) is not None
        for pk, since in list(idle_rules.found(LifeRules.objects.current(), at))
    )
    return back, told


def note_calls(at: datetime) -> None:
    """A call after the notice answers it. Derived from the ledger, so no act of anybody."""
    rows = dict(Idle.objects.open_at(at).values_list("grant", "noticed_at"))
    lately = import_string(settings.GRANTS_LATELY)(list(rows), at)
    used = [pk for pk, noticed_at in rows.items() if (last := lately[pk].last) and last > noticed_at]
    Idle.objects.open_at(at).filter(grant__in=used).update(used_at=at)
