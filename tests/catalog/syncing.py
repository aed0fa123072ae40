"""Sync a host in this process, as a worker would."""

from datetime import UTC, datetime, timedelta
from itertools import count

from catalog import sync
from catalog.models import Host, SyncRun
from catalog.seed import TERMS
from foundry.lib.http import Bounds
from tests import make

DAY_ONE = datetime(2026, 3, 1, 9, tzinfo=UTC)
LOOPBACK = ["127.0.0.1/32"]
QUICK = Bounds(body_bytes=2**20, deadline_s=2, connect_s=1, read_s=1, attempts=2)
_moments = count(1)


def azure(url: str) -> Host:
    """A region of Azure whose listing is at `url`."""
    slug, _, facts = TERMS[0]
    return make.host(
        "azure-east",
        name="Azure East US 2",
        connector="azure",
        region="eastus2",
        listing_base_url=url,
        listing_settings={"subscription": "sub-1", "location": "eastus2"},
        trusted_networks=LOOPBACK,
        default_terms=make.terms(slug, **facts),
    )


def compatible(url: str) -> Host:
    return make.host("vllm", connector="openai_compatible", listing_base_url=url, trusted_networks=LOOPBACK)


def run(host: Host, at: datetime | None = None, bounds: Bounds = QUICK) -> SyncRun:
    """One run from queued to its end; each call is a minute later than the one before."""
    moment = at or DAY_ONE + timedelta(minutes=next(_moments))
    queued = SyncRun.objects.create(host=host, asked_by="test", asked_at=moment)
    done = sync.run(queued.pk, now=lambda: moment, bounds=bounds)
    assert done is not None
    return SyncRun.objects.get(pk=done.pk)
