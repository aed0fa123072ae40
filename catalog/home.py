"""What of supply waits for whom, for the home page."""

from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse

from catalog import health
from catalog.models import Change, Host, Offer, Pause, SyncRun
from catalog.states import ChangeState, RunState
from foundry.lib import clock
from foundry.people.models import Role, User

Line = dict[str, Any]
PAUSES_SHOWN = 6
BAD = [RunState.FAILED, RunState.QUARANTINED]


def blocks(person: User) -> dict[str, list[Line]]:
    """Admins settle changes; admins and ops look after hosts. Eight queries at most."""
    waits = changes_waiting() + to_publish() if person.is_any(Role.ADMIN) else []
    keeps = person.is_any(Role.ADMIN, Role.OPS)
    troubled = hosts_unwell() + hosts_in_trouble() + pauses_open() if keeps else []
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


def hosts_unwell() -> list[Line]:
    """Hosts whose page, or whose calls, say that they do not serve well now."""
    hosts = list(Host.objects.filter(disabled_at=None))
    now = health.now_of(hosts, clock.now())
    return [
        {
            "title": f"{host.name}: {now[host.pk].label.lower()}",
            "detail": now[host.pk].words,
            "url": reverse("host", args=[host.slug]),
            "tone": now[host.pk].tone,
            "at": now[host.pk].since,
            "when": "since",
        }
        for host in hosts
        if now[host.pk].troubled
    ]


def pauses_open() -> list[Line]:
    """What is out of use, or will be, and until when."""
    at = clock.now()
    return [
        {
            "title": f"{pause.of} is {'paused' if pause.starts_at <= at else 'to be paused'}",
            "detail": pause.reason,
            "url": reverse("host", args=[pause.host.slug])
            if pause.host
            else reverse("offer", args=[pause.offer_id]),
            "tone": "warn",
            "at": pause.ends_at if pause.starts_at <= at else pause.starts_at,
            "when": "ends" if pause.starts_at <= at else "begins",
        }
        for pause in Pause.objects.open(at).with_names().order_by("starts_at", "pk")[:PAUSES_SHOWN]
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
