"""Read hosts' status pages and keep what they said as intervals. A page that cannot be read says nothing."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from catalog import status_page
from catalog.models import Host, StatusReading
from catalog.states import Health
from catalog.status_page import Said
from foundry.lib.addresses import networks
from foundry.lib.errors import Invalid
from foundry.lib.http import Bounds, GuardedClient, OutwardError

EVERY = timedelta(minutes=2)
GAP = timedelta(minutes=10)  # asked less often than this, nobody knows what was in between
BOUNDS = Bounds(body_bytes=4 * 2**20, deadline_s=15, connect_s=4, read_s=8, attempts=1)


def due(at: datetime) -> list[int]:
    """Ids of hosts in use whose page was not asked for two minutes; what was refused is asked as often."""
    newest = StatusReading.objects.filter(host=OuterRef("pk")).order_by("-at", "-pk").values("seen_until")[:1]
    hosts = Host.objects.filter(disabled_at=None).exclude(status_url="").annotate(seen=Subquery(newest))
    waiting = hosts.filter(Q(seen=None) | Q(seen__lte=at - EVERY + timedelta(seconds=10)))
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def poll(host: Host, bounds: Bounds = BOUNDS) -> Said:
    """Ask the page, without any credential. Never raises: what fails says why nothing is known."""
    url = f"{host.status_url.rstrip('/')}/{status_page.PATH}"
    try:
        with GuardedClient(host.status_url, trusted=networks(host.trusted_networks), bounds=bounds) as client:
            return status_page.read(client.get(url).body)
    except (OutwardError, Invalid) as error:
        return Said(Health.UNKNOWN, str(error)[:200])


@transaction.atomic
def note(host_id: int, said: Said, at: datetime) -> StatusReading:
    """Prolong the last reading where the page still says the same, else begin a new one. Safe to run twice."""
    Host.objects.select_for_update(no_key=True, of=("self",)).get(pk=host_id)
    last = StatusReading.objects.filter(host=host_id).order_by("-at", "-pk").first()
    if last is not None and at <= last.seen_until:
        return last
    same = (
        last is not None
        and last.health == said.health
        and (said.health == Health.UNKNOWN or (last.words, last.details) == (said.words, said.details))
    )
    if last is not None and at - last.seen_until <= GAP:
        last.seen_until = at  # what it said held until now, or until it said something else
        last.save(update_fields=["seen_until"])
        if same:
            return last
    return StatusReading.objects.create(
        host_id=host_id, health=said.health, words=said.words, details=said.details, at=at, seen_until=at
    )
