"""Supply for tests: hosts, offers, prices, made plainly as rows; a new one each time unless named."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from catalog import actions
from catalog.models import CapacityPool, Host, Model, Offer, Pause, Price, Publisher, Terms
from foundry.lib import clock
from foundry.people.models import User
from tests.make.people import person

_numbers = count(1)
TOLD_AT = datetime(2026, 1, 1, tzinfo=UTC)


def publisher(slug: str = "xai", name: str = "") -> Publisher:
    row, _ = Publisher.objects.get_or_create(slug=slug, defaults={"name": name or slug.title()})
    return row


def terms(slug: str = "hosting-only", version: int = 1, **facts: str) -> Terms:
    facts = facts or {"hosted_by": "Microsoft", "training": "none", "retention": "30 days"}
    row, _ = Terms.objects.get_or_create(
        slug=slug, version=version, defaults={"title": slug.replace("-", " ").capitalize(), "facts": facts}
    )
    return row


def host(slug: str = "", **fields: Any) -> Host:
    """A connected host unless fields say otherwise."""
    slug = slug or f"host{next(_numbers)}"
    known = Host.objects.filter(slug=slug).first()
    defaults = {
        "name": slug.title(),
        "connector": "openai_compatible",
        "calling_base_url": "https://models.example/v1",
        "publishes_new": True,
        "request_gap_ms": 0,
    }
    return known or Host.objects.create(slug=slug, **(defaults | fields))


def model(slug: str = "", *, by: Publisher | None = None, **fields: Any) -> Model:
    slug, by = slug or f"model-{next(_numbers)}", by or publisher()
    row, _ = Model.objects.get_or_create(publisher=by, slug=slug, defaults={"name": slug} | fields)
    return row


def offer(
    slug: str = "", *, at: Host | None = None, of: Model | None = None, priced: bool = True, **fields: Any
) -> Offer:
    """A generally available offer with a price of $3 / $15; `priced=False` leaves its price unknown."""
    of, at = of or model(slug), at or host()
    defaults: dict[str, Any] = {
        "key": f"{of}#{next(_numbers)}",
        "host_model_id": of.slug,
        "lifecycle": "generally_available",
        "source": "test",
        "told_at": TOLD_AT,
        "context_tokens": 131_072,
        "max_output_tokens": 8_192,
    }
    row = Offer.objects.create(host=at, model=of, **(defaults | fields))
    if priced:
        price(row)
    return row


def price(
    offer: Offer,
    input_per_million: str = "3",
    output_per_million: str = "15",
    *,
    cached_input_per_million: str | None = None,
    basis: str = "host",
    starts_at: datetime = TOLD_AT,
    ends_at: datetime | None = None,
) -> Price:
    return Price.objects.create(
        offer=offer,
        basis=basis,
        precedence=Price.PRECEDENCE[Price.Basis(basis)],
        input_per_million=Decimal(input_per_million),
        output_per_million=Decimal(output_per_million),
        cached_input_per_million=None
        if cached_input_per_million is None
        else Decimal(cached_input_per_million),
        starts_at=starts_at,
        ends_at=ends_at,
        source="test",
        told_at=starts_at,
    )


def pool(at: Host, name: str = "AIServices.GlobalStandard.MaaS", **fields: Any) -> CapacityPool:
    defaults: dict[str, Any] = {
        "label": "Default quota", "unit": "Count", "maximum": 600, "source": "test", "told_at": TOLD_AT,
    }  # fmt: skip
    return CapacityPool.objects.create(host=at, name=name, **(defaults | fields))


def pause(
    what: Host | Offer, *, by: User | None = None, at: datetime | None = None, for_s: int = 3_600
) -> Pause:
    """A pause from `at`, now unless said, made through the real action."""
    at = at or clock.now()
    return actions.pause(
        what,
        reason="It fails.",
        ends_at=at + timedelta(seconds=for_s),
        actor=by or person(roles=("ops",)),
        at=at,
    )
