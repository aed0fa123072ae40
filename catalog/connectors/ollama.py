"""Ollama on one's own machines: the models that were pulled, by `GET /api/tags` at the server's root.

Source: Ollama's published API. A model is `name:tag`; the tag is its size or its quantization, and `latest` says nothing. Its
digest changes when it is pulled anew. No prices: what a machine costs is not told here.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Http, Kind, Listing, ListingBroken, OfferRow, Page
from catalog.connectors.reading import leniently, parse_json, prose, rows_of, slug, text_of


class Ollama(Kind):
    name: ClassVar[str] = "ollama"
    label: ClassVar[str] = "Ollama"
    base_url: ClassVar[str] = "http://localhost:11434"
    credential_hint: ClassVar[str] = "None, or the key of a proxy before it."

    def fetch(self, http: Http) -> Iterator[Page]:
        answer = http.get(self.address("api/tags"))
        yield Page(answer.url, answer.body)

    def read(self, page: Page) -> Listing:
        rows = rows_of(parse_json(page), page, "models")
        if not rows:
            raise ListingBroken(page.part, "the listing is empty", "Pull a model on that server.")
        offers, problems = leniently(rows, self.offer)
        return Listing(offers, (), problems, len(problems))

    def offer(self, row: dict[str, Any]) -> OfferRow:
        told = text_of(row, "model" if row.get("model") else "name")
        path, _, bare = told.rpartition("/")
        maker, maker_name = names.maker_by_family(bare) or names.publisher(path.split("/")[-1] or "unknown")
        details = row["details"] if isinstance(row.get("details"), dict) else {}
        kept = ("family", "parameter_size", "quantization_level", "format")
        facts = {name: prose(details.get(name), 80) for name in kept} | {
            "digest": prose(row.get("digest"), 80)
        }
        return OfferRow(
            key=told,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(bare.removesuffix(":latest")) or "unnamed",
            name=bare.removesuffix(":latest")[:160],
            host_model_id=told,
            region=self.connection.region,
            lifecycle="generally_available",
            capabilities={name: text for name, text in facts.items() if text},
        )
