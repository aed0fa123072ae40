"""OpenRouter: one listing of everything that it routes to, with prices as texts in dollars a token.

Source: the published OpenAPI of openrouter.ai and recorded listings of 2026. `-1` means that the price is not
known before the call, `0` that it is free. `overrides` are prices under a condition: a threshold of input
tokens that must be passed, or a part of the UTC day. The same model may be there several times (`:free`,
`:thinking`), each an offer of its own; an id that starts with `~` is a moving name for another one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import BASE_PARTS, Http, Listing, ListingBroken, OfferRow, Page, PriceRow, Tier
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.paging import by_link, next_told
from catalog.connectors.reading import count_of, dollars, moment, parse_json, prose, slug, text_of, words_of

PER_TOKEN = {
    "prompt": "input", "completion": "output", "input_cache_read": "cached_input",
    "input_cache_write": "cache_write", "input_cache_write_1h": "cache_write_1h",
    "internal_reasoning": "reasoning", "audio": "audio_input", "audio_output": "audio_output",
    "input_audio_cache": "audio_cached_input", "image_token": "image_input", "image_output": "image_output",
}  # fmt: skip
PER_UNIT = {"request": "request", "image": "image", "web_search": "web_search"}
CONDITIONS = {"min_prompt_tokens", "utc_start", "utc_end"}


class OpenRouter(OpenAICompatible):
    name: ClassVar[str] = "openrouter"
    label: ClassVar[str] = "OpenRouter"
    base_url: ClassVar[str] = "https://openrouter.ai/api/v1"

    def check(self, http: Http) -> str:
        """The listing needs no key, so the key itself is asked about."""
        answer = http.get(self.address("key"))
        content = parse_json(Page(answer.url, answer.body, "key"))
        if not isinstance(content, dict) or not isinstance(content.get("data"), dict):
            raise ListingBroken("key", "the answer does not describe a key", "Check the base URL.")
        left = content["data"].get("limit_remaining")
        return f"The key works; {'it has no limit' if left is None else f'{left} USD of its limit are left'}."

    def fetch(self, http: Http) -> Iterator[Page]:
        return by_link(http, self.address("models"), "links", "next")

    def read(self, page: Page) -> Listing:
        content = parse_json(page)
        announced = count_of(content.get("total_count")) if isinstance(content, dict) else None
        more = bool(next_told(page, "links", "next"))
        return replace(super().read(page), announced=announced, more=more)

    def offer(self, row: dict[str, Any]) -> OfferRow:
        told = text_of(row, "id")
        path, _, variant = told.partition(":")
        maker, maker_name, bare = maker_of(path, row)
        top, shape = dict_of(row, "top_provider"), dict_of(row, "architecture")
        ends = row.get("expiration_date")
        return OfferRow(
            key=told,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(bare) or "unnamed",
            name=title(row, bare),
            host_model_id=told,
            lifecycle="generally_available",
            sku=variant[:60],
            region=self.connection.region,
            retires_at=moment(ends) if isinstance(ends, str) and ends else None,
            context_tokens=count_of(row.get("context_length")) or count_of(top.get("context_length")),
            max_output_tokens=count_of(top.get("max_completion_tokens")),
            capabilities=facts(row, top, shape),
            modalities=modalities(shape),
            description=prose(row.get("description")),
            price=price(row.get("pricing")),
        )


def dict_of(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return row[name] if isinstance(row.get(name), dict) else {}


def maker_of(path: str, row: dict[str, Any]) -> tuple[str, str, str]:
    """(slug, name, bare model) from `maker/model`; a maker without a title of ours keeps the one told."""
    prefix, _, bare = path.rpartition("/")
    maker, known = names.publisher(prefix or "openrouter")
    told = prose(row.get("name"), 120).partition(": ")
    return maker, known if maker in names.TITLES or not told[1] else told[0], bare


def title(row: dict[str, Any], bare: str) -> str:
    """The model's name without its maker and without what makes this row a variant."""
    told = prose(row.get("name"), 200)
    return (told.partition(": ")[2] or told).removesuffix(" (free)")[:160] or bare[:160]


def modalities(shape: dict[str, Any]) -> tuple[str, ...]:
    told = (*words_of(shape.get("input_modalities")), *words_of(shape.get("output_modalities")))
    return tuple(sorted({word[:20] for word in told}))


