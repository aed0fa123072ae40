"""Take a whole listing into the catalog: one transaction, so that no offer is ever half written."""

from collections import Counter
from dataclasses import asdict, replace
from datetime import datetime

from django.db import transaction

from catalog import bulk, capacity, effects, prices, standing, trouble
from catalog.connectors.base import Listing, Trouble
from catalog.diff import Difference, Json, Verdict, Waiver, compare, plain
from catalog.models import CapacityPool, Change, Host, SyncRun
from catalog.noting import as_row, note
from catalog.opening import create
from catalog.risks import Policy
from catalog.standing import Standing, link_successors
from catalog.states import SUCCESSION, ChangeKind, ChangeState, RunState
from foundry.audit.actions import record

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
    offers = standing.of_host(host)
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
    offers = tuple(
        row if not row.pool or row.pool in known else replace(row, pool="") for row in listing.offers
    )
    return replace(listing, offers=offers)


def policy_of(host: Host) -> Policy:
    return Policy(host.price_rise_percent, host.gone_percent, frozenset(host.waits_for))


def waiver(run: SyncRun) -> Waiver:
    """What the person who asked for this run saw in a doubted one and takes as it is."""
    if run.waives is None:
        return Waiver()
    missing = Change.objects.filter(host=run.host, state=ChangeState.WAITING, kind=ChangeKind.GONE)
    return Waiver(frozenset(missing.values_list("key", flat=True)), run.waives.rejected)


def quarantine(
    run: SyncRun, verdict: Verdict, offers: dict[str, Standing], source: str, at: datetime
) -> None:
    """Take nothing; what is missing waits for a person."""
    run.state = RunState.QUARANTINED
    run.waivable = all(doubt.by_person for doubt in verdict.doubts)
    run.problems = [{"where": "listing", "why": f"{doubt.why}; nothing changed"} for doubt in verdict.doubts]
    note(run, verdict.differences, offers, source, at, complete=False)


def doubted(verdict: Verdict) -> Trouble:
    by_person = all(doubt.by_person for doubt in verdict.doubts)
    return Trouble(
        f"Its listing is doubted: {verdict.doubts[0].why}; nothing changed.",
        lasting=False,
        remedy="If that is right, take the listing anyway." if by_person else "If it stays so, ask the host.",
    )


def take(
    run: SyncRun, listing: Listing, verdict: Verdict, offers: dict[str, Standing], source: str, at: datetime
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
    note(run, verdict.differences, offers, source, at, complete=True)
    kinds = Counter(change.kind for change in safe)
    run.new, run.gone = len(new), kinds[ChangeKind.GONE]
    run.changed = len({change.key for change in safe if change.kind not in {ChangeKind.NEW, ChangeKind.GONE}})
    run.state = RunState.PARTIAL if listing.rejected or listing.problems else RunState.SUCCEEDED


def take_pools(run: SyncRun, listing: Listing, source: str, at: datetime) -> dict[str, CapacityPool]:
    """Write capacity; only a changed maximum is news, and a person's pool stays. Answers the host's pools by name."""
    held = {(pool.region, pool.name): pool for pool in run.host.pools.all()}
    new, changed, news, measured, overruled = [], [], [], [], []
    for row in listing.pools:
        facts = asdict(row)
        pool = held.get((row.region, row.name))
        if pool is None:
            held[row.region, row.name] = pool = CapacityPool(
                host=run.host, source=source, told_at=at, **facts
            )
            new.append(pool)
            continue
        if pool.by_hand:
            overruled.append((pool, row))
            continue
        before, measure = pool.maximum, capacity.measure(pool)
        if row.tpm_per_unit is None:
            facts["tpm_per_unit"] = pool.tpm_per_unit  # the host does not say; an admin may have
        if all(getattr(pool, name) == facts[name] for name in POOL_FACTS):
            continue
        for name in POOL_FACTS:
            setattr(pool, name, facts[name])
        pool.told_at = at
        changed.append(pool)
        if measure != capacity.measure(pool):
            measured.append(pool)
        if before != row.maximum:
            news.append(Difference(row.name, ChangeKind.LIMITS, plain(before), plain(row.maximum)))
    CapacityPool.objects.bulk_create(new)
    columns = [*POOL_FACTS, "told_at"]
    bulk.update(
        CapacityPool,
        columns,
        [{"id": pool.pk} | {name: getattr(pool, name) for name in columns} for pool in changed],
    )
    bulk.insert(Change, [as_row(run, change, None, source, at) for change in news])
    capacity.note([*new, *measured], overruled, source, at)
    return {name: pool for (_, name), pool in held.items()}


def change_offers(
    safe: list[Difference],
    offers: dict[str, Standing],
    pools: dict[str, CapacityPool],
    source: str,
    at: datetime,
) -> None:
    """Set and save what changed on offers that were there before."""
    touched: dict[str, Standing] = {}
    for change in safe:
        if change.kind == ChangeKind.NEW:
            continue
        offer = touched[change.key] = offers[change.key]
        effects.put(offer, change.kind, change.after, at=at, pools=pools)
    standing.save(touched.values(), source=source, at=at)


def price_changes(safe: list[Difference], offers: dict[str, Standing]) -> list[tuple[int, Json]]:
    """(offer's id, told price) of new offers and of changed prices."""
    found = []
    for change in safe:
        if change.kind == ChangeKind.NEW and change.after["price"] is not None:
            found.append((offers[change.key].pk, change.after["price"]))
        elif change.kind == ChangeKind.PRICE:
            found.append((offers[change.key].pk, change.after))
    return found


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
