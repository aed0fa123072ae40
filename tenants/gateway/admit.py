"""May this call run, and under which grant? Every limit is taken together or not at all."""

from datetime import datetime

from tenants.gateway.call import Call
from tenants.gateway.choose import chosen, more, not_granted
from tenants.gateway.errors import GatewayError, bad_key, exceeded, unavailable
from tenants.gateway.runtime import Runtime
from tenants.keys.passport import Passport, PriceRow, RouteRow
from tenants.quotas.limits import Exceeded, Need, Stale, Unavailable

TRIES = 4
MONEY = ("usd_per_day", "usd_per_month")


async def find_passport(runtime: Runtime, digest: bytes, at: datetime) -> Passport:
    """The passport of a live key. Raises GatewayError 401, Unavailable."""
    passport = await runtime.book.find(digest)
    if passport is None:
        raise bad_key(runtime.config.console_url)
    if why := passport.key.refusal(at):
        raise bad_key(runtime.config.console_url, why)
    return passport


async def admit(runtime: Runtime, call: Call) -> None:
    """Choose the grant and set aside the call's worst case. Raises GatewayError, with nothing held."""
    try:
        for _ in range(TRIES):
            await choose_route(runtime, call)
            try:
                await take(runtime, call)
            except Stale:
                runtime.book.forget()
                call.passport = await find_passport(runtime, call.digest, call.at)
            else:
                return
        raise Unavailable("grants change faster than they can be read")
    except Unavailable as error:
        raise unavailable(str(error)) from error


async def choose_route(runtime: Runtime, call: Call) -> None:
    assert call.asked is not None
    console, name = runtime.config.console_url, call.asked.model
    try:
        choice = chosen(call.passport, name, call.dialect, call.at, console)
    except LookupError:
        raise not_granted(name, await runtime.book.offered(name), console) from None
    except GatewayError:
        call.route = next(iter(call.passport.named(name)), None)
        raise
    call.route, call.price, call.maxima = choice.route, choice.price, choice.maxima


async def take(runtime: Runtime, call: Call) -> None:
    """Set the call's worst case aside, under every limit or none. Raises GatewayError, Stale, Unavailable."""
    assert call.route is not None
    need = call.need = need_of(call, call.route, call.price)
    held = runtime.leases.take_now(need) or await runtime.leases.take(need, call.passport.version)
    if isinstance(held, Exceeded):
        raise refusal(runtime, call, held)
    call.held = held


def need_of(call: Call, route: RouteRow, price: PriceRow | None) -> Need:
    """The call's worst case. Raises GatewayError where money is limited and no price is known."""
    assert call.asked is not None
    maxima = call.maxima
    if price is None and any(kind in maxima for kind in MONEY):
        raise GatewayError(
            403,
            "price_unknown",
            f"{route.name} has no price at the moment, and your team's limit is in money. An admin can set the price; "
            "until then nothing can be spent.",
        )
    return Need(
        grant_id=route.grant_id,
        at=call.at,
        tokens_in=call.asked.tokens_in,
        tokens_out=call.asked.tokens_out,
        most_out=call.asked.most_out(route),
        choices=call.asked.choices,
        estimate=call.asked.estimate(route),
        price_in=None if price is None else max(price.input, price.cached or 0),
        price_out=None if price is None else price.output,
        maxima=maxima,
    )


def refusal(runtime: Runtime, call: Call, limit: Exceeded) -> GatewayError:
    assert call.route is not None
    return exceeded(
        limit,
        team=call.passport.key.team,
        name=call.route.name,
        at=call.at,
        ask_for_more=more(call.route, runtime.config.console_url),
    )
