"""Take a whole listing into the catalog: one transaction, so that no offer is ever half written."""

from collections import Counter
from dataclasses import asdict, replace
from datetime import datetime

from django.db import transaction

from catalog import effects, prices, trouble
from catalog.connectors.base import Listing, OfferRow, Trouble
from catalog.diff import Difference, Verdict, Waiver, compare, plain
from catalog.models import CapacityPool, Change, Host, Model, Offer, Publisher, SyncRun
from catalog.risks import Policy
from catalog.states import ChangeKind, ChangeState, RunState
from foundry.audit.actions import record

BATCH = 500
POOL_FACTS = ["label", "unit", "maximum", "in_use", "tpm_per_unit", "rpm"]


class RunClosed(Exception):
    """Somebody else ended this run meanwhile; what it read must not be applied."""


@transaction.atomic
def apply(run_id: int, listing: Listing, *, source: str, at: datetime) -> SyncRun:
    """Write a listing's differences and end its run. Raises RunClosed."""
    rows = SyncRun.objects.select_for_update(of=("self",)).select_related("host__default_terms", "waives")
    run = rows.get(pk=run_id)
    if run.state != RunState.RUNNING:
        raise RunClosed(f"run {run_id} is {run.state}")
    host = run.host
    listing = with_known_pools(host, listing)
    offers = {offer.key: offer for offer in host.offers.filter(by_hand=False).select_related("pool")}
    told = prices.told_facts(host.pk, at)
    held = {key: effects.held(offer, told.get(offer.pk)) for key, offer in offers.items()}
    verdict = compare(held, listing, at, policy_of(host), waiver(run))
    if verdict.doubts:
        quarantine(run, verdict, offers, source, at)
        trouble.note(host.pk, doubted(verdict), at)
    else:
        take(run, listing, verdict, offers, source, at)
        trouble.clear(host.pk)
    close(run, listing, at)
    record("sync.finish", run, actor=f"sync of {host.slug}", at=at, after=outcome(run))
    return run


def with_known_pools(host: Host, listing: Listing) -> Listing:
    """The listing, where an offer names only pools whose size was told, now or earlier."""
    known = {pool.name for pool in listing.pools} | set(host.pools.values_list("name", flat=True))
    offers = tuple(row if row.pool in known else replace(row, pool="") for row in listing.offers)
    return replace(listing, offers=offers)


def policy_of(host: Host) -> Policy:
    return Policy(host.price_rise_percent, host.gone_percent, frozenset(host.waits_for))


def waiver(run: SyncRun) -> Waiver:
    """What the person who asked for this run saw in a doubted one and takes as it is."""
    if run.waives is None:
        return Waiver()
    missing = Change.objects.filter(host=run.host, state=ChangeState.WAITING, kind=ChangeKind.GONE)
    return Waiver(frozenset(missing.values_list("key", flat=True)), run.waives.rejected)


def quarantine(run: SyncRun, verdict: Verdict, offers: dict[str, Offer], source: str, at: datetime) -> None:
    """Take nothing; what is missing waits for a person."""
    run.state = RunState.QUARANTINED
    run.waivable = all(doubt.by_person for doubt in verdict.doubts)
    run.problems = [{"where": "listing", "why": f"{doubt.why}; nothing changed"} for doubt in verdict.doubts]
    settle(run, verdict.differences, offers, source, at, complete=False)


def doubted(verdict: Verdict) -> Trouble:
    by_person = all(doubt.by_person for doubt in verdict.doubts)
    return Trouble(
        f"Its listing is doubted: {verdict.doubts[0].why}; nothing changed.",
        lasting=False,
        remedy="If that is right, take the listing anyway." if by_person else "If it stays so, ask the host.",
    )


def take(
    run: SyncRun, listing: Listing, verdict: Verdict, offers: dict[str, Offer], source: str, at: datetime
) -> None:
    """Apply what may apply itself; let the rest wait."""
    rows = {row.key: row for row in listing.offers}
    pools = take_pools(run, listing, source, at)
    safe = [change for change in verdict.differences if not change.risky]
    new = [change.key for change in safe if change.kind == ChangeKind.NEW]
    offers |= create(run.host, [rows[key] for key in new], pools, source, at)
    change_offers(safe, offers, pools, source, at)
    link_successors(offers, {change.key for change in safe if change.kind in SUCCESSION})
    prices.tell(price_changes(safe, offers), source=source, at=at)
    settle(run, verdict.differences, offers, source, at, complete=True)
    kinds = Counter(change.kind for change in safe)
    run.new, run.gone = len(new), kinds[ChangeKind.GONE]
    run.changed = len({change.key for change in safe if change.kind not in {ChangeKind.NEW, ChangeKind.GONE}})
    run.state = RunState.PARTIAL if listing.rejected or listing.problems else RunState.SUCCEEDED


