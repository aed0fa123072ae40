"""What a key may do, as the gateway reads it from the views of `gateway.sql`. Pure, no Django.

The dataclasses `KeyRow` and `RouteRow` are the views' columns; a test compares them. A passport is judged
at the moment of each call: dates decide, no worker has to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote

from foundry.lib.addresses import Address, Network
from tenants.quotas.periods import Periods

FAR = datetime.max.replace(tzinfo=UTC)
CHAT = "chat/completions"
KEY_KIND = "sk-fdy-"  # what every key starts with


@dataclass(frozen=True, slots=True)
class Carried:
    """A grant that a key carries, while it names the key's application."""

    grant_id: int
    starts_at: datetime | None
    ends_at: datetime | None

    def covers(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )


@dataclass(frozen=True, slots=True)
class LimitRow:
    """:param maximum: of `kind`, in tokens, calls or nano-dollars. :param set_by: who decided or moved it; empty for a policy."""

    kind: str
    maximum: int
    starts_at: datetime
    ends_at: datetime | None
    decision_id: int | None = None
    set_by: str = ""


@dataclass(frozen=True, slots=True)
class LevelLimitRow:
    """As a grant's limit. :param mode: hard, soft or shadow. :param set_by: a person's name."""

    kind: str
    mode: str
    maximum: int
    starts_at: datetime
    ends_at: datetime | None
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class LevelRow:
    """What a key's calls are under beside their grant.

    :param holder_id: below zero. :param scope: organisation, team, key or share. :param grant_id: of which it is a share.
    :param name: of the team or application, or the key's prefix; empty for the organisation.
    """

    holder_id: int
    scope: str
    grant_id: int | None
    name: str
    limits: tuple[LevelLimitRow, ...]

    def in_force(self, at: datetime, mode: str) -> dict[str, LevelLimitRow]:
        """What counts at `at`, by kind: where there are two, the lower one."""
        found: dict[str, LevelLimitRow] = {}
        for row in self.limits:
            if row.mode == mode and row.starts_at <= at and (row.ends_at is None or at < row.ends_at):
                known = found.get(row.kind)
                found[row.kind] = row if known is None or row.maximum < known.maximum else known
        return found


@dataclass(frozen=True, slots=True)
class TierRow:
    """Prices that stand in for the base ones: over so many input tokens, between two times of each UTC day, or both.

    :param prices: by part, as `PriceRow.parts`. :param utc_from, utc_to: "HH:MM"; may pass midnight.
    """

    prices: Mapping[str, int]
    over_input_tokens: int | None
    utc_from: str
    utc_to: str

    def reached(self, tokens_in: int) -> bool:
        return self.over_input_tokens is None or tokens_in > self.over_input_tokens

    def over(self) -> int:
        return self.over_input_tokens or 0

    def covers(self, at: datetime) -> bool:
        """Is `at` (UTC) between its times? Always where it has none, or both are the same."""
        now = f"{at.astimezone(UTC):%H:%M}"
        if self.utc_from <= self.utc_to:
            return self.utc_from == self.utc_to or self.utc_from <= now < self.utc_to
        return now >= self.utc_from or now < self.utc_to


