"""One sync run: claim it, ask the host page by page, take the whole listing or nothing.

Progress is committed page by page, so that a person can watch; the listing itself in one transaction.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F

from catalog.apply import RunClosed, apply
from catalog.connectors.base import Connection, Http, Kind, Listing, ListingBroken, OfferRow, Trouble
from catalog.connectors.reading import join, parse_json
from catalog.connectors.reference import list_price
from catalog.connectors.registry import connect
from catalog.models import Host, SyncRun
from catalog.states import RunState
from catalog.trouble import note, trouble_of, words
from foundry.audit.actions import record
from foundry.lib import clock, secrets
from foundry.lib.addresses import networks
from foundry.lib.errors import Invalid, Refused
from foundry.lib.http import Answer, Bounds, GuardedClient, OutwardError
from foundry.lib.pace import Pace

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
    current, kind = SyncRun.objects.select_related("host").get(pk=run_id), None
    try:
        kind = connector_of(current.host)
        with uncollected():
            listing = collect(current, kind, now, bounds)
            return apply(run_id, listing, source=source_of(current.host), at=now())
    except RunClosed:
        return None
    except (ListingBroken, OutwardError, Refused, ValueError) as error:
        return fail(run_id, error, trouble_of(kind, error), now())
    except Exception as error:
        fail(run_id, error, trouble_of(kind, error), now())
        raise


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector: all that a listing makes lives until its end, and looking at it again and
    again took four tenths of a sync's time. What it makes is bounded by the client's bounds."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def claim(run_id: int, at: datetime) -> bool:
    """Queued to running, for one worker only."""
    queued = SyncRun.objects.filter(pk=run_id, state=RunState.QUEUED)
    return bool(queued.update(state=RunState.RUNNING, started_at=at, beat_at=at))


def collect(run: SyncRun, connector: Kind, now: Now, bounds: Bounds | None = None) -> Listing:
    """Every page, read, as one listing. Raises OutwardError, ListingBroken, RunClosed."""
    SyncRun.objects.filter(pk=run.pk).update(expected=expected(run))
    listings: list[Listing] = []
    with client_of(run.host, connector, bounds) as http:
        for page in connector.fetch(http):
            listings.append(connector.read(page))
            progress(run.pk, len(listings[-1].offers), now())
    parse_json.cache_clear()  # a large page is not kept until the next sync
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
    connection = Connection(
        host.listing_base_url, host.listing_settings, host.region, tuple(host.trusted_networks)
    )
    return connect(host.connector, connection)


def client_of(host: Host, connector: Kind, bounds: Bounds | None = None) -> AbstractContextManager[Http]:
    """The guarded client with the host's credential. Raises Invalid when it cannot be decrypted."""
    if not connector.needs_network:
        return nullcontext(NoNetwork())
    credential = credential_of(host)
    return GuardedClient(
        host.listing_base_url,
        headers=connector.headers(credential),
        sign=connector.signer(credential),
        trusted=networks(host.trusted_networks),
        bounds=bounds,
        pace=Pace(host.slug, host.request_gap_ms, settings.REDIS_URL).wait,
    )


def credential_of(host: Host) -> str:
    """The listing's credential in the clear. Raises Invalid when the key that encrypted it is gone."""
    if not host.listing_credential:
        return ""
    try:
        return secrets.decrypt(bytes(host.listing_credential))
    except ValueError as error:
        raise Invalid("host.credential_lost", str(error), remedy="Enter the credential again.") from error


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


@transaction.atomic
def fail(run_id: int, error: Exception, trouble: Trouble, at: datetime) -> SyncRun | None:
    """End a run that brought nothing, with the reason in words, and say when its host is asked again.

    None when somebody else ended it already.
    """
    run = SyncRun.objects.select_for_update(of=("self",)).select_related("host").get(pk=run_id)
    if run.state not in {RunState.QUEUED, RunState.RUNNING}:
        return None
    run.state = RunState.QUARANTINED if isinstance(error, ListingBroken) else RunState.FAILED
    where = error.where if isinstance(error, ListingBroken) else run.host.slug
    why = words(trouble) if not isinstance(error, ListingBroken) else broken(error)
    run.finished_at = run.beat_at = at
    run.lasting = trouble.lasting
    run.problems = [*run.problems, {"where": where, "why": why}]
    run.save(update_fields=["state", "finished_at", "beat_at", "lasting", "problems"])
    note(run.host_id, trouble, at, asked_to_wait_s=getattr(error, "retry_after_s", None))
    record(
        "sync.fail",
        run,
        actor=f"sync of {run.host.slug}",
        at=at,
        after={"state": run.state, "where": where, "why": why, "lasting": trouble.lasting},
    )
    return run


def broken(error: ListingBroken) -> str:
    return f"{error.why}; nothing changed. {error.remedy}".strip()
