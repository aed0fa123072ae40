"""For the status page: how old each host's last good sync is, and when its status page was last asked."""

from datetime import datetime

from django.db.models import Max, Q
from django.db.models.functions import Coalesce

from catalog.models import Host
from catalog.states import RunState
from foundry.lib import clock
from foundry.web.status import Probe

GOOD = [RunState.SUCCEEDED, RunState.PARTIAL]
ASKED_LIMIT_S = 900  # each is due every two minutes
SLACK = 2  # a host may miss one sync before it counts as stale


def probes() -> list[Probe]:
    at = clock.now()
    good = Max("runs__finished_at", filter=Q(runs__state__in=GOOD))
    hosts = Host.objects.filter(disabled_at=None, sync_every_s__isnull=False).annotate(good=good)
    return [probe(host, host.good, at) for host in hosts] + asked_pages(at)


def probe(host: Host, good: datetime | None, at: datetime) -> Probe:
    """A host that only a person can mend is stale at once; any other when it missed its second sync."""
    age_s = None if good is None or host.trouble_lasting else (at - good).total_seconds()
    unseen = f"{host.name} has not been synced well yet" if good is None else "last good sync"
    return Probe(f"sync {host.slug}", age_s, SLACK * (host.sync_every_s or 0), host.trouble or unseen)


def asked_pages(at: datetime) -> list[Probe]:
    """One probe for all status pages: how long ago the one that waits longest was asked, whatever it answered."""
    pages = Host.objects.filter(disabled_at=None).exclude(status_url="")
    last = Coalesce(Max("readings__seen_until"), "created_at")
    longest = pages.annotate(asked=last).order_by("asked", "pk").values_list("name", "asked").first()
    if longest is None:
        return []
    name, asked = longest
    return [Probe("status pages", (at - asked).total_seconds(), ASKED_LIMIT_S, f"{name} waits longest")]
