"""What is left of the host's capacity for an offer, in the host's own unit; nothing is invented."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from catalog.models import CapacityPool, Offer, OfferQuerySet, unit_words
from tenants.access.models import Grant, Limit
from tenants.access.states import LimitKind


@dataclass(frozen=True, slots=True)
class Headroom:
    """Capacity that an offer draws on.

    :param maximum: in `unit`, the host's own; None where the host tells no capacity.
    :param shared_by: how many offers draw on the same pool.
    :param granted_tpm: tokens per minute promised by grants in force on all of them.
    :param tpm: tokens per minute that may be promised of the whole pool, over-commit included; None where the
        host's unit has no known conversion.
    """

    label: str
    unit: str
    maximum: Decimal | None
    shared_by: int
    granted_tpm: int
    tpm: int | None

    @property
    def left_tpm(self) -> int | None:
        """Negative when more is promised than the host serves."""
        return None if self.tpm is None else self.tpm - self.granted_tpm

    @property
    def words(self) -> str:
        granted = f"Granted so far: {self.granted_tpm:,} tokens per minute."
        if self.maximum is None:
            return f"The host tells no capacity for this offer. {granted}"
        drawn = f"is shared by {self.shared_by} offers" if self.shared_by > 1 else "is for this offer alone"
        pool = f"The pool, {self.maximum.normalize():,f} {unit_words(self.unit)}, {drawn}."
        if self.left_tpm is None:
            return f"{pool} How many tokens per minute that is, the host does not say. {granted}"
        return f"{pool} {self.left_tpm:,} of {self.tpm:,} tokens per minute are not granted yet."

    def words_with(self, adding_tpm: int) -> str:
        """The same, and what so many tokens per minute more would leave."""
        if self.left_tpm is None or not adding_tpm:
            return self.words
        left = self.left_tpm - adding_tpm
        after = f"leaves {left:,}" if left >= 0 else f"is {-left:,} more than the host serves"
        return f"{self.words} This adds {adding_tpm:,}, which {after}."


def headroom(offer: Offer, at: datetime) -> Headroom:
    """Two queries where a pool is known, one otherwise."""
    pool = offer.pool
    if pool is None:
        return Headroom("", "", None, 1, granted_tpm(Offer.objects.filter(pk=offer.pk), at), None)
    sharing = Offer.objects.listed().filter(pool=pool)
    return Headroom(
        pool.label,
        pool.unit,
        pool.maximum,
        sharing.count(),
        pool_granted_tpm(pool, at),
        pool.promisable_tpm,
    )


def pool_granted_tpm(pool: CapacityPool, at: datetime) -> int:
    return granted_tpm(Offer.objects.filter(pool=pool), at)


def granted_by_pool(pool_ids: list[int], at: datetime) -> dict[int, int]:
    """Tokens per minute promised of each pool by grants in force; pools without any are left out. One query."""
    limits = Limit.objects.at(at).filter(kind=LimitKind.TPM, grant__in=Grant.objects.in_force(at))
    by_pool = limits.filter(grant__offer__pool__in=pool_ids).order_by().values_list("grant__offer__pool")
    return {pool_id: int(total) for pool_id, total in by_pool.annotate(total=Sum("maximum"))}


def granted_tpm(offers: OfferQuerySet, at: datetime) -> int:
    grants = Grant.objects.in_force(at).filter(offer__in=offers)
    limits = Limit.objects.at(at).filter(grant__in=grants, kind=LimitKind.TPM)
    total: int | None = limits.aggregate(total=Sum("maximum"))["total"]
    return int(total or 0)


@dataclass(frozen=True, slots=True)
class Promise:
    """One grant that draws on a pool. :param tpm: None where it has no limit per minute."""

    grant: Grant
    tpm: int | None


def grants_of_pool(pool_id: int, at: datetime) -> list[Promise]:
    """Grants in force on a pool's offers, the largest first. Two queries."""
    grants = Grant.objects.in_force(at).filter(offer__pool=pool_id).with_names()
    limits = Limit.objects.at(at).filter(kind=LimitKind.TPM, grant__in=grants.values("pk"))
    tpm = dict(limits.values_list("grant", "maximum"))
    promises = [Promise(grant, tpm.get(grant.pk)) for grant in grants]
    return sorted(promises, key=lambda each: (-(each.tpm or 0), each.grant.pk))
