"""Azure AI Foundry and Azure OpenAI through Azure Resource Manager: models and quotas of one region.

Understands the paged REST form ({value, nextLink}) and the array that `az cognitiveservices model list`
prints. A row's `format` is the maker. The same model comes once per account kind; one version in one SKU is
one offer, and a version without a SKU cannot be deployed, so it is no offer. Quotas join by `usageName`. With
an account in the settings, what is deployed there carries the name that calls use, and its own capacity. The
credential is an access token, or with `tenant` and `client_id` the secret of an app (docs/decisions/0012).
Source: a region's whole listing of 2025 and recordings of the command line's tests.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urljoin

from catalog.connectors import azure_deployments, names
from catalog.connectors.base import (
    Connection,
    Http,
    Kind,
    Listing,
    ListingBroken,
    OfferRow,
    Page,
    PoolRow,
    Problem,
    Signer,
)
from catalog.connectors.entra import Entra
from catalog.connectors.reading import BAD_ROW, count_of, moment, parse_json, prose, rows_of, slug, text_of

API_VERSION = "2025-06-01"
PROVIDER = "Microsoft.CognitiveServices"
MOST_PAGES = 200
NO_DATE = datetime(2099, 1, 1, tzinfo=UTC)  # 2099-12-31 stands for "no date"
LIFECYCLES = {
    "stable": "generally_available",
    "generallyavailable": "generally_available",
    "preview": "preview",
    "legacy": "legacy",
    "deprecating": "legacy",
    "deprecated": "deprecated",
    "retired": "retired",
}
WORDS = {"": 1, "one": 1, "six": 6, "ten": 10, "hundred": 100}
# What one unit is worth stands only in the quota's label; Azure's own unit says "Count".
TPM_LABEL = re.compile(
    r"(?P<thousands>Tokens Per Minute \(thousands\))|(?:(?P<word>\w+) )?Thousand Tokens Per Minute(?= - |$)",
    re.IGNORECASE,
)
SHOWN = {
    "chatCompletion": "text",
    "completion": "text",
    "embeddings": "embedding",
    "imageGenerations": "image",
    "audio": "audio",
    "realtime": "audio",
}


class Azure(Kind):
    name: ClassVar[str] = "azure"
    label: ClassVar[str] = "Azure AI Foundry"
    base_url: ClassVar[str] = "https://management.azure.com"
    credential_hint: ClassVar[str] = (
        "An access token of Azure Resource Manager; with tenant and client_id a client secret."
    )
    reference_prices: ClassVar[bool] = True
    final_codes: ClassVar[Mapping[str, str]] = {
        "invalid_client": "The client secret is wrong or has ended.",
        "unauthorized_client": "The tenant does not know this app.",
        "ExpiredAuthenticationToken": "The access token has ended; a client secret would not.",
        "InvalidAuthenticationToken": "The access token is none for Azure Resource Manager.",
        "SubscriptionNotFound": "The subscription is not there, or not for this credential.",
    }
    settings_may: ClassVar[tuple[str, ...]] = (
        "api_version",
        "tenant",
        "client_id",
        "resource_group",
        "account",
    )
    settings_needed: ClassVar[tuple[str, ...]] = ("subscription", "location")

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.location = connection.settings.get("location", "") or connection.region

    def headers(self, credential: str) -> dict[str, str]:
        return {} if self.by_secret() else super().headers(credential)

    def signer(self, credential: str) -> Signer | None:
        return Entra(self.connection, credential) if self.by_secret() else None

    def by_secret(self) -> bool:
        """Whether the credential is an app's secret. Raises ListingBroken when half of the app is told."""
        told = [bool(self.connection.settings.get(name)) for name in ("tenant", "client_id")]
        if any(told) and not all(told):
            raise ListingBroken(
                "settings", "an app needs both tenant and client_id", "Enter both, or neither."
            )
        return all(told)

    def check(self, http: Http) -> str:
        page = next(iter(self.pages(http, self.of_region("usages"))))
        told = f"The credential may read {len(self.read(page).pools)} quotas"
        if not self.deploys():
            return f"{told}."
        page = next(iter(self.pages(http, self.of_account())))
        return f"{told}, and {len(self.read(page).pools)} deployments with their limits."

    def deploys(self) -> bool:
        settings = self.connection.settings
        return bool(settings.get("resource_group") and settings.get("account"))

    def fetch(self, http: Http) -> Iterator[Page]:
        """Every page of the account's deployments, where one is named, of the models, then of the quotas."""
        deployed = tuple(self.pages(http, self.of_account())) if self.deploys() else ()
        yield from deployed
        for page in self.pages(http, self.of_region("models")):
            yield replace(page, beside=deployed)
        yield from self.pages(http, self.of_region("usages"))

    def of_region(self, part: str) -> str:
        return f"providers/{PROVIDER}/locations/{self.location}/{part}"

    def of_account(self) -> str:
        settings = self.connection.settings
        group, account = settings["resource_group"], settings["account"]
        return f"resourceGroups/{group}/providers/{PROVIDER}/accounts/{account}/{azure_deployments.PART}"

    def pages(self, http: Http, path: str) -> Iterator[Page]:
        settings, part = self.connection.settings, path.rpartition("/")[2]
        url = self.address(f"subscriptions/{settings['subscription']}/{path}")
        params: Mapping[str, str] | None = {"api-version": settings.get("api_version") or API_VERSION}
        seen: set[str] = set()
        for number in range(1, MOST_PAGES + 1):
            answer = http.get(url, params)
            page = Page(answer.url, answer.body, part, number)
            yield page
            after, params = next_link(page), None
            if not after:
                return
            if after in seen:
                raise ListingBroken(f"{part}, page {number}", "its next page is one that was already read")
            seen.add(after)
            url = urljoin(url, after)
        raise ListingBroken(part, f"more than {MOST_PAGES} pages")

    def read(self, page: Page) -> Listing:
        if page.part == azure_deployments.PART:
            return azure_deployments.read(page, self.location)
        rows = rows_of(parse_json(page), page, "value")
        if not rows and page.number == 1:
            raise ListingBroken(
                f"{page.part}, page 1", "the listing is empty", "Check subscription, location and access."
            )
        if page.part == "usages":
            return self.read_pools(rows)
        listing, deployed = self.read_models(rows), azure_deployments.by_offer(page.beside)
        return replace(
            listing, offers=tuple(azure_deployments.carried(row, deployed) for row in listing.offers)
        )

    def read_models(self, rows: list[Any]) -> Listing:
        offers: list[OfferRow] = []
        problems: list[Problem] = []
        rejected = 0
        for number, row in enumerate(rows, 1):
            try:
                offers += self.offers(row)
            except BAD_ROW as error:
                rejected += 1
                problems.append(Problem(f"row {number} {hint(row)}".strip(), str(error)[:200]))
        return Listing(tuple(offers), (), tuple(problems), rejected)

    def offers(self, row: Any) -> list[OfferRow]:
        """One offer per SKU of one row. Raises ValueError in words."""
        if not isinstance(row, dict) or not isinstance(row.get("model"), dict):
            raise ValueError("the row has no 'model'")
        model = row["model"]
        skus = model.get("skus") or []
        return [self.offer(prose(row.get("kind"), 60), model, sku) for sku in skus]

    def offer(self, kind: str, model: dict[str, Any], sku: dict[str, Any]) -> OfferRow:
        name, version = text_of(model, "name", 120), text_of(model, "version", 60)
        maker, maker_name = names.publisher(text_of(model, "format", 60))
        told = text_of(model, "lifecycleStatus", 60)
        able = texts(model.get("capabilities"))
        sku_name = text_of(sku, "name", 60)
        return OfferRow(
            key=f"{maker}/{name}/{version}/{sku_name}",
            variant=kind,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(name),
            name=name,
            version=version,
            region=self.location,
            sku=sku_name,
            host_model_id=name,
            lifecycle=lifecycle(told),
            lifecycle_told=told,
            retires_at=retires_at(model, sku),
            successor_told=successor(model),
            context_tokens=first(able, "maxContextToken", "maxTotalToken"),
            max_output_tokens=first(able, "maxOutputToken"),
            capabilities=able | plans(model),
            modalities=tuple(sorted({word for key, word in SHOWN.items() if able.get(key) == "true"})),
            pool=prose(sku.get("usageName"), 160),
            description=prose(model.get("description")),
        )

    def read_pools(self, rows: list[Any]) -> Listing:
        pools: list[PoolRow] = []
        problems: list[Problem] = []
        for number, row in enumerate(rows, 1):
            try:
                pools.append(self.pool(row))
            except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
                problems.append(Problem(f"quota {number}", str(error)[:200]))
        return Listing((), tuple(pools), tuple(problems), len(problems))

    def pool(self, row: Any) -> PoolRow:
        name = row["name"] if isinstance(row, dict) and isinstance(row.get("name"), dict) else {}
        label = prose(name.get("localizedValue"), 200)
        return PoolRow(
            name=text_of(name, "value", 160),
            label=label,
            unit=prose(row.get("unit"), 40) or "Count",
            maximum=amount(row.get("limit"), "limit"),
            in_use=amount(row.get("currentValue"), "currentValue"),
            region=self.location,
            tpm_per_unit=tpm_per_unit(label),
        )


