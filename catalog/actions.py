"""What people and machines do to supply. Each function is one transaction and one audit entry."""

from datetime import datetime
from decimal import Decimal
from functools import partial

from django.db import IntegrityError, transaction

from catalog import effects, prices, tasks
from catalog.hosts import HostFacts, changed, facts_of, require_usable
from catalog.models import Change, Host, Offer, Price, SyncRun
from catalog.rules import Actor, require_admin, require_operator
from catalog.states import ChangeKind, ChangeState, RunState
from foundry.audit.actions import record
from foundry.lib import secrets
from foundry.lib.errors import Conflict, Invalid
from foundry.lib.http import BadAnswer, OutwardError, origin

CREDENTIALS = ("listing_credential", "calling_credential")


@transaction.atomic
def save_host(
    facts: HostFacts,
    *,
    listing_credential: str = "",
    calling_credential: str = "",
    actor: Actor,
    at: datetime,
) -> Host:
    """Connect a new host. Raises Forbidden, Invalid, Conflict when the slug is taken."""
    require_admin(actor)
    require_usable(facts)
    if Host.objects.filter(slug=facts.slug).exists():
        raise Conflict("host.exists", f"There is a host '{facts.slug}'.", remedy="Choose another short name.")
    host = Host(**facts.values(), created_at=at)
    given = put_credentials(host, listing_credential, calling_credential)
    host.save(force_insert=True)
    record("host.add", host, actor=actor, at=at, after=changed(EMPTY, facts.values())[1] | given)
    return host


EMPTY = HostFacts("", "", "").values()


@transaction.atomic
def update_host(
    host_id: int,
    facts: HostFacts,
    *,
    listing_credential: str = "",
    calling_credential: str = "",
    actor: Actor,
    at: datetime,
) -> Host:
    """Change a host; an empty credential keeps the stored one, but never for another server."""
    require_admin(actor)
    require_usable(facts)
    host = Host.objects.select_for_update(of=("self",)).select_related("default_terms").get(pk=host_id)
    before = facts_of(host)
    if facts.slug != before.slug:
        raise Invalid("host.slug", "A host keeps its short name.", remedy="Leave it as it is.")
    given = {"listing_credential": listing_credential, "calling_credential": calling_credential}
    require_same_server(host, before, facts, given)
    for name, value in facts.values().items():
        setattr(host, name, value)
    set_now = put_credentials(host, listing_credential, calling_credential)
    host.save()
    old, new = changed(before.values(), facts.values())
    record("host.change", host, actor=actor, at=at, before=old, after=new | set_now)
    return host


def require_same_server(host: Host, before: HostFacts, after: HostFacts, given: dict[str, str]) -> None:
    """A stored credential must not follow its host to a server that somebody else may run."""
    for part in ("listing", "calling"):
        url, old = getattr(after, f"{part}_base_url"), getattr(before, f"{part}_base_url")
        stored = getattr(host, f"{part}_credential") is not None
        if stored and url and not given[f"{part}_credential"] and (not old or origin(url) != origin(old)):
            raise Invalid(
                "host.credential_elsewhere",
                f"The {part} address is now another server; the stored credential stays with the old one.",
                remedy="Enter the credential for the new server too.",
                errors={f"{part}_credential": "Needed for the new server."},
            )


def put_credentials(host: Host, listing: str, calling: str) -> dict[str, str]:
    """Encrypt what was given; answers words for the audit that hold no secret."""
    said = {}
    for name, clear in zip(CREDENTIALS, (listing, calling), strict=True):
        if clear:
            setattr(host, name, secrets.encrypt(clear.strip()))
            said[name] = "set"
    return said


@transaction.atomic
def switch_host(host_id: int, *, on: bool, actor: Actor, at: datetime) -> Host:
    """Take a host out of use, or back: calls to it are refused while it is off."""
    require_admin(actor)
    host = Host.objects.select_for_update().get(pk=host_id)
    host.disabled_at = None if on else at
    host.save(update_fields=["disabled_at"])
    record("host.switch_on" if on else "host.switch_off", host, actor=actor, at=at)
    return host


