"""One sync run: claim it, ask the host page by page, take the whole listing or nothing.

Progress is committed page by page, so that a person can watch; the listing itself in one transaction.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F

from catalog.apply import RunClosed, apply
from catalog.connectors.base import Connection, Http, Kind, Listing, ListingBroken, OfferRow
from catalog.connectors.reading import join
from catalog.connectors.reference import list_price
from catalog.connectors.registry import connect
from catalog.models import Host, SyncRun
from catalog.states import RunState
from foundry.audit.actions import record
from foundry.lib import clock, secrets
from foundry.lib.addresses import networks
from foundry.lib.errors import Refused
from foundry.lib.http import Answer, Bounds, GuardedClient, OutwardError

Now = Callable[[], datetime]
LIST_PRICED_SKUS = {"GlobalStandard", "Standard", ""}  # what is sold per token at the maker's list price


class NoNetwork:
    """The client of a connector that needs none."""

    def get(self, url: str, params: object = None) -> Answer:
        raise AssertionError("this connector said that it needs no network")


def run(run_id: int, *, now: Now = clock.now, bounds: Bounds | None = None) -> SyncRun | None:
    """Do a queued run. Answers it when done, None when somebody else has it or ended it."""
    if not claim(run_id, now()):
        return None
    current = SyncRun.objects.select_related("host").get(pk=run_id)
    try:
        listing = collect(current, now, bounds)
        return apply(run_id, listing, source=source_of(current.host), at=now())
    except RunClosed:
        return None
    except ListingBroken as error:
        return fail(run_id, RunState.QUARANTINED, error.where, broken(error), now())
    except (OutwardError, Refused, ValueError) as error:
        return fail(run_id, RunState.FAILED, current.host.slug, str(error), now())
    except Exception as error:
        fail(run_id, RunState.FAILED, "foundry", f"{type(error).__name__}; see the worker's log", now())
        raise


def claim(run_id: int, at: datetime) -> bool:
    """Queued to running, for one worker only."""
    queued = SyncRun.objects.filter(pk=run_id, state=RunState.QUEUED)
    return bool(queued.update(state=RunState.RUNNING, started_at=at, beat_at=at))


def collect(run: SyncRun, now: Now, bounds: Bounds | None = None) -> Listing:
    """Every page, read, as one listing. Raises OutwardError, ListingBroken, RunClosed."""
    connector = connector_of(run.host)
    SyncRun.objects.filter(pk=run.pk).update(expected=expected(run))
    listings: list[Listing] = []
    with client_of(run.host, connector, bounds) as http:
        for page in connector.fetch(http):
            listings.append(connector.read(page))
            progress(run.pk, len(listings[-1].offers), now())
    whole = join(listings)
    return with_list_prices(whole, now()) if connector.reference_prices else whole


def progress(run_id: int, rows: int, at: datetime) -> None:
    """Tell those who watch. Raises RunClosed when the run was ended meanwhile."""
    running = SyncRun.objects.filter(pk=run_id, state=RunState.RUNNING)
    if not running.update(pages=F("pages") + 1, seen=F("seen") + rows, beat_at=at):
        raise RunClosed(f"run {run_id} was ended by somebody else")


def expected(run: SyncRun) -> int:
    """How many rows probably come: as many as we hold."""
    return run.host.offers.filter(gone_at=None).count()


def connector_of(host: Host) -> Kind:
    connection = Connection(host.listing_base_url, host.listing_settings, host.region)
    return connect(host.connector, connection)


def client_of(host: Host, connector: Kind, bounds: Bounds | None = None) -> AbstractContextManager[Http]:
    """The guarded client with the host's credential. Raises ValueError when it cannot be decrypted."""
    if not connector.needs_network:
        return nullcontext(NoNetwork())
    credential = secrets.decrypt(bytes(host.listing_credential)) if host.listing_credential else ""
    return GuardedClient(
        host.listing_base_url,
        headers=connector.headers(credential),
        sign=connector.signer(credential),
        trusted=networks(host.trusted_networks),
        bounds=bounds,
    )


def with_list_prices(listing: Listing, at: datetime) -> Listing:
    """The maker's list price, marked as reference, beside rows whose host tells none."""
    return replace(listing, offers=tuple(priced(row, at) for row in listing.offers))


def priced(row: OfferRow, at: datetime) -> OfferRow:
    if row.price is not None or row.sku not in LIST_PRICED_SKUS:
        return row
    return replace(row, price=list_price(row.publisher, row.model, at))


def source_of(host: Host) -> str:
    where = urlsplit(host.listing_base_url).hostname
    return f"{host.connector} listing of {where}" if where else f"{host.connector} listing"


def broken(error: ListingBroken) -> str:
    return f"{error.why}; nothing changed. {error.remedy}".strip()


@transaction.atomic
def fail(run_id: int, state: str, where: str, why: str, at: datetime) -> SyncRun | None:
    """End a run that brought nothing, with the reason in words. None when it was already ended."""
    run = SyncRun.objects.select_for_update().get(pk=run_id)
    if run.state not in {RunState.QUEUED, RunState.RUNNING}:
        return None
    run.state, run.finished_at, run.beat_at = RunState(state), at, at
    run.problems = [*run.problems, {"where": where, "why": why}]
    run.save(update_fields=["state", "finished_at", "beat_at", "problems"])
    record(
        "sync.fail",
        run,
        actor=f"sync of {run.host.slug}",
        at=at,
        after={"state": state, "where": where, "why": why},
    )
    return run
