"""Prices that a person stands for."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from catalog import prices
from catalog.models import Offer, Price
from catalog.rules import Actor, require_admin, require_sane_price
from foundry.audit.actions import record
from foundry.lib.errors import Invalid


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
