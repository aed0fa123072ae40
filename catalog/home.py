"""What of supply waits for whom, for the home page."""

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse

from catalog.models import Change, Host, Offer, SyncRun
from catalog.states import ChangeState, RunState
from foundry.people.models import Role, User

Line = dict[str, Any]
BAD = [RunState.FAILED, RunState.QUARANTINED]


def blocks(person: User) -> dict[str, list[Line]]:
    """Admins settle changes; admins and ops look after hosts. Three queries at most."""
    waits = changes_waiting() + to_publish() if person.is_any(Role.ADMIN) else []
    troubled = hosts_in_trouble() if person.is_any(Role.ADMIN, Role.OPS) else []
    return {"waits": waits + troubled, "runs_out": [], "changed": []}


def changes_waiting() -> list[Line]:
    rows = Change.objects.filter(state=ChangeState.WAITING).order_by().values("host__slug", "host__name")
    return [
        {
            "title": f"{row['count']} risky {'change' if row['count'] == 1 else 'changes'} at {row['host__name']}",
            "detail": "Nothing of it counts until you apply it.",
            "url": f"{reverse('changes')}?host={row['host__slug']}",
            "tone": "warn",
            "at": None,
        }
        for row in rows.annotate(count=Count("pk")).order_by("host__name")
    ]


def to_publish() -> list[Line]:
    """Hosts with new offers that nobody but admins and ops sees."""
    rows = (
        Offer.objects.unpublished().order_by().values("host__slug", "host__name").annotate(count=Count("pk"))
    )
    return [
        {
            "title": f"{row['count']} new {'offer waits' if row['count'] == 1 else 'offers wait'} at {row['host__name']}",
            "detail": "Teams see them once you publish them.",
            "url": f"{reverse('unpublished')}?host={row['host__slug']}",
            "tone": "info",
            "at": None,
        }
        for row in rows.order_by("host__name")
    ]


def hosts_in_trouble() -> list[Line]:
    """Hosts whose last finished sync brought nothing, and why; those first that only a person can mend."""
    last = SyncRun.objects.filter(host=OuterRef("pk"), finished_at__isnull=False).order_by("-pk")
    hosts = Host.objects.filter(disabled_at=None).annotate(
        last=Subquery(last.values("state")[:1]), ended_at=Subquery(last.values("finished_at")[:1])
    )
    return [
        {
            "title": f"The last sync of {host.name} {'failed' if host.last == RunState.FAILED else 'was quarantined'}",
            "detail": host.trouble or "Its offers stay as they were.",
            "url": reverse("host", args=[host.slug]),
            "tone": "bad" if host.trouble_lasting or host.last == RunState.FAILED else "warn",
            "at": host.ended_at,
        }
        for host in hosts.filter(last__in=BAD).order_by("-trouble_lasting", "name")
    ]
