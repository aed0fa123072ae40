"""What every connector speaks: pages that come in, rows that are told. No Django, no database."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Protocol

from foundry.lib.http import Answer, BadAnswer

Signer = Callable[[str], Mapping[str, str]]  # the whole URL of a GET -> the headers that sign it


class ListingBroken(Exception):
    """A whole page cannot be a listing; nothing may be concluded from it.

    :param why: what was seen.
    :param remedy: what a person can do now.
    """

    def __init__(self, where: str, why: str, remedy: str = "") -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why, self.remedy = where, why, remedy


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and what a connector asks. The credential travels in the client's headers, not here.

    :param trusted: networks that an admin named as meant, for a connector that must ask a second server.
    """

    base_url: str
    settings: Mapping[str, str]
    region: str = ""
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One answer as it came. `part` says which listing it belongs to.

    :param beside: pages of other listings that came before and that this one is read with.
    """

    url: str
    body: bytes
    part: str = "models"
    number: int = 1
    beside: "tuple[Page, ...]" = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that could not be used: where in the listing, and why."""

    where: str
    why: str


# What may have a price of its own beside input, output and cached input, and what its price is for.
PARTS = {
    "cache_write": "million tokens", "cache_write_1h": "million tokens", "reasoning": "million tokens",
    "audio_input": "million tokens", "audio_cached_input": "million tokens", "audio_output": "million tokens",
    "image_input": "million tokens", "image_output": "million tokens",
    "request": "request", "image": "image", "web_search": "search", "audio_minute": "minute",
}  # fmt: skip
BASE_PARTS = ("input", "output", "cached_input")
# The capability that says why a host lists a model and answers no call by its name.
NOT_CALLABLE = "not_callable"


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices that stand in for the base ones while a condition holds; a part that is not named keeps its base.

    :param prices: USD by part, as in `PARTS` and `BASE_PARTS`.
    :param over_input_tokens: for calls with more input tokens than this.
    :param utc_from, utc_to: "HH:MM" between which it counts each day; may pass midnight.
    """

    prices: Mapping[str, Decimal]
    over_input_tokens: int | None = None
    utc_from: str = ""
    utc_to: str = ""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """USD per million tokens as told; `basis` is host or reference.

    :param parts: USD per unit of `PARTS` for what is priced apart; what is not named counts as input or output.
    """

    input: Decimal
    output: Decimal
    cached_input: Decimal | None
    basis: str
    source: str
    parts: Mapping[str, Decimal] = field(default_factory=dict)
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer as told. `key` names it for ever at this host; `variant` tells rows that repeat it apart.

    :param lifecycle_told: the host's own word for the stage.
    :param deprecated_at: since when new use is discouraged or closed, where the host says so.
    :param retires_at: when calls end.
    :param capabilities: flat texts, as told; other names go under "aliases", separated by ", ".
    :param pool: name of the `PoolRow` that this offer draws on.
    :param only_named: a row that says little but that the model is there; a fuller row of the same key counts.
    """

    key: str
    publisher: str
    publisher_name: str
    model: str
    name: str
    host_model_id: str
    lifecycle: str
    lifecycle_told: str = ""
    version: str = ""
    region: str = ""
    sku: str = ""
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    successor_told: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    capabilities: Mapping[str, str] = field(default_factory=dict)
    modalities: tuple[str, ...] = ()
    pool: str = ""
    description: str = ""
    price: PriceRow | None = None
    variant: str = ""
    only_named: bool = False

    def told(self) -> "OfferRow":
        """The facts alone, without which of several rows told them."""
        return replace(self, variant="")