def next_link(page: Page) -> str:
    """The next page's address, empty at the end. What is no JSON fails here, so that no page is skipped."""
    content = parse_json(page)
    link = content.get("nextLink") if isinstance(content, dict) else None
    if link is not None and not isinstance(link, str):
        raise ListingBroken(f"{page.part}, page {page.number}", "'nextLink' is no text")
    return link or ""


def lifecycle(told: str) -> str:
    """Our word for Azure's. An unknown word is an error of its row, so that no stage is guessed."""
    known = LIFECYCLES.get(told.lower().replace(" ", ""))
    if known is None:
        raise ValueError(f"lifecycleStatus '{told[:60]}' is not known")
    return known


def retires_at(model: dict[str, Any], sku: dict[str, Any]) -> datetime | None:
    """When calls end: the SKU's own date before the model's; far-off placeholders are no date."""
    dates = model.get("deprecation") if isinstance(model.get("deprecation"), dict) else {}
    told = sku.get("deprecationDate") or (dates or {}).get("inference")
    if not told:
        return None
    found = moment(str(told))
    return None if found >= NO_DATE else found


def successor(model: dict[str, Any]) -> str:
    config = model.get("replacementConfig")
    if not isinstance(config, dict) or not config.get("targetModelName"):
        return ""
    return prose(f"{config['targetModelName']} {config.get('targetModelVersion') or ''}", 200)


