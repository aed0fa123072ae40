"""Cohere: its own models, paged by a token that is empty or absent on the last page.

Source: Cohere's published OpenAPI (`GET /v1/models`): 20 models a page unless asked for more, up to 1,000.
`is_deprecated` is all that is told of a stage. Beside the usual errors there are 498 (a word that is
not allowed) and 499 (the request was cancelled).
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Http, Kind, Listing, ListingBroken, OfferRow, Page, Trouble
from catalog.connectors.paging import by_token, next_told
from catalog.connectors.reading import count_of, leniently, parse_json, rows_of, slug, text_of, words_of
from foundry.lib.http import BadAnswer

GIVES = {
    "chat": "text",
    "generate": "text",
    "summarize": "text",
    "embed": "embedding",
    "embed_image": "embedding",
}


class Cohere(Kind):
    name: ClassVar[str] = "cohere"
    label: ClassVar[str] = "Cohere"
    base_url: ClassVar[str] = "https://api.cohere.com/v1"
    reference_prices: ClassVar[bool] = True

    def fetch(self, http: Http) -> Iterator[Page]:
        return by_token(
            http,
            self.address("models"),
            {"page_size": "1000"},
            asked_as="page_token",
            told_as="next_page_token",
        )

    def read(self, page: Page) -> Listing:
        rows = rows_of(parse_json(page), page, "models")
        if not rows and page.number == 1:
            raise ListingBroken(page.part, "the listing is empty", "Check what the key may see.")
        offers, problems = leniently(rows, self.offer)
        return Listing(offers, (), problems, len(problems), more=bool(next_told(page, "next_page_token")))

    def offer(self, row: dict[str, Any]) -> OfferRow:
        told = text_of(row, "name")
        maker, maker_name = names.publisher("cohere")
        endpoints, features = words_of(row.get("endpoints")), words_of(row.get("features"))
        deprecated = row.get("is_deprecated") is True
        facts = {
            "endpoints": ", ".join(endpoints),
            "features": ", ".join(features),
            "default_for": ", ".join(words_of(row.get("default_endpoints"))),
            "finetuned": "true" if row.get("finetuned") is True else "",
        }
        found = {GIVES[each] for each in endpoints if each in GIVES} | {
            "image" for each in features if each == "vision"
        }
        return OfferRow(
            key=told,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(told) or "unnamed",
            name=told[:160],
            host_model_id=told,
            region=self.connection.region,
            lifecycle="deprecated" if deprecated else "generally_available",
            lifecycle_told="is_deprecated" if deprecated else "",
            context_tokens=count_of(row.get("context_length")),
            capabilities={name: text for name, text in facts.items() if text},
            modalities=tuple(sorted(found)),
        )

    def trouble(self, error: BadAnswer) -> Trouble:
        if error.status == 499:
            return Trouble(f"{error} The host says that the request was cancelled.", lasting=False)
        if error.status == 498:
            return Trouble(
                f"{error} The host does not allow a word of the request.", True, "Ask Cohere's support."
            )
        return super().trouble(error)
