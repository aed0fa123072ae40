"""Any server with `GET {base}/models` in OpenAI's shape, or as a bare array. Not paged.

Servers differ: `created`, `owned_by` and `object` may be absent or null, and an id may be a `model_id`. Context, stage,
dates and successor are read where a server tells them under the names that are in use; a `deprecation_date`
alone is the day on which calls end, beside an `eol_date` the day from which new use is closed.
Source: recorded listings of Cerebras, Groq and Heroku, and what other servers are known to leave out.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import Http, Kind, Listing, ListingBroken, OfferRow, Page, Problem
from catalog.connectors.reading import count_of, leniently, moment, parse_json, prose, rows_of, slug, text_of

CONTEXT = ("context_length", "context_window", "max_context_length", "max_model_len", "max_input_tokens")
OUTPUT = ("max_output_tokens", "max_completion_tokens", "max_tokens")
IDS = ("id", "model_id")
ENDS = (
    "shutdown_date",
    "retires_at",
    "eol_date",
    "expiration_date",
    "deprecation_date",
)  # the end comes first
STATES = {"active": "generally_available", "deprecated": "deprecated", "retired": "retired"}


class OpenAICompatible(Kind):
    name: ClassVar[str] = "openai_compatible"
    label: ClassVar[str] = "OpenAI-compatible"

    def fetch(self, http: Http) -> Iterator[Page]:
        answer = http.get(self.address("models"))
        yield Page(answer.url, answer.body)

    def read(self, page: Page) -> Listing:
        content = parse_json(page)
        rows = rows_of(content, page, "data", "models")
        if not rows and page.number == 1:
            raise ListingBroken(page.part, "the listing is empty", "Check what the credential may see.")
        offers, problems = leniently(rows, self.offer)
        rejected, more = len(problems), self.more(content)
        if more:
            problems = (*problems, Problem(page.part, more))
        return Listing(offers, (), problems, rejected, complete=not more)

    def more(self, content: Any) -> str:
        """Why rows must be missing; empty when nothing says so."""
        told = isinstance(content, dict) and bool(content.get("has_more"))
        return "the host says that there is more, and not how to ask for it" if told else ""

    def offer(self, row: dict[str, Any]) -> OfferRow:
        """One row. Raises ValueError in words."""
        told = text_of(row, next((name for name in IDS if row.get(name)), "id"))
        maker, model = self.maker(row, told)
        ends = first_date(row, ENDS)
        closing = first_date(row, ("deprecation_date",))
        state = state_of(row, dated=bool(ends or closing))
        return OfferRow(
            key=told,
            publisher=maker[0],
            publisher_name=maker[1],
            model=slug(model) or "unnamed",
            name=prose(row.get("name"), 160) or model[:160],
            host_model_id=told,
            lifecycle=STATES.get(state, "generally_available"),
            lifecycle_told=state,
            region=self.connection.region,
            deprecated_at=closing if closing != ends else None,
            retires_at=ends,
            successor_told=prose(row.get("replacement_model"), 200),
            context_tokens=first_count(row, CONTEXT),
            max_output_tokens=first_count(row, OUTPUT),
        )

    def maker(self, row: dict[str, Any], told: str) -> tuple[tuple[str, str], str]:
        """Who made it, and the model's bare name: from the id's prefix, the family, or `owned_by`."""
        prefix, slash, bare = told.rpartition("/")
        if slash and prefix:
            return names.publisher(prefix.split("/")[-1]), bare
        owner = row.get("owned_by")
        owned = names.publisher(owner) if isinstance(owner, str) and owner.strip() else None
        if owned and owned[0] in names.TITLES:
            return owned, told
        return names.maker_by_family(told) or owned or ("unknown", names.TITLES["unknown"]), told


def state_of(row: dict[str, Any], *, dated: bool) -> str:
    """The host's word for the stage. Raises ValueError for one that is not known beside a date, so that none is guessed.

    Without a date an unknown word may mean anything (some servers say `loaded`), and is kept as told.
    """
    state = "deprecated" if row.get("deprecated") is True else prose(row.get("state"), 80).lower()
    if dated and state and state not in STATES:
        raise ValueError(f"the state '{state[:60]}' is not known")
    return state


def first_count(row: dict[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((found for key in keys if (found := count_of(row.get(key)))), None)


def first_date(row: dict[str, Any], keys: tuple[str, ...]) -> datetime | None:
    """The first of these dates that a row tells. Raises ValueError for a text that is no date."""
    for key in keys:
        if isinstance(value := row.get(key), str) and value:
            return moment(value)
    return None
