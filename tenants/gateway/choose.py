"""Which grant a call runs under, or why none. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tenants.gateway.dialects import Dialect, spoken_to
from tenants.gateway.errors import GatewayError, paused
from tenants.keys.passport import Passport, PriceRow, RouteRow


@dataclass(frozen=True, slots=True)
class Choice:
    """What a name means for a key while no date changes it."""

    route: RouteRow
    price: PriceRow | None
    maxima: Mapping[str, int]
    since: datetime
    until: datetime


def chosen(passport: Passport, model: str, dialect: Dialect, at: datetime, console_url: str) -> Choice:
    """As `choose`, judged once for all calls until the next date. Raises GatewayError, LookupError."""
    name = f"{dialect.name} {model}"
    known: Choice | None = passport.judged.get(name)
    if known is not None and known.since <= at < known.until:
        return known
    route = choose(passport, model, dialect, at, console_url)
    made = Choice(route, route.price(at), route.maxima(at), at, passport.steady_until(at))
    passport.judged[name] = made
    return made


def choose(passport: Passport, model: str, dialect: Dialect, at: datetime, console_url: str) -> RouteRow:
    """The oldest live grant of the key for `model`. Raises GatewayError; LookupError when the key has none at all."""
    held = passport.named(model)
    live = [route for route in held if passport.state(route, at) == "live"]
    if not held:
        raise LookupError(model)
    if not live:
        raise not_live(passport, held, at, console_url)
    for route in live:
        if (why := trouble(route, dialect, at, console_url)) is None:
            return route
    raise why  # type: ignore[misc]


def not_live(passport: Passport, held: list[RouteRow], at: datetime, console_url: str) -> GatewayError:
    """None of the grants is live: say it of the one that could be live soonest."""
    rank = {"suspended": 0, "not_started": 1, "ended": 2, "revoked": 3}
    route = min(held, key=lambda each: (rank[passport.state(each, at)], -each.grant_id))
    state, page = passport.state(route, at), f"{console_url}/grants/{route.grant_id}/"
    if state == "suspended":
        why = f": {route.suspended_why}" if route.suspended_why else ""
        return GatewayError(
            403, "grant_suspended", f"Your team's grant for {route.name} is suspended{why}. See {page}"
        )
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


def trouble(route: RouteRow, dialect: Dialect, at: datetime, console_url: str) -> GatewayError | None:
    """Why a live grant cannot be called now."""
    if route.terms_missing(at):
        return GatewayError(
            403,
            "terms_not_acknowledged",
            f"The terms of {route.name} have a new version that your team has not acknowledged. "
            f"Acknowledge it at {console_url}/grants/{route.grant_id}/",
        )
    if route.lifecycle == "retired":
        instead = f" Its successor is {route.successor}." if route.successor else ""
        return GatewayError(403, "model_retired", f"{route.name} is retired and no longer served.{instead}")
    if not route.is_callable:
        return GatewayError(
            503,
            "host_not_callable",
            f"{route.host} lists {route.name} but has no calling address; an admin can add one.",
        )
    if not dialect.spoken_by(route):
        others = " or ".join(spoken_to(route)) or "no address of this gateway"
        return GatewayError(
            400,
            "dialect_not_spoken",
            f"{route.host} does not speak {dialect.path} for {route.name}, and calls are not translated; use {others}.",
            param="model",
        )
    pause = route.pause(at)
    return None if pause is None else paused(route, pause, at)


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
