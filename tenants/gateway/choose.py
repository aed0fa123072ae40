"""Which grant a call runs under, or why none. Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tenants.gateway.dialects import Dialect, spoken_to
from tenants.gateway.errors import GatewayError, paused, paused_caller
from tenants.keys.passport import KeyRow, Passport, PriceRow, RouteRow
from tenants.quotas.limits import SHADOW, SOFT, Level

MONEY = ("usd_per_day", "usd_per_month")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a name means for a key while no date changes it."""

    route: RouteRow
    price: PriceRow | None
    maxima: Mapping[str, int]
    since: datetime
    until: datetime
    levels: tuple[Level, ...] = ()


def chosen(passport: Passport, model: str, dialect: Dialect, at: datetime, console_url: str) -> Choice:
    """As `choose`, judged once for all calls until the next date. Raises GatewayError, LookupError."""
    name = f"{dialect.name} {model}"
    known: Choice | None = passport.judged.get(name)
    if known is not None and known.since <= at < known.until:
        return known
    route = choose(passport, model, dialect, at, console_url)
    until = passport.steady_until(at)
    made = Choice(route, route.price(at), route.maxima(at), at, until, levels(passport.key, route, at))
    passport.judged[name] = made
    return made


def choose(passport: Passport, model: str, dialect: Dialect, at: datetime, console_url: str) -> RouteRow:
    """The oldest live grant of the key for `model`. Raises GatewayError; LookupError when the key has none at all."""
    if (why_not := held_back(passport, at)) is not None:
        raise why_not
    held = passport.named(model)
    live = [route for route in held if passport.state(route, at) == "live"]
    if not held:
        raise LookupError(model)
    if not live:
        raise not_live(passport, held, at, console_url)
    first: GatewayError | None = None
    for route in live:
        why = trouble(route, dialect, at, console_url)
        if why is None:
            return route
        first = first or why
    assert first is not None  # there is a live one
    raise first


def others(
    passport: Passport, model: str, dialect: Dialect, at: datetime, tried: Collection[int]
) -> Iterator[Choice]:
    """Where else the key may call `model`, oldest grant first. :param tried: ids of hosts that are out."""
    for route in passport.named(model):
        usable = route.host_id not in tried and passport.state(route, at) == "live"
        if usable and trouble(route, dialect, at, "") is None:
            yield Choice(route, route.price(at), route.maxima(at), at, at, levels(passport.key, route, at))


def levels(key: KeyRow, route: RouteRow, at: datetime) -> tuple[Level, ...]:
    """What a call is under beside its grant."""
    found = []
    for row in key.levels_of(route.grant_id):
        maxima = {
            before + kind: limit.maximum
            for mode, before in (("hard", ""), ("soft", SOFT), ("shadow", SHADOW))
            for kind, limit in row.in_force(at, mode).items()
        }
        if maxima:
            found.append(Level(row.holder_id, row.scope, row.name, maxima))
    return tuple(found)


def not_live(passport: Passport, held: list[RouteRow], at: datetime, console_url: str) -> GatewayError:
    """None of the grants is live: say it of the one that could be live soonest."""
    rank = {"suspended": 0, "not_started": 1, "ended": 2, "revoked": 3}
    route = min(held, key=lambda each: (rank[passport.state(each, at)], -each.grant_id))
    state, page = passport.state(route, at), f"{console_url}/grants/{route.grant_id}/"
    if state == "suspended":
        return blocked(route, at, page)
    if state == "not_started":
        return GatewayError(
            403,
            "grant_not_started",
            f"Your team's grant for {route.name} starts at {route.starts_at:%Y-%m-%d %H:%M} UTC. See {page}",
        )
    ended = min(filter(None, (route.revoked_at, route.ends_at)))
    word = "was revoked" if state == "revoked" else "ended"
    return GatewayError(
        403,
        "grant_ended",
        f"Your team's grant for {route.name} {word} on {ended:%Y-%m-%d %H:%M} UTC. "
        f"Ask again at {more(route, console_url)}",
        extra={"ask_for_more": more(route, console_url)},
    )