SUCCESSION = {ChangeKind.NEW, ChangeKind.SUCCESSOR}


def take_pools(run: SyncRun, listing: Listing, source: str, at: datetime) -> dict[str, CapacityPool]:
    """Write capacity; only a changed maximum is news. Answers the host's pools by name."""
    held = {(pool.region, pool.name): pool for pool in run.host.pools.all()}
    new, changed, news = [], [], []
    for row in listing.pools:
        facts = asdict(row)
        pool = held.get((row.region, row.name))
        if pool is None:
            held[row.region, row.name] = pool = CapacityPool(
                host=run.host, source=source, told_at=at, **facts
            )
            new.append(pool)
            continue
        before = pool.maximum
        if row.tpm_per_unit is None:
            facts["tpm_per_unit"] = pool.tpm_per_unit  # the host does not say; an admin may have
        if all(getattr(pool, name) == facts[name] for name in POOL_FACTS):
            continue
        for name in POOL_FACTS:
            setattr(pool, name, facts[name])
        pool.told_at = at
        changed.append(pool)
        if before != row.maximum:
            news.append(Difference(row.name, ChangeKind.LIMITS, plain(before), plain(row.maximum)))
    CapacityPool.objects.bulk_create(new, batch_size=BATCH)
    CapacityPool.objects.bulk_update(changed, [*POOL_FACTS, "told_at"], batch_size=BATCH)
    Change.objects.bulk_create(applied(run, change, None, source, at) for change in news)
    return {name: pool for (_, name), pool in held.items()}


def create(
    host: Host, rows: list[OfferRow], pools: dict[str, CapacityPool], source: str, at: datetime
) -> dict[str, Offer]:
    """New offers with their models and publishers."""
    models = models_for(rows)
    new = [
        Offer(
            host=host,
            model=models[row.publisher, row.model],
            key=row.key,
            host_model_id=row.host_model_id,
            version=row.version,
            region=row.region,
            sku=row.sku,
            lifecycle=row.lifecycle,
            lifecycle_told=row.lifecycle_told[:80],
            deprecated_at=row.deprecated_at,
            retires_at=row.retires_at,
            successor_told=row.successor_told,
            context_tokens=row.context_tokens,
            max_output_tokens=row.max_output_tokens,
            capabilities=dict(row.capabilities),
            modalities=list(row.modalities),
            pool=pools.get(row.pool),
            terms=host.default_terms,
            description=row.description,
            hidden=not host.publishes_new,
            source=source[:160],
            told_at=at,
            first_seen_at=at,
        )
        for row in rows
    ]
    return {offer.key: offer for offer in Offer.objects.bulk_create(new, batch_size=BATCH)}


