"""The price list that ships with `genai-prices`: real models and prices, without a network or a credential.

It says what a provider publishes, not what a host serves us: its offers are listed, never callable.
Source: that package's own data.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import ClassVar

from genai_prices import data
from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices, TimeOfDateConstraint

from catalog.connectors import names
from catalog.connectors.base import Http, Kind, Listing, OfferRow, Page, PriceRow, Problem
from catalog.connectors.reading import slug

# Providers that make what they list; the others host what somebody else made.
MAKERS = {
    "anthropic": "anthropic", "cohere": "cohere", "deepseek": "deepseek", "elevenlabs": "elevenlabs",
    "meta": "meta", "minimax": "minimax", "mistral": "mistral", "moonshotai": "moonshotai",
    "openai": "openai", "openai-decisions": "openai", "voyageai": "voyageai", "x-ai": "xai", "zai": "zai",
    "zhipuai": "zai", "typesafe": "typesafe",
}  # fmt: skip
# Where to look for the list price of a maker's model.
LISTS = {
    "xai": "x-ai",
    "google": "google",
    **{maker: provider for provider, maker in MAKERS.items() if provider == maker},
}
INPUT_ONLY = re.compile(r"embed|rerank|voyage|bge-|gte-|(^|-)(ada|babbage|curie|davinci)$", re.IGNORECASE)
SOURCE = f"genai-prices {version('genai-prices')}"


class Reference(Kind):
    name: ClassVar[str] = "reference"
    label: ClassVar[str] = "Reference price list"
    credential_hint: ClassVar[str] = "None."
    needs_network: ClassVar[bool] = False

    def fetch(self, http: Http) -> Iterator[Page]:
        """One page per provider; its body is only the moment whose prices count."""
        stamp = datetime.now(UTC).isoformat().encode()
        for number, provider in enumerate(data.providers, 1):
            yield Page(f"{SOURCE}#{provider.id}", stamp, provider.id, number)

    def read(self, page: Page) -> Listing:
        provider = providers()[page.part]
        at = datetime.fromisoformat(page.body.decode())
        offers, problems = [], []
        for info in provider.models:
            try:
                offers.append(offer(provider, info, at))
            except (ValueError, IndexError) as error:
                problems.append(Problem(f"{provider.id} {info.id}", str(error)[:200]))
        return Listing(tuple(offers), (), tuple(problems), len(problems))


@cache
def providers() -> dict[str, Provider]:
    return {provider.id: provider for provider in data.providers}


def offer(provider: Provider, info: ModelInfo, at: datetime) -> OfferRow:
    """One model of one provider's list."""
    (maker, maker_name), bare = maker_of(provider, info.id)
    return OfferRow(
        key=f"{provider.id}/{info.id}",
        publisher=maker,
        publisher_name=maker_name,
        model=slug(bare) or slug(info.id),
        name=(info.name or bare)[:160],
        host_model_id=info.id,
        lifecycle="deprecated" if info.deprecated else "generally_available",
        lifecycle_told="deprecated" if info.deprecated else "",
        sku=provider.name[:60],
        context_tokens=info.context_window,
        description=(info.description or "")[:2000],
        price=price(info, at),
    )


def maker_of(provider: Provider, told: str) -> tuple[tuple[str, str], str]:
    """Who made a model, and its bare name, from an id as this provider writes it."""
    if provider.id in MAKERS:
        own = names.publisher(MAKERS[provider.id])
        return own, told
    path, _, bare = told.rpartition("/")
    if path:
        return names.publisher(path.split("/")[-1]), bare
    if provider.id == "aws":
        parts = told.split(".")
        parts = parts[1:] if parts[0] in {"global", "regional", "us", "eu", "apac", "jp", "au"} else parts
        return names.publisher(parts[0]), re.sub(r"-v\d+(:\d+)?$", "", ".".join(parts[1:]))
    bare = told.removeprefix(f"{provider.id}-")
    return names.maker_by_family(bare) or names.publisher(provider.name), bare


def price(info: ModelInfo, at: datetime) -> PriceRow | None:
    """The list price at `at` below the first volume tier; None when it is not per token."""
    told = (
        max((info.get_prices(moment) for moment in moments(info, at)), key=dearness) if info.prices else None
    )
    if told is None or (per_input := base(told.input_mtok)) is None:
        return None
    per_output = base(told.output_mtok)
    if per_output is None:
        if not INPUT_ONLY.search(info.id):
            return None
        per_output = Decimal(0)  # such a model produces no tokens
    return PriceRow(per_input, per_output, base(told.cache_read_mtok), "reference", SOURCE)


def moments(info: ModelInfo, at: datetime) -> list[datetime]:
    """Where a list price hangs on the hour, every hour of that day at which it changes; else just `at`.

    A price row holds for days, so the dearest of the day counts: no budget is planned on a night's discount.
    """
    priced = info.prices if isinstance(info.prices, list) else []
    hours = [each.constraint for each in priced if isinstance(each.constraint, TimeOfDateConstraint)]
    day = at.astimezone(UTC).date()
    return [at, *(datetime.combine(day, hour) for each in hours for hour in (each.start_time, each.end_time))]


def dearness(told: ModelPrice) -> Decimal:
    return base(told.input_mtok) or Decimal(0)


def base(value: Decimal | TieredPrices | None) -> Decimal | None:
    return value.base if isinstance(value, TieredPrices) else value


def list_price(publisher: str, model: str, at: datetime) -> PriceRow | None:
    """What `publisher` itself asks for `model`, by exact match of the list's own rules, or None."""
    provider = providers().get(LISTS.get(publisher, ""))
    if provider is None:
        return None
    found = next((info for info in provider.models if info.is_match(model)), None)
    return None if found is None else price(found, at)