def blocked(route: RouteRow, at: datetime, page: str) -> GatewayError:
    """Every reason of the set, so that nobody lifts one and meets the next."""
    terms = f"The terms of {route.name} have a new version that your team has not acknowledged. Acknowledge it at {page}"
    if not (held := route.suspensions(at)):
        return GatewayError(403, "terms_not_acknowledged", terms)
    what = {"team": "Your team is suspended", "grant": f"Your team's grant for {route.name} is suspended"}
    said = [f"{what[each.kind]}: {each.why.rstrip('.')}." for each in held]
    also = [terms + "."] if route.terms_missing(at) else []
    return GatewayError(403, "grant_suspended", " ".join([*said, f"See {page}", *also]))


def trouble(route: RouteRow, dialect: Dialect, at: datetime, console_url: str) -> GatewayError | None:
    """Why a live grant cannot be called now: the first of CHECKS that it fails."""
    found = (check(route, dialect, at, console_url) for _, check in CHECKS)
    return next((why for why in found if why is not None), None)


def age(route: RouteRow, dialect: Dialect, at: datetime, console_url: str) -> GatewayError | None:
    if route.lifecycle != "retired":
        return None
    instead = f" Its successor is {route.successor}." if route.successor else ""
    return GatewayError(403, "model_retired", f"{route.name} is retired and no longer served.{instead}")


def reach(route: RouteRow, dialect: Dialect, at: datetime, console_url: str) -> GatewayError | None:
    if route.is_callable:
        return None
    off = bool(route.calling_base_url) and route.connector != "reference"
    why = (
        "is switched off; an admin can switch it on"
        if off
        else "has no calling address; an admin can add one"
    )
    return GatewayError(503, "host_not_callable", f"{route.host} lists {route.name} but {why}.")


def speech(route: RouteRow, dialect: Dialect, at: datetime, console_url: str) -> GatewayError | None:
    if not route.is_callable or dialect.spoken_by(route):
        return None
    others = " or ".join(spoken_to(route)) or "no address of this gateway"
    return GatewayError(
        400,
        "dialect_not_spoken",
        f"{route.host} does not speak {dialect.path} for {route.name}, and calls are not translated; use {others}.",
        param="model",
    )


def pause(route: RouteRow, dialect: Dialect, at: datetime, console_url: str) -> GatewayError | None:
    held = route.pause(at)
    return None if held is None else paused(route, held, at)


# What a live grant must pass, in this order; `explain` shows each by its name.
CHECKS: tuple[tuple[str, Callable[[RouteRow, Dialect, datetime, str], GatewayError | None]], ...] = (
    ("The model is not retired", age),
    ("The host can be called", reach),
    ("The host speaks this way of asking", speech),
    ("Neither host nor offer is paused", pause),
)


def held_back(passport: Passport, at: datetime) -> GatewayError | None:
    """People paused the key, or its whole team: why, and until when."""
    held = passport.key.pause(at)
    return None if held is None else paused_caller(passport.key, held, at)


def price_missing(key: KeyRow, route: RouteRow, at: datetime) -> GatewayError | None:
    """Money is limited, by the grant or beside it, and what a call costs is not known."""
    if route.price(at) is not None:
        return None
    limited = [route.maxima(at), *(level.maxima for level in levels(key, route, at))]
    if not any(kind in maxima for maxima in limited for kind in MONEY):
        return None
    return GatewayError(
        403,
        "price_unknown",
        f"{route.name} has no price at the moment, and a limit that counts for it is in money. An admin can set the "
        "price; until then nothing can be spent.",
    )


def not_granted(model: str, offered: bool, console_url: str) -> GatewayError:
    """The key has no grant at all for that name."""
    if offered:
        where = f"{console_url}/catalog/{model.rpartition(':')[2]}/"
        return GatewayError(
            403,
            "model_not_granted",
            f"This key has no grant for {model}. Ask for one at {where}",
            param="model",
        )
    return GatewayError(
        404,
        "model_not_found",
        f"There is no model named '{model[:120]}'. Name one as publisher/model or host:publisher/model; "
        "GET /v1/models lists what this key may call.",
        param="model",
    )


def more(route: RouteRow, console_url: str) -> str:
    """Where a person asks for more of this grant."""
    return f"{console_url}/requests/new/?offer={route.offer_id}&grant={route.grant_id}"
