"""Anthropic: models with their stage and dates, read to the last page; on request the organisation's rate limits.

Source: the types of the official client. `lifecycle` says the stage and nothing else does: a retirement date in
the past on a deprecated model means that retirement is overdue, not that it has happened. Listings of 2025 tell
neither stage nor dates. Limits are told per group of models; which number stands for a group's capacity is said
in docs/decisions/0011.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Http, Listing, OfferRow, Page, PoolRow, Signer
from catalog.connectors.cursors import by_last_id, next_id
from catalog.connectors.keys import admin_signer, everyday
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.paging import by_token
from catalog.connectors.reading import (
    count_of,
    leniently,
    moment,
    parse_json,
    prose,
    rows_of,
    slug,
    text_of,
    whole,
    words_of,
)

LIMITS = "rate_limits"
VERSION = "2023-06-01"
STAGES = {"active": "generally_available", "deprecated": "deprecated", "retired": "retired"}
INPUT = ("input_tokens_per_minute", "input_tokens_per_minute_cache_aware")
OUTPUT, REQUESTS = "output_tokens_per_minute", "requests_per_minute"
TAKES = {"image_input": "image", "pdf_input": "pdf"}


class Anthropic(OpenAICompatible):
    name: ClassVar[str] = "anthropic"
    label: ClassVar[str] = "Anthropic"
    base_url: ClassVar[str] = "https://api.anthropic.com/v1"
    credential_hint: ClassVar[str] = "An API key. For rate limits: an API key, a space, an admin key."
    reference_prices: ClassVar[bool] = True
    settings_may: ClassVar[tuple[str, ...]] = ("rate_limits",)
    final_codes: ClassVar[Mapping[str, str]] = {
        "billing_error": "The organisation's account has a billing problem.",
    }

    def headers(self, credential: str) -> dict[str, str]:
        key = everyday(credential)
        return {"anthropic-version": VERSION, **({"x-api-key": key} if key else {})}

    def signer(self, credential: str) -> Signer | None:
        return admin_signer(credential, "/organizations/", "x-api-key")

    def check(self, http: Http) -> str:
        answer = http.get(self.address("models"), {"limit": "1"})
        self.read(Page(answer.url, answer.body))
        if not self.asks_limits():
            return "The key may list models."
        answer = http.get(self.limits_url(), {"limit": "1"})
        self.read(Page(answer.url, answer.body, LIMITS))
        return "The key may list models, and the admin key may read the rate limits."

    def asks_limits(self) -> bool:
        return self.connection.settings.get("rate_limits", "").lower() not in {"", "no", "false", "0"}

    def limits_url(self) -> str:
        return self.address("organizations/rate_limits")

    def fetch(self, http: Http) -> Iterator[Page]:
        beside = tuple(self.limits(http)) if self.asks_limits() else ()
        yield from beside
        models = by_last_id(
            http, self.address("models"), {"limit": "1000"}, part="models", asked_as="after_id"
        )
        for page in models:
            yield replace(page, beside=beside)

    def limits(self, http: Http) -> Iterator[Page]:
        """Every page of the organisation's limits."""
        for page in by_token(http, self.limits_url(), {}, asked_as="page", told_as="next_page"):
            yield replace(page, part=LIMITS)

    def read(self, page: Page) -> Listing:
        if page.part == LIMITS:
            groups, problems = leniently(rows_of(parse_json(page), page, "data"), self.pools, "limit")
            pools = tuple(pool for group in groups for pool in group)
            return Listing(pools=pools, problems=problems, rejected=len(problems))
        listing = super().read(page)
        pool = {model: name for each in page.beside for model, name in self.groups(each)}
        offers = tuple(replace(row, pool=pool.get(row.key, "")) for row in listing.offers)
        return replace(listing, offers=offers, more=bool(next_id(page)))

    def more(self, content: Any) -> str:
        """Nothing is missing where a page says that there is more: `fetch` asks on until there is none."""
        return ""

    def offer(self, row: dict[str, Any]) -> OfferRow:
        told = text_of(row, "id")
        maker, maker_name = names.publisher("anthropic")
        capabilities = dict(flat(row.get("capabilities")))
        line = prose(row.get("line"), 60)
        return OfferRow(
            key=told,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(told) or "unnamed",
            name=prose(row.get("display_name"), 160) or told[:160],
            host_model_id=told,
            lifecycle=stage(row),
            lifecycle_told=prose(row.get("lifecycle"), 80),
            region=self.connection.region,
            deprecated_at=date(row, "deprecated_at"),
            retires_at=date(row, "retires_at"),
            context_tokens=count_of(row.get("max_input_tokens")),
            max_output_tokens=count_of(row.get("max_tokens")),
            capabilities=({"line": line} if line else {}) | capabilities,
            modalities=modalities(capabilities),
        )

    def pools(self, row: dict[str, Any]) -> list[PoolRow]:
        """One group's input and output tokens a minute. Raises ValueError in words."""
        name, label = group(row)
        limits = {text_of(each, "type"): whole(each, "value") for each in row.get("limits") or []}
        told = next((limits[kind] for kind in INPUT if limits.get(kind) is not None), None)
        sides = [
            ("input", name, told, limits.get(REQUESTS)),
            ("output", f"{name} output", limits.get(OUTPUT), None),
        ]
        return [
            PoolRow(
                name=named[:160],
                label=prose(f"{label}, {side} tokens", 200),
                unit=f"{side} tokens per minute",
                maximum=Decimal(tokens),
                region=self.connection.region,
                tpm_per_unit=1 if side == "input" else None,
                rpm=rpm,
            )
            for side, named, tokens, rpm in sides
            if tokens is not None
        ]

    def groups(self, page: Page) -> Iterator[tuple[str, str]]:
        """(model, pool) of every group that names its models."""
        for row in rows_of(parse_json(page), page, "data"):
            if isinstance(row, dict):
                yield from ((model, group(row)[0]) for model in words_of(row.get("models"), 200))


