"""For the status page: how old each host's last good sync is."""

from django.db.models import Max, Q

from catalog.models import Host
from catalog.states import RunState
from foundry.lib import clock
from foundry.web.status import Probe

GOOD = [RunState.SUCCEEDED, RunState.PARTIAL]
SLACK = 2  # a host may miss one sync before it counts as stale


def probes() -> list[Probe]:
    at = clock.now()
    good = Max("runs__finished_at", filter=Q(runs__state__in=GOOD))
    hosts = Host.objects.filter(disabled_at=None, sync_every_s__isnull=False).annotate(good=good)
    return [
        Probe(
            f"sync {host.slug}",
            None if host.good is None else (at - host.good).total_seconds(),
            SLACK * (host.sync_every_s or 0),
            f"{host.name} has not been synced well yet" if host.good is None else "last good sync",
        )
        for host in hosts
    ]
