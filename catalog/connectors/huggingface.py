"""The Hugging Face router: each model at each provider that serves it, with the provider's price.

Source: recorded listings of `router.huggingface.co/v1/models` of 2026. A call names `model:provider`, and so does an
offer. Prices are dollars per million tokens. What changes by the minute (latency, throughput) is left out.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from catalog.connectors.base import NOT_CALLABLE, Listing, ListingBroken, OfferRow, Page, PriceRow
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import count_of, dollars, leniently, parse_json, rows_of, text_of, words_of

STAGES = {"live": "generally_available", "staging": "preview", "error": "generally_available"}


class HuggingFace(OpenAICompatible):
    name: ClassVar[str] = "huggingface"
    label: ClassVar[str] = "Hugging Face router"
    base_url: ClassVar[str] = "https://router.huggingface.co/v1"

    def read(self, page: Page) -> Listing:
        rows = rows_of(parse_json(page), page, "data")
        if not rows:
            raise ListingBroken(page.part, "the listing is empty", "Check what the token may see.")
        offers, problems = leniently([each for row in rows for each in at_providers(row)], self.offer)
        return Listing(offers, (), problems, len(problems))

    def offer(self, row: dict[str, Any]) -> OfferRow:
        """One model at one provider. Raises ValueError in words."""
        served = row.get("at")
        if not isinstance(served, dict):
            raise ValueError("it names no provider that serves it")
        plain, provider, status = (
            super().offer(row),
            text_of(served, "provider", 60),
            text_of(served, "status", 60),
        )
        if status not in STAGES:
            raise ValueError(f"the status '{status}' at {provider} is not known")
        shape = row["architecture"] if isinstance(row.get("architecture"), dict) else {}
        told = (*words_of(shape.get("input_modalities")), *words_of(shape.get("output_modalities")))
        facts = {
            NOT_CALLABLE: f"its provider {provider} is in error" if status == "error" else "",
            "tools": "true" if served.get("supports_tools") is True else "",
            "structured_output": "true" if served.get("supports_structured_output") is True else "",
            "is_model_author": "true" if served.get("is_model_author") is True else "",
        }
        return replace(
            plain,
            key=f"{plain.key}:{provider}",
            host_model_id=f"{plain.key}:{provider}",
            sku=provider,
            lifecycle=STAGES[status],
            lifecycle_told=status,
            context_tokens=count_of(served.get("context_length")),
            capabilities={name: text for name, text in facts.items() if text},
            modalities=tuple(sorted({word[:20] for word in told})),
            price=price(served),
        )


def at_providers(row: Any) -> Sequence[Any]:
    """The row once for each of its providers; a row without any stays one, to be told."""
    providers = row.get("providers") if isinstance(row, dict) else None
    return [{**row, "at": each} for each in providers] if isinstance(providers, list) and providers else [row]


def price(served: dict[str, Any]) -> PriceRow | None:
    """USD per million tokens; nothing is free unless the provider says so."""
    told = served["pricing"] if isinstance(served.get("pricing"), dict) else {}
    read, written = dollars(told.get("input"), "pricing.input"), dollars(told.get("output"), "pricing.output")
    if served.get("is_free") is True and not read and not written:
        read = written = Decimal(0)
    if read is None or written is None:
        return None
    return PriceRow(read, written, None, "host", "Hugging Face router models")
