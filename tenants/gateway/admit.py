"""May this call run, and under which grant? Every limit is taken together or not at all."""

from datetime import datetime

from tenants.gateway.call import Call
from tenants.gateway.choose import Choice, chosen, not_granted, others, price_missing
from tenants.gateway.errors import GatewayError, bad_key, unavailable
from tenants.gateway.over import exceeded
from tenants.gateway.runtime import Runtime
from tenants.gateway.whence import require_network
from tenants.keys.passport import Passport, PriceRow, RouteRow
from tenants.quotas.limits import Exceeded, Need, Stale, Unavailable
from tenants.usage.charge import dearest

TRIES = 4


async def find_passport(runtime: Runtime, digest: bytes, at: datetime) -> Passport:
    """The passport of a live key. Raises GatewayError 401, Unavailable."""
    passport = runtime.book.at_hand(digest) or await runtime.book.find(digest)
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
                require_network(runtime, call.passport.key, call.scope)
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
    put(call, choice)


def put(call: Call, choice: Choice) -> None:
    call.route, call.price, call.maxima, call.levels = (
        choice.route,
        choice.price,
        choice.maxima,
        choice.levels,
    )


async def moved(runtime: Runtime, call: Call, why: str) -> bool:
    """Another host of the model takes the call over, and its grant the hold. False where none can; the hold stays then.

    :param why: what the host did that costs nothing.
    """
    assert call.route is not None
    assert call.asked is not None
    call.tries += f"{'; ' if call.tries else ''}{call.route.host} {why}"
    call.tried, call.facts = (*call.tried, call.route.host_id), None
    before, need, held = (
        Choice(call.route, call.price, call.maxima, call.at, call.at, call.levels),
        call.need,
        call.held,
    )
    for choice in others(call.passport, call.asked.model, call.dialect, call.at, call.tried):
        if runtime.breakers.of(choice.route.host_id, choice.route.host).open:
            continue
        put(call, choice)
        try:
            await take(runtime, call)
        except (GatewayError, Stale, Unavailable):
            continue
        finally:
            if call.held is held:  # also where the caller's time was over meanwhile
                put(call, before)
                call.need = need
        if held is not None:
            runtime.leases.undo(held)
        return True
    return False


async def take(runtime: Runtime, call: Call) -> None:
    """Set the call's worst case aside, under every limit or none. Raises GatewayError, Stale, Unavailable."""
    assert call.route is not None
    need = call.need = need_of(call, call.route, call.price)
    version = call.passport.version
    held = runtime.leases.take_now(need, version) or await runtime.leases.take(need, version)
    if isinstance(held, Exceeded):
        raise await refusal(runtime, call, held)
    call.held = held


def need_of(call: Call, route: RouteRow, price: PriceRow | None) -> Need:
    """The call's worst case. Raises Stale where the passport's days are over, GatewayError where money needs a price."""
    assert call.asked is not None
    maxima = call.maxima
    if price is None and (why := price_missing(call.passport.key, route, call.at)) is not None:
        raise why
    try:
        period = call.passport.periods.at(call.at)
    except LookupError:
        raise Stale from None
    asked, dear = call.asked, None
    if price is not None:
        dear = dearest(price, asked.tokens_in, call.at, only_text=asked.only_text, searches=asked.searches)
    return Need(
        grant_id=route.grant_id,
        at=call.at,
        period=period,
        tokens_in=asked.tokens_in,
        tokens_out=asked.tokens_out,
        most_out=asked.most_out(route),
        choices=asked.choices,
        estimate=asked.estimate(route),
        price_in=None if dear is None else dear.into,
        price_out=None if dear is None else dear.out,
        maxima=maxima,
        beside=0 if dear is None else dear.beside,
        levels=call.levels,
    )


async def refusal(runtime: Runtime, call: Call, limit: Exceeded) -> GatewayError:
    assert call.route is not None
    holder_id = limit.level.holder_id if limit.level else call.route.grant_id
    return exceeded(
        limit,
        key=call.passport.key,
        route=call.route,
        at=call.at,
        console_url=runtime.config.console_url,
        used_by=await runtime.users.of(holder_id, limit.kind, call.at),
    )
