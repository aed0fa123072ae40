"""What a person says of capacity: pools that no host tells, other sizes, and how much may be promised."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from catalog import capacity
from catalog.models import CapacityPool, Change, Host, Offer
from catalog.rules import Actor, label_of, require_admin, require_source
from catalog.states import ChangeKind, ChangeState
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Invalid

MOST = Decimal(10) ** 15
MOST_PERCENT = 1_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is. :param maximum: in the pool's unit. :param tpm_per_unit, rpm: None where nobody says."""

    maximum: Decimal
    tpm_per_unit: int | None = None
    rpm: int | None = None


@transaction.atomic
def make_pool(
    host: Host, name: str, size: Size, *, unit: str, label: str = "", region: str = "", source: str,
    actor: Actor, at: datetime,
) -> CapacityPool:  # fmt: skip
    """Enter a pool that the host does not tell. Raises Forbidden, Invalid, Conflict."""
    require_admin(actor)
    source, name, unit = (
        require_source(source),
        require_word("name", name, 160),
        require_word("unit", unit, 40),
    )
    require_size(size)
    if CapacityPool.objects.filter(host=host, region=region, name=name).exists():
        raise Conflict("pool.exists", f"{host} has a pool '{name}' there.", remedy="Change that one.")
    pool = CapacityPool.objects.create(
        host=host, region=region[:60], name=name, label=label[:200] or name, unit=unit, by_hand=True,
        source=source[:120], told_at=at, **asdict(size),
    )  # fmt: skip
    capacity.reading(pool, source, at, by=label_of(actor)).save()
    record("pool.make", pool, actor=actor, at=at, after=in_words(pool) | {"source": source})
    return pool


@transaction.atomic
def set_pool(pool_id: int, size: Size, *, source: str, actor: Actor, at: datetime) -> CapacityPool:
    """Say otherwise than the host; what it tells from then on goes into the history only. Raises Forbidden, Invalid."""
    require_admin(actor)
    source = require_source(source)
    require_size(size)
    pool = locked(pool_id)
    before = in_words(pool)
    if not pool.by_hand and pool.pk not in capacity.told_last([pool.pk]):
        capacity.reading(pool, pool.source, pool.told_at).save()
    pool.maximum, pool.tpm_per_unit, pool.rpm = size.maximum, size.tpm_per_unit, size.rpm
    pool.by_hand, pool.source, pool.told_at = True, source[:120], at
    pool.save()
    capacity.reading(pool, source, at, by=label_of(actor)).save()
    record("pool.set", pool, actor=actor, at=at, before=before, after=in_words(pool) | {"source": source})
    return pool


@transaction.atomic
def set_overcommit(pool_id: int, percent: int, *, actor: Actor, at: datetime) -> CapacityPool:
    """How much of a pool may be promised, in percent of what is there. Raises Forbidden, Invalid."""
    require_admin(actor)
    if not 1 <= percent <= MOST_PERCENT:
        raise Invalid(
            "pool.overcommit", f"Between 1 and {MOST_PERCENT:,} percent.", remedy="100 promises what is there.",
            errors={"overcommit_percent": f"Between 1 and {MOST_PERCENT:,}."},
        )  # fmt: skip
    pool = locked(pool_id)
    before, pool.overcommit_percent = pool.overcommit_percent, percent
    pool.save(update_fields=["overcommit_percent"])
    record(
        "pool.overcommit", pool, actor=actor, at=at, before={"percent": before}, after={"percent": percent}
    )
    return pool


@transaction.atomic
def leave_pool(pool_id: int, *, actor: Actor, at: datetime) -> CapacityPool:
    """Take back what a person said: the host's last word counts again. Raises Forbidden, Conflict."""
    require_admin(actor)
    pool = locked(pool_id)
    told = capacity.told_last([pool.pk]).get(pool.pk)
    if not pool.by_hand or told is None:
        why = "no host tells it" if pool.by_hand else "it stands as its host tells it"
        raise Conflict("pool.as_told", f"{pool}: {why}.", remedy="Nothing is left to do.")
    before = in_words(pool)
    pool.maximum, pool.in_use, pool.tpm_per_unit = told.maximum, told.in_use, told.tpm_per_unit
    pool.by_hand, pool.source, pool.told_at = False, told.source[:120], told.at
    pool.save()
    capacity.reading(pool, told.source, at, by=label_of(actor)).save()
    record("pool.leave_to_host", pool, actor=actor, at=at, before=before, after=in_words(pool))
    return pool


