"""For the status page: do gateways live, and do their calls reach the ledger?"""

from datetime import timedelta

from foundry.lib import clock
from foundry.web.status import Probe
from tenants.usage.models import Shipper

SEEN_LIMIT_S = 15
LAG_LIMIT_S = 30
FORGOTTEN_AFTER = timedelta(hours=1)


def probes() -> list[Probe]:
    """One line for gateways as a whole, one for the oldest call that still waits in a spool."""
    at = clock.now()
    rows = list(Shipper.objects.filter(seen_at__gt=at - FORGOTTEN_AFTER))
    if not rows:
        return [
            Probe(
                "gateway",
                None,
                SEEN_LIMIT_S,
                "no gateway has shipped in the last hour; see var/log/gateway.log",
            )
        ]
    newest = max(row.seen_at for row in rows)
    waiting, oldest_s = sum(row.waiting for row in rows), max(row.oldest_s for row in rows)
    return [
        Probe(
            "gateway", max(0.0, (at - newest).total_seconds()), SEEN_LIMIT_S, f"{len(rows)} in the last hour"
        ),
        Probe("spool", oldest_s, LAG_LIMIT_S, f"{waiting:,} calls wait to be booked"),
    ]
