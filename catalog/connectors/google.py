"""Google Gemini: the paged listing of `generativelanguage.googleapis.com`, without prices and without dates.

Source: recorded listings of 2025 and 2026. A page holds 50 models unless asked for more, up to 1,000. What a model can
do stands in `supportedGenerationMethods`; its stage only in its name (`preview`, `exp`). A name that ends in
`latest` moves to newer models.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Http, Kind, Listing, ListingBroken, OfferRow, Page
from catalog.connectors.paging import by_token, next_told
from catalog.connectors.reading import (
    count_of,
    leniently,
    parse_json,
    prose,
    rows_of,
    slug,
    text_of,
    words_of,
)

EARLY = re.compile(r"(?:^|-)(preview|exp|experimental)(?:-|$)")
MODALITIES = [
    (r"embed", "embedding"), (r"imagen|-image(-|$)|nano-banana", "image"), (r"veo-", "video"),
    (r"-tts(-|$)|audio|-live(-|$)", "audio"),
]  # fmt: skip
SETTINGS = ("version", "baseModelId", "temperature", "maxTemperature", "topP", "topK")


class Google(Kind):
    name: ClassVar[str] = "google"
    label: ClassVar[str] = "Google Gemini"
    base_url: ClassVar[str] = "https://generativelanguage.googleapis.com/v1beta"
    reference_prices: ClassVar[bool] = True
    final_codes: ClassVar[Mapping[str, str]] = {
        "INVALID_ARGUMENT": "Google answers so to a key that is not valid.",
        "PERMISSION_DENIED": "The key may not list models, or its project may not use this API.",
        "FAILED_PRECONDITION": "The project has no billing, or this API is not offered where it is asked from.",
    }

    def headers(self, credential: str) -> dict[str, str]:
        return {"x-goog-api-key": credential} if credential else {}

    def fetch(self, http: Http) -> Iterator[Page]:
        return by_token(
            http,
            self.address("models"),
            {"pageSize": "1000"},
            asked_as="pageToken",
            told_as="nextPageToken",
        )

    def read(self, page: Page) -> Listing:
        content, more = parse_json(page), bool(next_told(page, "nextPageToken"))
        # Google leaves out a list that is empty: on a page in the middle that means no rows here.
        left_out = page.number > 1 and more and isinstance(content, dict) and "models" not in content
        rows = [] if left_out else rows_of(content, page, "models")
        if not rows and page.number == 1:
            raise ListingBroken(page.part, "the listing is empty", "Check what the key's project may use.")
        offers, problems = leniently(rows, self.offer)
        return Listing(offers, (), problems, len(problems), more=more)

    def offer(self, row: dict[str, Any]) -> OfferRow:
        """One row. Raises ValueError in words."""
        told = text_of(row, "name").removeprefix("models/")
        early = EARLY.search(told)
        maker, maker_name = names.publisher("google")
        return OfferRow(
            key=told,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(told) or "unnamed",
            name=prose(row.get("displayName"), 160) or told[:160],
            host_model_id=told,
            lifecycle="preview" if early else "generally_available",
            lifecycle_told=early[1] if early else "",
            region=self.connection.region,
            context_tokens=count_of(row.get("inputTokenLimit")),
            max_output_tokens=count_of(row.get("outputTokenLimit")),
            capabilities=facts(row, told),
            modalities=modalities(row, told),
            description=prose(row.get("description")),
        )


def facts(row: dict[str, Any], name: str) -> dict[str, str]:
    """What else is told, as flat texts."""
    told = {
        "methods": ", ".join(words_of(row.get("supportedGenerationMethods"))),
        "thinking": "true" if row.get("thinking") is True else "",
        "moves": "to newer models" if name.endswith("-latest") else "",
        **{key: str(row[key]) for key in SETTINGS if isinstance(row.get(key), str | int | Decimal)},
    }
    return {key: text for key, value in told.items() if (text := prose(value, 200))}


def modalities(row: dict[str, Any], name: str) -> tuple[str, ...]:
    """What goes in and comes out, as far as methods and Google's own naming say."""
    found = {word for pattern, word in MODALITIES if re.search(pattern, name)}
    if "generateContent" in words_of(row.get("supportedGenerationMethods")):
        found.add("text")
    return tuple(sorted(found))
