"""Together: a bare array of what it hosts, with its own prices in dollars per million tokens.

Source: Together's published OpenAPI. `type` says what a model is for. A price of 0 for both sides means free only where
the name ends in `-Free`; else the model is sold by the hour or by the image, and no price per token is known.
"""

import re
from dataclasses import replace
from typing import Any, ClassVar

from catalog.connectors.base import OfferRow, PriceRow
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import dollars, prose

FREE = re.compile(r"-free$", re.IGNORECASE)
GIVES = {
    "chat": "text", "language": "text", "code": "text", "moderation": "text",
    "embedding": "embedding", "image": "image", "audio": "audio", "video": "video",
}  # fmt: skip


class Together(OpenAICompatible):
    name: ClassVar[str] = "together"
    label: ClassVar[str] = "Together"
    base_url: ClassVar[str] = "https://api.together.xyz/v1"

    def offer(self, row: dict[str, Any]) -> OfferRow:
        plain, kind = super().offer(row), prose(row.get("type"), 40)
        pricing = row["pricing"] if isinstance(row.get("pricing"), dict) else {}
        hourly = dollars(pricing.get("hourly"), "pricing.hourly")
        facts = {
            "type": kind,
            "license": prose(row.get("license"), 80),
            "hourly": f"{hourly.normalize():f} USD an hour" if hourly else "",
        }
        return replace(
            plain,
            name=prose(row.get("display_name"), 160) or plain.name,
            capabilities={name: text for name, text in facts.items() if text},
            modalities=(GIVES[kind],) if kind in GIVES else (),
            price=price(pricing, plain.key),
        )


def price(pricing: dict[str, Any], key: str) -> PriceRow | None:
    """USD per million tokens; None where Together tells none."""
    read, written = (dollars(pricing.get(side), f"pricing.{side}") for side in ("input", "output"))
    if read is None or written is None or (not read + written and not FREE.search(key)):
        return None
    return PriceRow(read, written, None, "host", "Together models")
