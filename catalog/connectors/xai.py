"""xAI: what the key may do, the priced listings of each kind of model, and the plain list of all of them.

Prices are integers of 1e-4 USD per million tokens (or searches); an image costs so many US cents. A price of 0
means that the thing is not offered, so it is unknown. Prompts above `long_context_threshold` have prices of their
own. Some facts, such as the context, stand in the plain list alone, so each row is read together with its row
there. Nothing is paged, and no date is told. Source: docs.x.ai, xai-proto, and listings of 2026.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import (
    PARTS,
    Http,
    Listing,
    ListingBroken,
    OfferRow,
    Page,
    PriceRow,
    Tier,
    Trouble,
)
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import count_of, leniently, parse_json, rows_of, text_of, words_of
from foundry.lib.http import BadAnswer

PRICED = ("language-models", "embedding-models", "image-generation-models", "video-generation-models")
ASKED = ("api-key", "models", *PRICED)
MAY_BE_ABSENT = set(PRICED) - {"language-models"}
KINDS = {
    "embedding-models": "embedding",
    "image-generation-models": "image",
    "video-generation-models": "video",
}
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

    def trouble(self, error: BadAnswer) -> Trouble:
        if error.status == 400:
            return Trouble(
                f"{error} xAI answers so to a key that it does not know.", True, "Enter a valid key."
            )
        return super().trouble(error)

    def fetch(self, http: Http) -> Iterator[Page]:
        """The plain list is asked for early and told last: its rows say least, and fill gaps of the others."""
        yield self.page(http, "api-key", 1)
        plain = self.page(http, "models", 2)
        for number, part in enumerate(PRICED, 3):
            try:
                yield replace(self.page(http, part, number), beside=(plain,))
            except BadAnswer as error:
                if error.status != 404 or part not in MAY_BE_ABSENT:
                    raise  # the plain list still names the models of the others, so none is missed
        yield plain

    def page(self, http: Http, part: str, number: int) -> Page:
        answer = http.get(self.address(part))
        return Page(answer.url, answer.body, part, number)

    def read(self, page: Page) -> Listing:
        content = parse_json(page)
        if page.part == "api-key":
            require_usable(content, page)
            return Listing()
        rows = rows_of(content, page, "data" if page.part == "models" else "models")
        if not rows and page.part in NEVER_EMPTY:
            raise ListingBroken(page.part, "the listing is empty", "Check what the key may see.")
        plain = facts_by_id(page.beside)
        offers, problems = leniently(rows, lambda row: self.of_part(filled(row, plain), page.part))
        return Listing(offers, (), problems, len(problems))

    def of_part(self, row: dict[str, Any], part: str) -> OfferRow:
        """One row of one of the listings. Raises ValueError in words."""
        plain = replace(self.offer(row), variant=part)
        told = price(row, part)
        return replace(
            plain,
            version=text_of(row, "version", 60) if row.get("version") else "",
            context_tokens=plain.context_tokens or context(row, part),
            modalities=modalities(row, part),
            capabilities=facts(row, told),
            price=told,
            only_named=part == "models",
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


def facts_by_id(pages: Iterable[Page]) -> dict[str, dict[str, Any]]:
    """The rows of the plain list by id; a page that is none is told of when it is read itself."""
    try:
        rows = [row for page in pages for row in rows_of(parse_json(page), page, "data")]
    except ListingBroken:
        return {}
    return {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)}


def filled(row: dict[str, Any], plain: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The row with what only the plain list tells of its model."""
    name = row.get("id")
    known = plain.get(name, {}) if isinstance(name, str) else {}
    return {**known, **{key: value for key, value in row.items() if value is not None}}


def context(row: dict[str, Any], part: str) -> int | None:
    """An older name of the context; of image models it counts characters of a prompt."""
    return count_of(row.get("max_prompt_length")) if part in {"language-models", "models"} else None


def modalities(row: dict[str, Any], part: str) -> tuple[str, ...]:
    told = {*words_of(row.get("input_modalities")), *words_of(row.get("output_modalities"))}
    kind = {KINDS[part]} if part in KINDS else set()
    return tuple(sorted(word[:20].lower() for word in told | kind))


def facts(row: dict[str, Any], price: PriceRow | None) -> dict[str, str]:
    """Other names, what it can do, and in dollars what is priced otherwise where there is no price per token."""
    able = row["capabilities"] if isinstance(row.get("capabilities"), dict) else {}
    told = {
        "aliases": ", ".join(words_of(row.get("aliases"))),
        "reasoning_effort": ", ".join(words_of(able.get("reasoning_effort"))),
        "prompts_up_to": str(count_of(row.get("max_prompt_length")) or ""),
    }
    if price is None:
        parts = parts_of(row)
        told |= {f"{part}_price": f"{amount:f} USD per {PARTS[part]}" for part, amount in parts.items()}
    return {name: value for name, value in told.items() if value}


def units(row: dict[str, Any], name: str) -> int | None:
    """A price in xAI's own unit. Raises ValueError for what is no whole, sane number."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST_UNITS:
        raise ValueError(f"'{name}' is no price: {str(value)[:40]}")
    return value


def dollars(row: dict[str, Any], names_and_exponents: Mapping[str, tuple[str, int]]) -> dict[str, Decimal]:
    """What is told and not 0, in USD by our name for it."""
    told = {ours: (units(row, name), exponent) for ours, (name, exponent) in names_and_exponents.items()}
    return {ours: Decimal(amount).scaleb(exponent) for ours, (amount, exponent) in told.items() if amount}


def parts_of(row: dict[str, Any]) -> dict[str, Decimal]:
    """What is priced beside text tokens: images by token or piece, and searches."""
    return dollars(row, {
        "image_input": ("prompt_image_token_price", -4), "image_output": ("generated_image_token_price", -4),
        "web_search": ("search_price", -10), "image": ("image_price", -2),
    })  # fmt: skip


def price(row: dict[str, Any], part: str) -> PriceRow | None:
    """USD per million tokens; None where xAI tells no price per text token."""
    read, parts = units(row, "prompt_text_token_price"), parts_of(row)
    written = units(row, "completion_text_token_price")
    if written is None and part == "embedding-models":
        written = 0
    if written is None and part == "image-generation-models":
        written = units(row, "generated_image_token_price")  # all that such a model writes
    if read is None or written is None or not read + written:
        return None
    cached = dollars(row, {"cached_input": ("cached_prompt_text_token_price", -4)})
    return PriceRow(
        Decimal(read).scaleb(-4),
        Decimal(written).scaleb(-4),
        cached.get("cached_input"),
        "host",
        f"xAI {part}",
        parts,
        long_context(row),
    )


def long_context(row: dict[str, Any]) -> tuple[Tier, ...]:
    """The prices of long prompts, where both they and the length are told."""
    prices = dollars(row, {
        "input": ("prompt_text_token_price_long_context", -4),
        "cached_input": ("cached_prompt_text_token_price_long_context", -4),
        "output": ("completion_text_token_price_long_context", -4),
    })  # fmt: skip
    above = count_of(row.get("long_context_threshold"))
    return (Tier(prices, over_input_tokens=above),) if prices and above else ()