@dataclass(frozen=True, slots=True)
class PriceRow:
    """:param input, output, cached: integers of 1e-12 USD per million tokens; cached None means as input.

    :param parts: the same for what is priced apart, by the catalog's names; of a call, a search or an image per million.
    """

    price_id: int
    basis: str
    precedence: int
    starts_at: datetime
    ends_at: datetime | None
    input: int
    output: int
    cached: int | None
    parts: Mapping[str, int] = field(default_factory=dict)
    tiers: tuple[TierRow, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Nothing but input, output and cached input has a price, and always the same."""
        return not self.parts and not self.tiers


@dataclass(frozen=True, slots=True)
class PauseRow:
    """Calls are refused from one moment to another; `of` is host, offer, team or key."""

    of: str
    reason: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A reason why calls are refused, until somebody lifts it; `kind` is grant or team."""

    kind: str
    why: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One row of `gateway.key`. :ivar networks: where calls may come from; empty is anywhere."""

    digest: bytes
    key_id: int
    team_id: int
    team: str
    application_id: int
    application: str
    expires_at: datetime | None
    revoked_at: datetime | None
    closed_at: datetime | None
    grants: tuple[Carried, ...]
    pauses: tuple[PauseRow, ...] = ()
    networks: tuple[str, ...] = ()
    levels: tuple[LevelRow, ...] = ()

    def opens_from(self, address: Address | None) -> bool:
        """May a call come from there? An address that is not known is in no network."""
        if not self.networks:
            return True
        return address is not None and any(
            address.version == network.version and address in network for network in _networks(self.networks)
        )

    def levels_of(self, grant_id: int) -> list[LevelRow]:
        """What its calls under a grant are under beside it."""
        return [level for level in self.levels if level.grant_id in (None, grant_id)]

    def pause(self, at: datetime) -> PauseRow | None:
        """What holds it back at `at`; where key and team are paused, the one that lasts longer."""
        return longest(self.pauses, at)

    def refusal(self, at: datetime) -> str:
        """Why this key opens nothing at `at`: revoked, expired, team_closed; empty when it does."""
        for since, why in (
            (self.revoked_at, "revoked"),
            (self.expires_at, "expired"),
            (self.closed_at, "team_closed"),
        ):
            if since is not None and since <= at:
                return why
        return ""


@dataclass(frozen=True)
class RouteRow:
    """One row of `gateway.route`: a grant, its offer and how to call it.

    :ivar terms_due_at: from when calls need the offer's new terms acknowledged; None needs that at once.
    :ivar calling_credential: a Fernet token; opened only in the gateway's memory.
    """

    grant_id: int
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    blocks: tuple[BlockRow, ...]
    terms_acknowledged: bool
    terms_due_at: datetime | None
    offer_id: int
    publisher: str
    model: str
    host: str
    host_model_id: str
    lifecycle: str
    retires_at: datetime | None
    successor: str | None
    context_tokens: int | None
    max_output_tokens: int | None
    host_id: int
    connector: str
    calling_base_url: str
    calling_auth: str
    calling_path_template: str
    cancels_at_once: bool
    calling_credential: bytes | None
    trusted_networks: tuple[str, ...]
    is_sandbox: bool
    is_callable: bool
    limits: tuple[LimitRow, ...]
    prices: tuple[PriceRow, ...]
    pauses: tuple[PauseRow, ...]

    @cached_property
    def name(self) -> str:
        """`publisher/model`."""
        return f"{self.publisher}/{self.model}"

    @cached_property
    def exact_name(self) -> str:
        """`host:publisher/model`."""
        return f"{self.host}:{self.name}"

    def address(self, way: str) -> str | None:
        """Where calls that end in `way` go; None where the host's path is one of chat completions only.

        A path of its own is written down for chat completions; the other ways stand in the same place.
        """
        if way not in self.addresses:
            path = self.calling_path_template or CHAT
            named = path.replace("{model}", quote(self.host_model_id, safe=""))
            known = way == CHAT or CHAT in named
            self.addresses[way] = (
                f"{self.calling_base_url.rstrip('/')}/{named.replace(CHAT, way).lstrip('/')}"
                if known
                else None
            )
        return self.addresses[way]

    @cached_property
    def addresses(self) -> dict[str, str | None]:
        return {}

    @cached_property
    def heads(self) -> dict[str, str]:
        """Of requests to the host, by dialect; the credential is in it, so it is never shown."""
        return {}

    def terms_missing(self, at: datetime) -> bool:
        """Does a call at `at` need an acknowledgement that the team has not given?"""
        return not self.terms_acknowledged and (self.terms_due_at is None or self.terms_due_at <= at)

    def suspensions(self, at: datetime) -> list[BlockRow]:
        """The reasons that somebody has to lift."""
        return [b for b in self.blocks if b.starts_at <= at and (b.ends_at is None or at < b.ends_at)]

    def state(self, at: datetime) -> str:
        """live, revoked, ended, suspended or not_started at `at`; live only where nothing blocks it."""
        if self.revoked_at and self.revoked_at <= at:
            return "revoked"
        if self.ends_at <= at:
            return "ended"
        if self.starts_at > at:
            return "not_started"
        return "suspended" if self.suspensions(at) or self.terms_missing(at) else "live"

    def maxima(self, at: datetime) -> dict[str, int]:
        """The limits in force at `at`, by kind: what was granted, or the highest raise over it."""
        return {kind: row.maximum for kind, row in self.in_force(at).items()}

    def in_force(self, at: datetime) -> dict[str, LimitRow]:
        """The rows behind `maxima`."""
        found: dict[str, LimitRow] = {}
        for row in self.limits:
            if row.starts_at <= at and (row.ends_at is None or at < row.ends_at):
                known = found.get(row.kind)
                found[row.kind] = row if known is None or row.maximum >= known.maximum else known
        return found

    def price(self, at: datetime) -> PriceRow | None:
        """The price that counts at `at`: of those in force the one with the lowest precedence."""
        held = [p for p in self.prices if p.starts_at <= at and (p.ends_at is None or at < p.ends_at)]
        return min(held, key=lambda row: row.precedence, default=None)

    def pause(self, at: datetime) -> PauseRow | None:
        """What takes it out of use at `at`; where host and offer are paused, the one that lasts longer."""
        return longest(self.pauses, at)


def longest(pauses: Iterable[PauseRow], at: datetime) -> PauseRow | None:
    held = (p for p in pauses if p.starts_at <= at < p.ends_at)
    return max(held, key=lambda row: row.ends_at, default=None)


@dataclass(frozen=True, slots=True)
class Passport:
    """All that the gateway must know of one key. `version` is the database's when the rows were read, or older.

    :param periods: the days of budgets around now.
    """

    version: int
    key: KeyRow
    routes: tuple[RouteRow, ...]
    periods: Periods
    judged: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def steady_until(self, at: datetime) -> datetime:
        """The next moment at which a date decides otherwise than at `at`; until then every judgement holds."""
        rows: list[Any] = [self.key, *self.key.grants, *self.key.pauses]
        rows += [limit for level in self.key.levels for limit in level.limits]
        for route in self.routes:
            rows += [route, *route.limits, *route.prices, *route.pauses, *route.blocks]
        told = (getattr(row, each.name) for row in rows for each in fields(row))
        return min((date for date in told if isinstance(date, datetime) and date > at), default=FAR)

    def named(self, model: str) -> list[RouteRow]:
        """Every grant of the key for a model, oldest first, whatever its state."""
        return [route for route in self.routes if model in (route.name, route.exact_name)]

    def state(self, route: RouteRow, at: datetime) -> str:
        """The grant's state for this key's application."""
        state = route.state(at)
        if state == "live" and not any(
            c.grant_id == route.grant_id and c.covers(at) for c in self.key.grants
        ):
            return "ended"
        return state

    def live(self, at: datetime) -> list[RouteRow]:
        return [route for route in self.routes if self.state(route, at) == "live"]


@lru_cache(1024)
def _networks(told: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(map(ip_network, told))