def models_for(rows: list[OfferRow]) -> dict[tuple[str, str], Model]:
    """The models of these rows by publisher and slug, made where they are missing."""
    names = {row.publisher: row.publisher_name for row in rows}
    Publisher.objects.bulk_create(
        (Publisher(slug=slug, name=name[:120]) for slug, name in names.items()), ignore_conflicts=True
    )
    makers = {maker.slug: maker for maker in Publisher.objects.filter(slug__in=names)}
    wanted = {(row.publisher, row.model): row for row in rows}
    Model.objects.bulk_create(
        (
            Model(publisher=makers[maker], slug=slug, name=row.name, description=row.description)
            for (maker, slug), row in wanted.items()
        ),
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    found = Model.objects.filter(publisher__slug__in=names, slug__in={slug for _, slug in wanted})
    return {(model.publisher.slug, model.slug): model for model in found.select_related("publisher")}


def change_offers(
    safe: list[Difference],
    offers: dict[str, Offer],
    pools: dict[str, CapacityPool],
    source: str,
    at: datetime,
) -> None:
    """Set and save what changed on offers that were there before."""
    touched: dict[str, Offer] = {}
    for change in safe:
        if change.kind == ChangeKind.NEW:
            continue
        offer = touched[change.key] = offers[change.key]
        effects.put(offer, change.kind, change.after, at=at, pools=pools)
        offer.told_at, offer.source = at, source[:160]
    Offer.objects.bulk_update(touched.values(), effects.ALL_FIELDS, batch_size=BATCH)


def link_successors(offers: dict[str, Offer], keys: set[str]) -> None:
    """Point offers at the offer that their host names as successor, in the same SKU."""
    by_name = {
        (f"{offer.host_model_id} {offer.version}".strip(), offer.sku): offer for offer in offers.values()
    }
    linked = []
    for offer in (offers[key] for key in keys if offers[key].successor_told):
        after = by_name.get((offer.successor_told, offer.sku))
        if after is not None and after.pk != offer.successor_id:
            offer.successor = after
            linked.append(offer)
    Offer.objects.bulk_update(linked, ["successor"], batch_size=BATCH)


def price_changes(safe: list[Difference], offers: dict[str, Offer]) -> list[tuple[Offer, object]]:
    """(offer, told price) of new offers and of changed prices."""
    found = []
    for change in safe:
        if change.kind == ChangeKind.NEW and change.after["price"] is not None:
            found.append((offers[change.key], change.after["price"]))
        elif change.kind == ChangeKind.PRICE:
            found.append((offers[change.key], change.after))
    return found


def settle(
    run: SyncRun,
    found: tuple[Difference, ...],
    offers: dict[str, Offer],
    source: str,
    at: datetime,
    *,
    complete: bool,
) -> None:
    """Write Change rows and bring earlier waiting ones up to date.

    What a person dismissed is not asked again until the host says something else.
    """
    earlier: dict[tuple[str, str], Change] = {}
    asked = Change.objects.filter(host=run.host, state__in=[ChangeState.WAITING, ChangeState.DISMISSED])
    for row in asked.order_by("pk"):
        earlier[row.key, row.kind] = row
    new, kept = [], set()
    for change in found:
        before = earlier.get((change.key, change.kind))
        same = before is not None and change.risky and before.after == change.after
        if same and before is not None:
            kept.add(before.pk)
        else:
            offer = offers.get(change.key)
            made = waits if change.risky else applied
            new.append(made(run, change, offer, source, at))
    overtaken = {(change.key, change.kind) for change in new}
    moot = [
        row.pk
        for row in earlier.values()
        if row.state == ChangeState.WAITING
        and row.pk not in kept
        and (complete or (row.key, row.kind) in overtaken)
    ]
    Change.objects.filter(pk__in=moot, state=ChangeState.WAITING).update(
        state=ChangeState.DISMISSED, settled_at=at, settled_by=f"overtaken by run {run.pk}"
    )
    Change.objects.bulk_create(new, batch_size=BATCH)


def applied(run: SyncRun, change: Difference, offer: Offer | None, source: str, at: datetime) -> Change:
    return Change(
        host=run.host, run=run, offer=offer, key=change.key, kind=change.kind, before=change.before,
        after=change.after, source=source[:160], state=ChangeState.APPLIED, at=at, settled_at=at, settled_by=f"run {run.pk}",
    )  # fmt: skip


def waits(run: SyncRun, change: Difference, offer: Offer | None, source: str, at: datetime) -> Change:
    return Change(
        host=run.host, run=run, offer=offer, key=change.key, kind=change.kind, before=change.before,
        after=change.after, source=source[:160], risky=True, why_risky=change.why[:200], state=ChangeState.WAITING, at=at,
    )  # fmt: skip


def close(run: SyncRun, listing: Listing, at: datetime) -> None:
    """Counts and problems of a run that read its listing to the end."""
    run.seen, run.rejected = len(listing.offers), listing.rejected
    run.expected = max(run.expected, run.seen)
    run.problems = [*run.problems, *({"where": p.where, "why": p.why} for p in listing.problems[:100])]
    run.finished_at = run.beat_at = at
    run.save()


def outcome(run: SyncRun) -> dict[str, object]:
    return {
        name: getattr(run, name)
        for name in ("state", "seen", "new", "changed", "gone", "rejected", "problems")
    }