@transaction.atomic
def ask_sync(host: Host, *, actor: Actor, at: datetime) -> SyncRun:
    """Queue a sync; a worker takes it after commit. Raises Conflict while one is open."""
    require_operator(actor)
    if host.disabled_at:
        raise Conflict("host.off", f"{host.name} is switched off.", remedy="Switch it on first.")
    label = actor if isinstance(actor, str) else actor.name
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(host=host, asked_by=label[:120], asked_at=at)
    except IntegrityError as error:
        raise Conflict(
            "sync.open", f"A sync of {host.name} is already under way.", remedy="Watch it on the host's page."
        ) from error
    transaction.on_commit(partial(tasks.send, run.pk))
    record("sync.ask", run, actor=actor, at=at, after={"host": host.slug})
    return run


@transaction.atomic
def note_check(host: Host, why_not: str, *, actor: Actor, at: datetime) -> None:
    """Write down that somebody tried the host's credential, and what came of it."""
    record("host.check", host, actor=actor, at=at, after={"works": not why_not, "why": why_not})


def check_host(host: Host, *, actor: Actor, at: datetime) -> str:
    """Try the listing's credential. Answers why it does not work; empty when it does."""
    from catalog.connectors.base import ListingBroken
    from catalog.sync import client_of, connector_of

    require_admin(actor)
    connector, why_not = connector_of(host), ""
    try:
        with client_of(host, connector) as http:
            connector.check(http)
    except BadAnswer as error:
        trouble = connector.trouble(error)
        why_not = f"{trouble.why} {trouble.remedy}".strip()
    except (OutwardError, ListingBroken, ValueError) as error:
        why_not = str(error)
    note_check(host, why_not, actor=actor, at=at)
    return why_not


@transaction.atomic
def set_price(
    offer: Offer,
    *,
    input_per_million: Decimal,
    output_per_million: Decimal,
    cached_input_per_million: Decimal | None = None,
    basis: str = Price.Basis.ADMIN,
    starts_at: datetime,
    source: str,
    actor: Actor,
    at: datetime,
) -> Price:
    """A price in USD per million tokens that a person stands for, from now or a later moment on.

    Raises Forbidden; Invalid for negative or absurd amounts and for a start in the past, because calls
    that were made keep their price; Conflict when a later price is already set.
    """
    require_admin(actor)
    require_sane_price(input_per_million, output_per_million, cached_input_per_million)
    if basis not in {Price.Basis.ADMIN, Price.Basis.NEGOTIATED}:
        raise Invalid("price.basis", f"'{basis}' is told, not set.", remedy="Use admin or negotiated.")
    if starts_at < at:
        raise Invalid("price.past", "A price cannot start in the past.", remedy="Start it now or later.")
    Offer.objects.select_for_update().get(pk=offer.pk)
    price = prices.open_set(
        Price(
            offer=offer,
            basis=basis,
            precedence=Price.PRECEDENCE[Price.Basis(basis)],
            input_per_million=input_per_million,
            output_per_million=output_per_million,
            cached_input_per_million=cached_input_per_million,
            starts_at=starts_at,
            source=source[:160],
            told_at=at,
        )
    )
    after = {"input": input_per_million, "output": output_per_million, "cached": cached_input_per_million}
    record("price.set", offer, actor=actor, at=at, after=after | {"basis": basis, "starts_at": starts_at})
    return price


def require_sane_price(*amounts: Decimal | None) -> None:
    for amount in amounts:
        if amount is not None and not (amount.is_finite() and 0 <= amount <= 1_000_000):
            raise Invalid(
                "price.amount",
                f"{amount} USD per million tokens is no price.",
                remedy="Give USD per million tokens, from 0 to 1,000,000.",
            )


@transaction.atomic
def apply_change(change_id: int, *, actor: Actor, at: datetime) -> Change:
    """A person says yes to a waiting change. Raises Forbidden; Conflict when it no longer waits."""
    require_admin(actor)
    change = settle(change_id, ChangeState.APPLIED, actor, at)
    if change.offer is not None:
        take_effect(change, change.offer, at)
    record("change.apply", change, actor=actor, at=at, before=change.before, after=change.after)
    return change