def stage(row: dict[str, Any]) -> str:
    """Our word for Anthropic's. Raises ValueError for one that is not known, so that no stage is guessed."""
    told = row.get("lifecycle")
    if told is None:
        return "deprecated" if row.get("deprecated_at") else "generally_available"
    if not isinstance(told, str) or told not in STAGES:
        raise ValueError(f"lifecycle '{str(told)[:60]}' is not known")
    return STAGES[told]


def date(row: dict[str, Any], name: str) -> datetime | None:
    value = row.get(name)
    return moment(text_of(row, name, 60)) if value is not None else None


def flat(told: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every told truth by its path: `thinking`, `thinking.types.adaptive`."""
    for name, value in told.items() if isinstance(told, dict) else ():
        here = f"{path}.{prose(name, 60)}" if path else prose(name, 60)
        if isinstance(value, dict):
            yield from flat(value, here)
        elif isinstance(value, bool):
            yield (path if name == "supported" and path else here), "true" if value else "false"


def modalities(capabilities: Mapping[str, str]) -> tuple[str, ...]:
    """What it takes, where it is told at all: text always, the rest as told."""
    more = {word for name, word in TAKES.items() if capabilities.get(name) == "true"}
    return tuple(sorted({"text", *more})) if capabilities else ()


def group(row: dict[str, Any]) -> tuple[str, str]:
    """(name, label) of a group of limits: an id as far as one is told, else the first of its models, or its type."""
    told: dict[str, Any] = row["group"] if isinstance(row.get("group"), dict) else {}
    models = words_of(row.get("models"), 200)
    kind = prose(told.get("type") or row.get("group_type"), 60) or "limits"
    label = prose(told.get("display_name"), 120) or ", ".join(models) or kind
    named = prose(told.get("id"), 120) or prose(row.get("id"), 120)
    return named or min(models, default=kind), label
