"""Pages that say whether there is more and name their last row: OpenAI's admin lists and Anthropic's models."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.connectors.base import Http, ListingBroken, Page
from catalog.connectors.paging import MOST_PAGES
from catalog.connectors.reading import parse_json


def by_last_id(
    http: Http, url: str, params: Mapping[str, str], *, part: str, asked_as: str
) -> Iterator[Page]:
    """Every page. Raises ListingBroken when a page promises more and there is no way to it, or it leads back."""
    query, seen = dict(params), set[str]()
    for number in range(1, MOST_PAGES + 1):
        answer = http.get(url, query)
        page = Page(answer.url, answer.body, part, number)
        yield page
        after = next_id(page)
        if not after:
            return
        if after in seen:
            raise ListingBroken(f"{part}, page {number}", "its next page is one that was already read")
        seen.add(after)
        query[asked_as] = after
    raise ListingBroken(part, f"more than {MOST_PAGES} pages")


def next_id(page: Page) -> str:
    """The id to ask on from, empty at the end. What is no JSON fails here, so that no page is skipped."""
    content = parse_json(page)
    if not isinstance(content, dict) or not content.get("has_more"):
        return ""
    told = content.get("last_id") or last_of(content.get("data"))
    if not isinstance(told, str) or not told:
        raise ListingBroken(
            f"{page.part}, page {page.number}", "it says that there is more, and not after what"
        )
    return told


def last_of(rows: Any) -> Any:
    return rows[-1].get("id") if isinstance(rows, list) and rows and isinstance(rows[-1], dict) else None