@dataclass(frozen=True, slots=True)
class PoolRow:
    """Capacity as told, in the host's own unit.

    :param tpm_per_unit: tokens per minute of one unit, None where the host does not say.
    :param rpm: requests per minute that come with it, None where the host does not say.
    """

    name: str
    label: str
    unit: str
    maximum: Decimal
    in_use: Decimal = Decimal(0)
    region: str = ""
    tpm_per_unit: int | None = None
    rpm: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What pages told. `complete` is False when something proves that rows are missing.

    :param announced: how many rows the host says it has in all, where it says so.
    :param more: the page names a next one; when none followed, rows are missing.
    """

    offers: tuple[OfferRow, ...] = ()
    pools: tuple[PoolRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    rejected: int = 0
    complete: bool = True
    announced: int | None = None
    more: bool = False


class Http(Protocol):
    """What a connector needs of the guarded client. Raises OutwardError."""

    def get(self, url: str, params: Mapping[str, str] | None = None) -> Answer: ...


class Kind:
    """One kind of host. A connector is a subclass that says its `name` and `label`, fetches and reads.

    :cvar base_url: the address that an admin most likely means.
    :cvar credential_hint: what to enter as credential, in a few words.
    :cvar lists: False where no listing is ever asked: people make the offers.
    :cvar settings_needed: what else an admin must enter; `settings_may` names what may be.
    :cvar reference_prices: True where the host sells at the maker's list price and does not tell it.
    :cvar final_codes: error codes in a body that no later try will mend, though their status could mean that.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    base_url: ClassVar[str] = ""
    credential_hint: ClassVar[str] = "An API key."
    needs_network: ClassVar[bool] = True
    lists: ClassVar[bool] = True
    reference_prices: ClassVar[bool] = False
    settings_needed: ClassVar[tuple[str, ...]] = ()
    settings_may: ClassVar[tuple[str, ...]] = ()
    final_codes: ClassVar[Mapping[str, str]] = {}

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def address(self, path: str) -> str:
        return f"{self.connection.base_url.rstrip('/')}/{path}"

    def headers(self, credential: str) -> dict[str, str]:
        """How this kind of host wants its credential."""
        return {"authorization": f"Bearer {credential}"} if credential else {}

    def signer(self, credential: str) -> Signer | None:
        """What signs each request, for hosts that want no fixed header."""
        return None

    def check(self, http: Http) -> str:
        """Ask the cheapest thing that needs the credential; answers what was seen, in words.

        Raises OutwardError or ListingBroken when it does not work.
        """
        listing = self.read(next(iter(self.fetch(http))))
        return f"It answered with {len(listing.offers)} models on its first page."

    def fetch(self, http: Http) -> Iterator[Page]:
        """Every page of the listing. Raises OutwardError or ListingBroken when one cannot be had."""
        raise NotImplementedError

    def read(self, page: Page) -> Listing:
        """What one page tells; pure. Never raises for one bad row, but ListingBroken for a page that is none."""
        raise NotImplementedError

    def trouble(self, error: BadAnswer) -> "Trouble":
        """What an answer with an error status means here, and whether a later try may mend it."""
        return trouble_of(error, self.final_codes)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a host brought nothing. :param lasting: only a person can mend it; otherwise it is tried again."""

    why: str
    lasting: bool
    remedy: str = ""


LASTING = {
    400: ("does not understand the question", "Check the base URL and the settings."),
    401: ("does not accept the credential", "Enter a valid credential."),
    402: ("says that the account has no money left", "Top the account up at the host."),
    403: (
        "does not let this credential list models",
        "Give the credential that right at the host, or enter another.",
    ),
    404: ("has no listing at this address", "Check the base URL."),
    410: ("no longer has a listing at this address", "Check the base URL."),
    429: ("asks us to come later", ""),
}


def trouble_of(error: BadAnswer, final_codes: Mapping[str, str]) -> Trouble:
    """By the body's code where that is known, else by the status; 429 and server errors may pass."""
    for code, why in final_codes.items():
        if code in error.codes:
            return Trouble(f"{error} {why}", lasting=True, remedy="Look at the account at the host.")
    why, remedy = LASTING.get(error.status, ("", ""))
    lasting = 300 <= error.status < 500 and error.status not in {408, 425, 429}
    return Trouble(f"{error} The host {why}." if why else str(error), lasting, remedy)
