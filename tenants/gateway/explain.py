"""Why a key can, or cannot, call a model now: the gateway's own checks in its own order, one line each. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from tenants.gateway.choose import CHECKS, choose, held_back, not_granted, not_live, others, price_missing
from tenants.gateway.dialects import Dialect
from tenants.gateway.errors import GatewayError, bad_key
from tenants.keys.passport import Passport, RouteRow


@dataclass(frozen=True, slots=True)
class Step:
    """One check. :param grant_id: whose, None for the key's. :param why: as a caller would read it, None where it passes."""

    check: str
    grant_id: int | None
    why: GatewayError | None


@dataclass(slots=True)
class Explained:
    """:ivar refusal: what a caller would get now, limits apart; None where the call would go to `route`.

    :ivar onward: where it goes from there, in order, when a host fails in a way that costs nothing.
    """

    steps: list[Step] = field(default_factory=list)
    refusal: GatewayError | None = None
    route: RouteRow | None = None
    onward: list[RouteRow] = field(default_factory=list)


def explain(
    passport: Passport, model: str, dialect: Dialect, at: datetime, console_url: str, *, offered: bool
) -> Explained:
    """Every check, also those behind the first that fails. The verdict is `choose`'s own, not drawn from the steps.

    :param offered: does the catalog know a model of that name?
    """
    told, key = Explained(), passport.key
    ended, held = key.refusal(at), passport.named(model)
    told.steps = [
        Step("The key is live", None, bad_key(console_url, ended) if ended else None),
        *([Step(f"The call comes from {' or '.join(key.networks)}, which is judged when it comes", None, None)]
          if key.networks else []),
        Step("Neither the key nor its team is paused", None, held_back(passport, at)),
        Step("It carries a grant for this model", None, None if held else not_granted(model, offered, console_url)),
    ]  # fmt: skip
    for route in held:
        told.steps += steps_of(passport, route, dialect, at, console_url)
    try:
        if ended:
            raise bad_key(console_url, ended)
        told.route = choose(passport, model, dialect, at, console_url)
        if (why := price_missing(key, told.route, at)) is not None:
            raise why
        rest = others(passport, model, dialect, at, {told.route.host_id})
        told.onward = [choice.route for choice in rest]
    except LookupError:
        told.refusal = not_granted(model, offered, console_url)
    except GatewayError as error:
        told.refusal = error
    return told


def steps_of(
    passport: Passport, route: RouteRow, dialect: Dialect, at: datetime, console_url: str
) -> list[Step]:
    live = passport.state(route, at) == "live"
    state = None if live else not_live(passport, [route], at, console_url)
    steps = [Step("The grant is in force", route.grant_id, state)]
    steps += [Step(name, route.grant_id, check(route, dialect, at, console_url)) for name, check in CHECKS]
    return [
        *steps,
        Step(
            "A price is known, where money is limited", route.grant_id, price_missing(passport.key, route, at)
        ),
    ]