@transaction.atomic
def assign_offers(
    pool_id: int, offer_ids: Collection[int], *, source: str, actor: Actor, at: datetime
) -> int:
    """Let offers of the pool's host draw on it, whatever the host says; answers how many changed.

    Raises Forbidden, Invalid; Conflict where nothing would change.
    """
    require_admin(actor)
    source, pool = require_source(source), locked(pool_id)
    rows = Offer.objects.select_for_update(of=("self",)).select_related("pool", "host")
    offers = list(rows.filter(pk__in=offer_ids, host=pool.host).exclude(pool=pool).order_by("pk"))
    if not offers:
        raise Conflict(
            "pool.same", f"Nothing of that changes {pool}.", remedy="Choose other offers of its host."
        )
    note = {"source": source, "by": label_of(actor), "at": at.isoformat()}
    for offer in offers:
        kept = offer.set_by_hand.get(ChangeKind.LIMITS, {"told": offer.pool.name if offer.pool else ""})
        offer.set_by_hand = offer.set_by_hand | {ChangeKind.LIMITS.value: {"told": kept["told"], **note}}
    move(offers, {offer.pk: pool for offer in offers}, source, actor, at)
    after = {"offers": [offer.pk for offer in offers], "source": source}
    record("pool.assign", pool, actor=actor, at=at, after=after)
    return len(offers)


@transaction.atomic
def release_offers(pool_id: int, offer_ids: Collection[int], *, actor: Actor, at: datetime) -> int:
    """Let offers that a person assigned draw on what their host says again. Raises Forbidden, Conflict."""
    require_admin(actor)
    pool = locked(pool_id)
    rows = Offer.objects.select_for_update(of=("self",)).select_related("pool", "host")
    held = rows.filter(pk__in=offer_ids, pool=pool, set_by_hand__has_key=ChangeKind.LIMITS).order_by("pk")
    offers = list(held)
    if not offers:
        raise Conflict(
            "pool.same", f"None of these was assigned to {pool} by hand.", remedy="Reload the page."
        )
    by_name = {each.name: each for each in pool.host.pools.all()}
    back = {offer.pk: by_name.get(offer.set_by_hand[ChangeKind.LIMITS]["told"]) for offer in offers}
    for offer in offers:
        offer.set_by_hand = {
            kind: said for kind, said in offer.set_by_hand.items() if kind != ChangeKind.LIMITS
        }
    move(offers, back, "left to the host again", actor, at)
    record("pool.release", pool, actor=actor, at=at, after={"offers": [offer.pk for offer in offers]})
    return len(offers)


def move(
    offers: list[Offer], to: dict[int, CapacityPool | None], source: str, actor: Actor, at: datetime
) -> None:
    """Point offers at their pools, and tell it as changes."""
    changes = []
    for offer in offers:
        before, pool = offer.pool, to[offer.pk]
        offer.pool = pool
        changes.append(
            Change(
                host=offer.host, offer=offer, key=offer.key, kind=ChangeKind.LIMITS, source=source,
                before=before.name if before else "", after=pool.name if pool else "",
                state=ChangeState.APPLIED, at=at, settled_at=at, settled_by=label_of(actor),
            )
        )  # fmt: skip
    Offer.objects.bulk_update(offers, ["pool", "set_by_hand"], batch_size=500)
    Change.objects.bulk_create(changes, batch_size=500)


def locked(pool_id: int) -> CapacityPool:
    return CapacityPool.objects.select_for_update(of=("self",)).select_related("host").get(pk=pool_id)


def require_size(size: Size) -> None:
    """Raises Invalid that names each number that makes no sense."""
    errors = {}
    if not 0 <= size.maximum < MOST:
        errors["maximum"] = "Not below zero, and below 10¹⁵."
    for name in ("tpm_per_unit", "rpm"):
        value = getattr(size, name)
        if value is not None and not 0 <= value < MOST:
            errors[name] = "Not below zero, and below 10¹⁵; empty where nobody says."
    if errors:
        raise Invalid(
            "pool.size", " ".join(errors.values()), remedy="Mend these and save again.", errors=errors
        )


def require_word(field: str, text: str, most: int) -> str:
    text = " ".join(text.split())
    if not text or len(text) > most or "\x00" in text:
        why = f"1 to {most} characters."
        raise Invalid(
            f"pool.{field}",
            f"A pool needs a {field}: {why}",
            remedy="Mend it and save again.",
            errors={field: why},
        )
    return text


def in_words(pool: CapacityPool) -> dict[str, object]:
    """As the audit keeps it."""
    names = ("maximum", "unit", "tpm_per_unit", "rpm", "by_hand")
    return {name: getattr(pool, name) for name in names}