def take_effect(change: Change, offer: Offer, at: datetime) -> None:
    if change.kind == ChangeKind.PRICE:
        prices.tell([(offer, change.after)], source=offer.source, at=at)
        return
    pools = {pool.name: pool for pool in offer.host.pools.all()}
    fields = effects.put(offer, change.kind, change.after, at=at, pools=pools)
    offer.told_at = at
    offer.save(update_fields=[*fields, "told_at"])


@transaction.atomic
def dismiss_change(change_id: int, *, actor: Actor, at: datetime) -> Change:
    """A person says no; it is asked again only when the host says something else."""
    require_admin(actor)
    change = settle(change_id, ChangeState.DISMISSED, actor, at)
    record("change.dismiss", change, actor=actor, at=at, before=change.before, after=change.after)
    return change


@transaction.atomic
def settle_run(run_id: int, *, yes: bool, actor: Actor, at: datetime) -> int:
    """Apply or dismiss all that still waits of one run; answers how many. Raises Conflict when none does."""
    require_admin(actor)
    run = SyncRun.objects.select_related("host").get(pk=run_id)
    rows = Change.objects.filter(run=run, state=ChangeState.WAITING)
    changes = list(rows.select_for_update(of=("self",)).select_related("offer__host").order_by("pk"))
    if not changes:
        raise Conflict("change.none", "Nothing of this run waits any more.", remedy="Reload the page.")
    state = ChangeState.APPLIED if yes else ChangeState.DISMISSED
    label = actor if isinstance(actor, str) else actor.name
    rows.filter(pk__in=[change.pk for change in changes]).update(
        state=state, settled_at=at, settled_by=label[:120]
    )
    for change in changes:
        if yes and change.offer is not None:
            take_effect(change, change.offer, at)
    told = [[change.kind, change.key] for change in changes]
    record("run.apply" if yes else "run.dismiss", run, actor=actor, at=at, after={"changes": told})
    return len(changes)


def settle(change_id: int, state: ChangeState, actor: Actor, at: datetime) -> Change:
    """Move a waiting change by compare-and-set. Raises Conflict that names who was first."""
    label = actor if isinstance(actor, str) else actor.name
    waiting = Change.objects.filter(pk=change_id, state=ChangeState.WAITING)
    moved = waiting.update(state=state, settled_at=at, settled_by=label[:120])
    change = Change.objects.select_related("offer__host", "host").get(pk=change_id)
    if not moved:
        raise Conflict(
            f"change.{change.state}",
            f"{change.settled_by or 'The sync'} already settled this change: {change.state}.",
            remedy="Reload to see where it stands.",
        )
    return change


@transaction.atomic
def show_offer(offer_id: int, *, hidden: bool, actor: Actor, at: datetime) -> Offer:
    """Publish an offer to everybody, or hide it from all but admins and ops."""
    require_admin(actor)
    offer = (
        Offer.objects.select_for_update(of=("self",))
        .select_related("host", "model__publisher")
        .get(pk=offer_id)
    )
    offer.hidden = hidden
    offer.save(update_fields=["hidden"])
    record("offer.hide" if hidden else "offer.publish", offer, actor=actor, at=at)
    return offer


@transaction.atomic
def describe_offer(offer_id: int, description: str, *, actor: Actor, at: datetime) -> Offer:
    """Say in our own words what an offer is good for."""
    require_admin(actor)
    offer = (
        Offer.objects.select_for_update(of=("self",))
        .select_related("host", "model__publisher")
        .get(pk=offer_id)
    )
    before, offer.description = offer.description, description.strip()[:2000]
    offer.save(update_fields=["description"])
    record("offer.describe", offer, actor=actor, at=at, before=before, after=offer.description)
    return offer


@transaction.atomic
def close_run(run_id: int, *, why: str, at: datetime) -> bool:
    """End a run whose worker died, so that the next can start. False when it is not open any more."""
    open_run = SyncRun.objects.filter(pk=run_id, state__in=[RunState.QUEUED, RunState.RUNNING])
    run = open_run.select_for_update(of=("self",)).select_related("host").first()
    if run is None:
        return False
    run.state, run.finished_at = RunState.FAILED, at
    run.problems = [*run.problems, {"where": "worker", "why": why}]
    run.save(update_fields=["state", "finished_at", "problems"])
    record("sync.close_dead", run, actor="watch over syncs", at=at, after={"why": why})
    return True
