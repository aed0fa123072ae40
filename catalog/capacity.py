"""A pool's history, and what stands beside its size: what is promised of it and how much was used at most."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from catalog import bulk
from catalog.connectors.base import PoolRow
from catalog.models import CapacityPool, CapacityReading
from foundry.web.parts import parts

PEAK_OVER = timedelta(days=30)
LITTLE_PERCENT, TOO_YOUNG = 20, timedelta(days=7)
COLUMNS = ("pool_id", "maximum", "in_use", "tpm_per_unit", "source", "by", "at")
Measure = tuple[Decimal, Decimal, int | None]


@dataclass(slots=True)
class PoolFacts:
    """Capacity with what shares it, what is promised of it, and the most that was used.

    :param allocated_tpm: tokens per minute promised by live grants; None where nobody says.
    :param peak: the busiest hour of thirty days, with `tpm` and `rpm` on its average and `hour`; None without calls.
    """

    pool: CapacityPool
    sharing: int
    allocated_tpm: int | None
    peak: Any = None

    @property
    def headroom_tpm(self) -> int | None:
        """Tokens per minute that may still be promised; None where the unit has no known conversion."""
        if self.pool.promisable_tpm is None or self.allocated_tpm is None:
            return None
        return self.pool.promisable_tpm - self.allocated_tpm


def pool_facts(pools: Iterable[CapacityPool], at: datetime) -> list[PoolFacts]:
    """Pools annotated with `sharing`, with what other rooms promised and used of them."""
    rows = list(pools)
    ids = [pool.pk for pool in rows]
    allocated: dict[int, int] = {}
    known = False
    for annotate in parts(settings.POOL_ANNOTATORS):
        known = True
        allocated |= annotate(ids, at)
    peaks = import_string(settings.POOL_PEAKS)(ids, at - PEAK_OVER)
    return [
        PoolFacts(
            pool,
            getattr(pool, "sharing", 0),
            allocated.get(pool.pk, 0) if known else None,
            peaks.get(pool.pk),
        )
        for pool in rows
    ]


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one grant holds of a pool, and what it uses of it.

    :param tpm: None where it has no limit per minute.
    :param rates: tokens per minute of thirty days, `peak_tpm` and `typical_tpm`; None without calls.
    :param at: the moment that the rest is of.
    """

    grant: Any
    tpm: int | None
    rates: Any
    at: datetime

    @property
    def uses_little(self) -> bool:
        """Even its busiest hour used less than a fifth; what began in the last week is not judged."""
        if self.tpm is None or self.grant.starts_at > self.at - TOO_YOUNG:
            return False
        peak = self.rates.peak_tpm if self.rates else 0
        return bool(peak * 100 < self.tpm * LITTLE_PERCENT)


def grants_of(pool: CapacityPool, at: datetime) -> list[Allocation]:
    """What is promised of a pool, grant by grant, as the room that keeps grants says it, with what each used."""
    found: list[Any] = import_string(settings.POOL_GRANTS)(pool.pk, at)
    rates = import_string(settings.GRANTS_RATES)([each.grant.pk for each in found], at - PEAK_OVER, at)
    return [Allocation(each.grant, each.tpm, rates.get(each.grant.pk), at) for each in found]


def measure(pool: CapacityPool | CapacityReading) -> Measure:
    """What a change of is worth a line in the history."""
    return pool.maximum, pool.in_use, pool.tpm_per_unit


def reading(pool: CapacityPool, source: str, at: datetime, by: str = "") -> CapacityReading:
    return CapacityReading(
        pool=pool, maximum=pool.maximum, in_use=pool.in_use, tpm_per_unit=pool.tpm_per_unit,
        source=source[:160], by=by, at=at,
    )  # fmt: skip


def told_last(pool_ids: Iterable[int]) -> dict[int, CapacityReading]:
    """By pool what its host told last, whatever a person says. One query."""
    rows = CapacityReading.objects.filter(pool__in=list(pool_ids), by="")
    return {each.pool_id: each for each in rows.order_by("pool_id", "-at", "-pk").distinct("pool_id")}


def note(
    measured: Sequence[CapacityPool],
    overruled: Sequence[tuple[CapacityPool, PoolRow]],
    source: str,
    at: datetime,
) -> None:
    """A sync's lines in the history: pools that changed, and what the host tells of pools that a person set."""
    new = [reading(pool, source, at) for pool in measured]
    before = told_last(pool.pk for pool, _ in overruled) if overruled else {}
    for pool, row in overruled:
        told = CapacityReading(
            pool=pool,
            maximum=row.maximum,
            in_use=row.in_use,
            tpm_per_unit=row.tpm_per_unit,
            source=source[:160],
            at=at,
        )
        if pool.pk not in before or measure(before[pool.pk]) != measure(told):
            new.append(told)
    bulk.insert(CapacityReading, [{name: getattr(each, name) for name in COLUMNS} for each in new])
