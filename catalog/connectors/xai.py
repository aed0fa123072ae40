"""xAI: what the key may do, the priced listings of each kind of model, then the plain list of all of them.

Prices are integers of 1e-4 USD per million tokens (or searches); an image costs so many US cents. A price
of 0 for cached input may mean that it is not offered, so it is unknown. Nothing is paged, and no date is told.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Http, Listing, ListingBroken, OfferRow, Page, PriceRow
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import leniently, parse_json, rows_of, text_of, words_of
from foundry.lib.http import BadAnswer

ASKED = ("api-key", "language-models", "embedding-models", "image-generation-models", "models")
MAY_BE_ABSENT = {"embedding-models", "image-generation-models"}
NEVER_EMPTY = {"language-models", "models"}
BLOCKS = {
    "team_blocked": "The team is blocked",
    "api_key_blocked": "The key is blocked",
    "api_key_disabled": "The key is disabled",
}
MOST_UNITS = 10**12  # a hundred million dollars per million tokens is no price


class XAI(OpenAICompatible):
    name: ClassVar[str] = "xai"
    label: ClassVar[str] = "xAI"
    base_url: ClassVar[str] = "https://api.x.ai/v1"

    def check(self, http: Http) -> str:
        answer = http.get(self.address("api-key"))
        page = Page(answer.url, answer.body, "api-key")
        self.read(page)
        return f"The key works; it may use {len(parse_json(page)['acls'])} kinds of things."

    def fetch(self, http: Http) -> Iterator[Page]:
        for number, part in enumerate(ASKED, 1):
            try:
                answer = http.get(self.address(part))
            except BadAnswer as error:
                if error.status == 404 and part in MAY_BE_ABSENT:
                    continue  # the plain list still names these models, so none is missed
                raise
            yield Page(answer.url, answer.body, part, number)

    def read(self, page: Page) -> Listing:
        content = parse_json(page)
        if page.part == "api-key":
            require_usable(content, page)
            return Listing()
        rows = rows_of(content, page, "data" if page.part == "models" else "models")
        if not rows and page.part in NEVER_EMPTY:
            raise ListingBroken(page.part, "the listing is empty", "Check what the key may see.")
        offers, problems = leniently(rows, lambda row: self.of_part(row, page.part))
        return Listing(offers, (), problems, len(problems))

    def of_part(self, row: dict[str, Any], part: str) -> OfferRow:
        """One row of one of the listings. Raises ValueError in words."""
        plain = replace(self.offer(row), variant=part)
        if part == "models":
            return replace(plain, only_named=True)
        return replace(
            plain,
            version=text_of(row, "version", 60) if row.get("version") else "",
            modalities=modalities(row, part),
            capabilities=facts(row),
            price=price(row, part),
        )

    def maker(self, row: dict[str, Any], told: str) -> tuple[tuple[str, str], str]:
        return names.publisher("xai"), told


def require_usable(content: Any, page: Page) -> None:
    """Raises ListingBroken when xAI says that the key is blocked, disabled, or no key at all."""
    if not isinstance(content, dict) or "acls" not in content:
        raise ListingBroken(page.part, "the answer does not describe a key", "Check the base URL.")
    for name, why in BLOCKS.items():
        if content.get(name) is True:
            raise ListingBroken(
                page.part, f"{why} at xAI", "Unblock it in xAI's console, or enter another key."
            )


def modalities(row: dict[str, Any], part: str) -> tuple[str, ...]:
    told = {*words_of(row.get("input_modalities")), *words_of(row.get("output_modalities"))}
    kind = {"embedding-models": {"embedding"}, "image-generation-models": {"image"}}
    return tuple(sorted(word[:20] for word in told | kind.get(part, set())))


def facts(row: dict[str, Any]) -> dict[str, str]:
    """Other names, and every price that is not per text token, in dollars."""
    told = {"aliases": ", ".join(words_of(row.get("aliases")))}
    for name, unit in {
        "prompt_image_token_price": "million image tokens in",
        "generated_image_token_price": "million image tokens out",
        "search_price": "million searches",
    }.items():
        told[name] = in_words(units(row, name), -4, unit)
    told["image_price"] = in_words(units(row, "image_price"), -2, "image")
    told["prompts_up_to"] = str(row.get("max_prompt_length") or "")
    return {name: value for name, value in told.items() if value}


def in_words(amount: int | None, exponent: int, unit: str) -> str:
    return f"{Decimal(amount).scaleb(exponent).normalize():f} USD per {unit}" if amount else ""


def units(row: dict[str, Any], name: str) -> int | None:
    """A price in xAI's own unit. Raises ValueError for what is no whole, sane number."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_UNITS:
        raise ValueError(f"'{name}' is no price: {str(value)[:40]}")
    return value


def price(row: dict[str, Any], part: str) -> PriceRow | None:
    """USD per million tokens; None where xAI tells no price per text token."""
    read, cached = units(row, "prompt_text_token_price"), units(row, "cached_prompt_text_token_price")
    written = 0 if part == "embedding-models" else units(row, "completion_text_token_price")
    if read is None or written is None or not read + written:
        return None
    return PriceRow(
        Decimal(read).scaleb(-4),
        Decimal(written).scaleb(-4),
        Decimal(cached).scaleb(-4) if cached else None,
        "host",
        f"xAI {part}",
    )
