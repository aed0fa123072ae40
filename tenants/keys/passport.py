"""What a key may do, as the gateway reads it from the views of `gateway.sql`. Pure, no Django.

The dataclasses `KeyRow` and `RouteRow` are the views' columns; a test compares them. A passport is judged
at the moment of each call: dates decide, no worker has to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

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
    """:param maximum: of `kind`, in tokens, calls or nano-dollars."""

    kind: str
    maximum: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """:param input, output, cached: integers of 1e-12 USD per million tokens; cached None means as input."""

    price_id: int
    basis: str
    precedence: int
    starts_at: datetime
    ends_at: datetime | None
    input: int
    output: int
    cached: int | None


@dataclass(frozen=True, slots=True)
class PauseRow:
    """Calls are refused from one moment to another; `of` is host or offer."""

    of: str
    reason: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One row of `gateway.key`."""

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
    suspended_at: datetime | None
    suspended_why: str
    revoked_at: datetime | None
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

    def terms_missing(self, at: datetime) -> bool:
        """Does a call at `at` need an acknowledgement that the team has not given?"""
        return not self.terms_acknowledged and (self.terms_due_at is None or self.terms_due_at <= at)

    def state(self, at: datetime) -> str:
        """live, revoked, ended, suspended or not_started at `at`."""
        if self.revoked_at and self.revoked_at <= at:
            return "revoked"
        if self.ends_at <= at:
            return "ended"
        if self.suspended_at and self.suspended_at <= at:
            return "suspended"
        return "not_started" if self.starts_at > at else "live"

    def maxima(self, at: datetime) -> dict[str, int]:
        """The limits in force at `at`, by kind."""
        return {
            row.kind: row.maximum
            for row in self.limits
            if row.starts_at <= at and (row.ends_at is None or at < row.ends_at)
        }

    def price(self, at: datetime) -> PriceRow | None:
        """The price that counts at `at`: of those in force the one with the lowest precedence."""
        held = [p for p in self.prices if p.starts_at <= at and (p.ends_at is None or at < p.ends_at)]
        return min(held, key=lambda row: row.precedence, default=None)

    def pause(self, at: datetime) -> PauseRow | None:
        """What takes it out of use at `at`; where host and offer are paused, the one that lasts longer."""
        held = [p for p in self.pauses if p.starts_at <= at < p.ends_at]
        return max(held, key=lambda row: row.ends_at, default=None)


@dataclass(frozen=True, slots=True)
class Passport:
    """All that the gateway must know of one key. `version` is the database's when the rows were read, or older."""

    version: int
    key: KeyRow
    routes: tuple[RouteRow, ...]
    judged: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def steady_until(self, at: datetime) -> datetime:
        """The next moment at which a date decides otherwise than at `at`; until then every judgement holds."""
        rows: list[Any] = [self.key, *self.key.grants]
        for route in self.routes:
            rows += [route, *route.limits, *route.prices, *route.pauses]
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


def moment(value: Any) -> datetime | None:
    """A timestamp as the driver or as JSON gives it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def key_row(row: Mapping[str, Any]) -> KeyRow:
    carried = (
        Carried(each["grant_id"], moment(each["starts_at"]), moment(each["ends_at"]))
        for each in row["grants"]
    )
    return KeyRow(**{**row, "digest": bytes(row["digest"]), "grants": tuple(carried)})


def route_row(row: Mapping[str, Any]) -> RouteRow:
    return RouteRow(
        **{
            **row,
            "calling_credential": None
            if row["calling_credential"] is None
            else bytes(row["calling_credential"]),
            "trusted_networks": tuple(row["trusted_networks"]),
            "limits": tuple(map(_limit, row["limits"])),
            "prices": tuple(map(_price, row["prices"])),
            "pauses": tuple(PauseRow(**{**each, **_dates(each)}) for each in row["pauses"]),
        }
    )


def _limit(row: Mapping[str, Any]) -> LimitRow:
    return LimitRow(**{**row, **_dates(row)})


def _price(row: Mapping[str, Any]) -> PriceRow:
    numbers = {name: None if row[name] is None else int(row[name]) for name in ("input", "output", "cached")}
    return PriceRow(**{**row, **_dates(row), **numbers})


def _dates(row: Mapping[str, Any]) -> dict[str, datetime | None]:
    return {name: moment(row[name]) for name in ("starts_at", "ends_at")}
