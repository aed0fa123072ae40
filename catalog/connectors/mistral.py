"""Mistral: the same model under several names, what each can do, and when it ends.

The listing is not paged. A model comes once for every name that it answers to; its rows become one offer under the
name that never moves. A `deprecation` is the day after which calls fail; Mistral calls a model deprecated from the
moment it announces that day. `labs-` marks what is experimental. Source: Mistral's published OpenAPI and policy.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Listing, OfferRow, Page
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import (
    count_of,
    leniently,
    moment,
    parse_json,
    prose,
    rows_of,
    slug,
    text_of,
    words_of,
)

DATED = re.compile(r"-\d{4}$")
TAKES = {
    "completion_chat": "text", "completion_fim": "text", "vision": "image", "ocr": "image",
    "audio": "audio", "audio_transcription": "audio", "classification": "text", "moderation": "text",
}  # fmt: skip


class Mistral(OpenAICompatible):
    name: ClassVar[str] = "mistral"
    label: ClassVar[str] = "Mistral AI"
    base_url: ClassVar[str] = "https://api.mistral.ai/v1"
    reference_prices: ClassVar[bool] = True

    def read(self, page: Page) -> Listing:
        listing = super().read(page)
        every = every_name(rows_of(parse_json(page), page, "data", "models"))
        fixed = {name: key for key, all_of_it in every.items() for name in all_of_it}
        return replace(listing, offers=tuple(named(row, every[row.key], fixed) for row in listing.offers))

    def offer(self, row: dict[str, Any]) -> OfferRow:
        """One row under its fixed name. Raises ValueError in words."""
        told, key = text_of(row, "id"), fixed_name(row)
        maker, maker_name = names.publisher("mistral")
        able = capabilities(row)
        ends = row.get("deprecation")
        retires_at = None if ends is None else moment(text_of(row, "deprecation", 60))
        labs = key.startswith("labs-")
        return OfferRow(
            key=key,
            variant=told,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(key) or "unnamed",
            name=prose(row.get("name"), 160) or key[:160],
            host_model_id=key,
            lifecycle="deprecated" if retires_at else "preview" if labs else "generally_available",
            lifecycle_told="deprecation" if retires_at else "labs" if labs else "",
            region=self.connection.region,
            retires_at=retires_at,
            successor_told=prose(row.get("deprecation_replacement_model"), 200),
            context_tokens=count_of(row.get("max_context_length")),
            capabilities=able,
            modalities=tuple(sorted({word for name, word in TAKES.items() if able.get(name) == "true"})),
            description=prose(row.get("description")),
        )


def names_of(row: Mapping[str, Any]) -> set[str]:
    """Every name that the row's model answers to."""
    return {text_of(row, "id"), *words_of(row.get("aliases"))}


def fixed_name(row: Mapping[str, Any]) -> str:
    """The one of a row's names that does not move: what it calls itself if that is one of them, else a dated one.

    Every row of one model comes to the same answer, whichever of its names stands as the id.
    """
    known, own = names_of(row), row.get("name")
    if isinstance(own, str) and own in known:
        return own
    return min(known, key=lambda name: (name.endswith("-latest"), not DATED.search(name), name))


def every_name(rows: list[Any]) -> dict[str, set[str]]:
    """All names by fixed name, of the rows that can be read."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for key, known in leniently(rows, lambda row: (fixed_name(row), names_of(row)))[0]:
        found[key] |= known
    return found


def named(row: OfferRow, known: set[str], fixed: Mapping[str, str]) -> OfferRow:
    """The row with its other names; its successor under the name that the listing's own offers have."""
    others = ", ".join(sorted(known - {row.key}))
    told = {"aliases": others, **row.capabilities} if others else row.capabilities
    return replace(row, capabilities=told, successor_told=fixed.get(row.successor_told, row.successor_told))


def capabilities(row: Mapping[str, Any]) -> dict[str, str]:
    """What it can do, as told; for a tuned model also what it was tuned from."""
    told = row["capabilities"] if isinstance(row.get("capabilities"), dict) else {}
    able = {
        prose(name, 60): "true" if can else "false" for name, can in told.items() if isinstance(can, bool)
    }
    root, archived = prose(row.get("root"), 160), row.get("archived") is True
    return able | ({"fine_tuned_from": root} if root else {}) | ({"archived": "true"} if archived else {})
