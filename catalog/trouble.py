"""When a host brings nothing: why, who can mend it, and when it is asked again.

A passing trouble is tried again, each time later. A lasting one opens the breaker: the schedule leaves the host
alone until a person changes its connection, checks it or syncs it by hand; a good sync closes it.
"""

import hashlib
from datetime import datetime, timedelta

from django.db.models import F

from catalog.connectors.base import Kind, ListingBroken, Trouble
from catalog.models import Host
from foundry.lib.errors import Refused
from foundry.lib.http import BadAnswer, NotAllowed, OutwardError

FIRST_WAIT_S, LONGEST_WAIT_S = 60, 86_400
USUAL_INTERVAL_S = 21_600
EARLY = 0.25  # how much later than computed a retry may come
SPREAD = 0.10  # how much later than its interval a host may be synced


def trouble_of(kind: Kind | None, error: Exception) -> Trouble:
    """What an error of a run or a check means. `kind` is None where not even that could be made."""
    if isinstance(error, BadAnswer) and kind is not None:
        return kind.trouble(error)
    if isinstance(error, NotAllowed):
        return Trouble(str(error), lasting=True, remedy="Change the address or the trusted networks.")
    if isinstance(error, OutwardError):
        return Trouble(str(error), lasting=False, remedy="If it stays so, check the base URL and the host.")
    if isinstance(error, ListingBroken):
        return Trouble(f"{error}; nothing changed.", lasting=False, remedy=error.remedy)
    if isinstance(error, Refused):
        return Trouble(error.detail, lasting=True, remedy=error.remedy)
    if isinstance(error, ValueError):
        return Trouble(str(error), lasting=False, remedy="If it stays so, check the host's settings.")
    return Trouble(
        f"Foundry failed: {type(error).__name__}.", lasting=False, remedy="The worker's log says where."
    )


def words(trouble: Trouble) -> str:
    return f"{trouble.why} {trouble.remedy}".strip()[:400]


def note(host_id: int, trouble: Trouble, at: datetime, *, asked_to_wait_s: float | None = None) -> None:
    """Count a failed sync. :param asked_to_wait_s: what the host itself asked for."""
    host = Host.objects.select_for_update().get(pk=host_id)
    wait = timedelta(seconds=wait_s(host, host.failures + 1, asked_to_wait_s))
    Host.objects.filter(pk=host_id).update(
        failures=F("failures") + 1,
        retry_at=None if trouble.lasting else at + wait,
        trouble=words(trouble),
        trouble_lasting=trouble.lasting,
    )


def clear(host_id: int) -> None:
    """Close the breaker: it answered well, or a person changed what was wrong."""
    troubled = Host.objects.filter(pk=host_id).exclude(failures=0, retry_at=None, trouble="")
    troubled.update(failures=0, retry_at=None, trouble="", trouble_lasting=False)


def wait_s(host: Host, failures: int, asked_to_wait_s: float | None) -> float:
    """How long to leave a host alone: what it asked for, else doubled each time up to its own interval."""
    longest = min(host.sync_every_s or USUAL_INTERVAL_S, LONGEST_WAIT_S)
    if asked_to_wait_s is not None:
        wait = min(max(asked_to_wait_s, FIRST_WAIT_S), LONGEST_WAIT_S)
    else:
        wait = min(FIRST_WAIT_S * 2 ** min(failures - 1, 20), longest)
    return wait * (1 + EARLY * share_of(f"{host.slug} {failures}"))


def due_at(host: Host, last: datetime | None) -> datetime | None:
    """When the schedule asks a host next, last asked at `last`; None for never, epoch-old for at once.

    Each host is late by its own share of the interval, so that those connected together part.
    """
    if host.trouble_lasting or host.sync_every_s is None:
        return None
    if host.retry_at is not None:
        return host.retry_at
    if last is None:
        return host.created_at
    return last + timedelta(seconds=host.sync_every_s * (1 + SPREAD * share_of(host.slug)))


def share_of(text: str) -> float:
    """A number from 0 to 1 that is always the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32
