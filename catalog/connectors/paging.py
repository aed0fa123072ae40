"""How a listing goes on: ask for the next page until none is named. Whatever leads back ends the reading."""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urljoin

from catalog.connectors.base import Http, ListingBroken, Page
from catalog.connectors.reading import parse_json

MOST_PAGES = 200


def follow(
    http: Http,
    url: str,
    params: Mapping[str, str] | None,
    after: Callable[[str], tuple[str, Mapping[str, str] | None]],
    *told: str,
) -> Iterator[Page]:
    """Every page of one listing.

    :param after: the next question (address, query) from the text by which a page names its successor.
    :param told: where in a page that text stands, from the outside in.
    """
    seen: set[str] = set()
    for number in range(1, MOST_PAGES + 1):
        answer = http.get(url, params)
        page = Page(answer.url, answer.body, number=number)
        yield page
        name = next_told(page, *told)
        if not name:
            return
        if name in seen:
            raise ListingBroken(
                f"{page.part}, page {number}", "its next page is one that was already read", "Ask the host."
            )
        seen.add(name)
        url, params = after(name)
    raise ListingBroken("models", f"more than {MOST_PAGES} pages", "Check the base URL.")


def by_token(
    http: Http, url: str, params: Mapping[str, str], *, asked_as: str, told_as: str
) -> Iterator[Page]:
    """Pages that name the next by an opaque text, to be sent back beside the same query."""
    return follow(http, url, params, lambda token: (url, {**params, asked_as: token}), told_as)


def by_link(http: Http, url: str, *told: str) -> Iterator[Page]:
    """Pages that name the next by its address, whole or from the server's root."""
    return follow(http, url, None, lambda link: (urljoin(url, link), None), *told)


def next_told(page: Page, *told: str) -> str:
    """How a page names its successor; empty at the end. Raises ListingBroken when that is no text."""
    found = parse_json(page)
    for name in told:
        found = found.get(name) if isinstance(found, dict) else None
    if found is not None and not isinstance(found, str):
        raise ListingBroken(f"{page.part}, page {page.number}", f"'{'.'.join(told)}' is no text")
    return found or ""