def plans(model: dict[str, Any]) -> dict[str, str]:
    """What else is told of a version's end: whether it is planned, until when it can be tuned, when upgrades start."""
    ends = model["deprecation"] if isinstance(model.get("deprecation"), dict) else {}
    after = model["replacementConfig"] if isinstance(model.get("replacementConfig"), dict) else {}
    told = {
        "deprecation_status": prose(ends.get("deprecationStatus"), 60),
        "fine_tune_until": prose(ends.get("fineTune"), 60)[:10],
        "auto_upgrade_from": prose(after.get("autoUpgradeStartDate"), 60)[:10],
    }
    return {name: value for name, value in told.items() if value and not value.startswith("2099")}


def texts(capabilities: Any) -> dict[str, str]:
    """Azure tells every capability as a text, numbers and truths too; kept as told."""
    told = capabilities if isinstance(capabilities, dict) else {}
    return {prose(key, 80): prose(str(value), 200) for key, value in told.items()}


def first(capabilities: Mapping[str, str], *keys: str) -> int | None:
    return next((found for key in keys if (found := count_of(capabilities.get(key)))), None)


def amount(value: Any, what: str) -> Decimal:
    """A quota's number. Raises ValueError when it is none, or below zero."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(f"'{what}' is no number")
    found = Decimal(value)
    if not found.is_finite() or not 0 <= found < 10**17:
        raise ValueError(f"'{what}' is {found}")
    return found


def tpm_per_unit(label: str) -> int | None:
    """Tokens per minute of one unit, when the label says so; queued and provisioned units have none."""
    found = TPM_LABEL.match(label)
    if not found:
        return None
    if found["thousands"]:
        return 1000
    number = WORDS.get((found["word"] or "").strip().lower())
    return None if number is None else number * 1000


def hint(row: Any) -> str:
    model = row.get("model") if isinstance(row, dict) else None
    name = model.get("name") if isinstance(model, dict) else None
    return name[:80] if isinstance(name, str) and name.isprintable() else ""