def facts(row: dict[str, Any], top: dict[str, Any], shape: dict[str, Any]) -> dict[str, str]:
    """What else is told, as flat texts."""
    reasoning, pricing = dict_of(row, "reasoning"), dict_of(row, "pricing")
    told = {
        "canonical_slug": row.get("canonical_slug") if row.get("canonical_slug") != row["id"] else "",
        "alias_of": alias_of(row.get("alias_target")),
        "parameters": ", ".join(sorted(words_of(row.get("supported_parameters"), 100))),
        "output_modalities": ", ".join(sorted(words_of(shape.get("output_modalities")))),
        "tokenizer": shape.get("tokenizer"),
        "knowledge_cutoff": row.get("knowledge_cutoff"),
        "voices": ", ".join(sorted(words_of(row.get("supported_voices"), 100))),
        "reasoning": "cannot be switched off" if reasoning.get("mandatory") is True else "",
        "moderated": "true" if top.get("is_moderated") is True else "",
        "top_provider_context": str(count_of(top.get("context_length")) or ""),
        "discount": str(pricing["discount"]) if pricing.get("discount") else "",
        "prices_also_hang_on": ", ".join(sorted(unknown_conditions(pricing))),
    }
    return {name: text for name, value in told.items() if (text := prose(value))}


def alias_of(told: Any) -> str:
    """The id that a moving name stands for now."""
    return prose(told.get("id") or told.get("slug") if isinstance(told, dict) else told, 200)


def price(pricing: Any) -> PriceRow | None:
    """USD per million tokens, and what is priced apart; None where the price of a token is not known."""
    if not isinstance(pricing, dict):
        return None
    told = amounts(pricing)
    if "input" not in told or "output" not in told:
        return None
    if told.get("reasoning") == 0 != told["output"]:
        del told["reasoning"]  # no extra charge: it counts as output
    parts = {name: amount for name, amount in told.items() if name not in BASE_PARTS}
    return PriceRow(
        told["input"], told["output"], told.get("cached_input"), "host", "OpenRouter models", parts,
        tuple(tier(each) for each in overrides(pricing) if set(each) <= known_names()),
    )  # fmt: skip


def amounts(pricing: Mapping[str, Any]) -> dict[str, Decimal]:
    """Every known price by part, in the units of `PARTS`; what is unknown is not there. Raises ValueError."""
    found = {part: amount(pricing, name, 6) for name, part in PER_TOKEN.items()}
    found |= {part: amount(pricing, name, 0) for name, part in PER_UNIT.items()}
    return {part: value for part, value in found.items() if value is not None}


def amount(pricing: Mapping[str, Any], name: str, zeros: int) -> Decimal | None:
    """A price times ten to the power of `zeros`; None for `-1` and where none is told. Raises ValueError."""
    told = pricing.get(name)
    return None if str(told) == "-1" else dollars(told, f"pricing.{name}", zeros)


def overrides(pricing: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = pricing.get("overrides")
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def known_names() -> set[str]:
    return {*PER_TOKEN, *PER_UNIT, *CONDITIONS}


def unknown_conditions(pricing: Mapping[str, Any]) -> set[str]:
    """Conditions that a tier of ours cannot hold, weekdays among them; such a tier is named and left out."""
    return {name for each in overrides(pricing) for name in each} - known_names()


def tier(told: Mapping[str, Any]) -> Tier:
    """One override. Its threshold is passed by more tokens than it says. Raises ValueError."""
    return Tier(
        amounts(told),
        over_input_tokens=count_of(told.get("min_prompt_tokens")),
        utc_from=clock(told, "utc_start"),
        utc_to=clock(told, "utc_end"),
    )


def clock(told: Mapping[str, Any], name: str) -> str:
    """A number like 1030 as 10:30; empty where none is told. Raises ValueError."""
    value = told.get(name)
    if value is None:
        return ""
    hours, minutes = divmod(int(value), 100)
    if not (0 <= hours < 24 and 0 <= minutes < 60) and (hours, minutes) != (24, 0):
        raise ValueError(f"'{name}' is no time of day: {str(value)[:20]}")
    return f"{hours % 24:02}:{minutes:02}"
