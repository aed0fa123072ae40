"""OpenAI: the models that the key may use, and what one of its projects may do with them.

The listing is not paged and tells no stage. A `shutdown_date` says that calls end on that day, so the model is
legacy until then; a date that has passed does not mean that it is gone, as long as it is listed. `-preview` in an
id is OpenAI's word for a preview. With a project and an admin key, its limits become capacity and its permissions
a fact of each offer (docs/decisions/0010).
Source: OpenAI's published OpenAPI and the types of its client.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from catalog.connectors import names
from catalog.connectors.base import (
    NOT_CALLABLE,
    Http,
    Listing,
    ListingBroken,
    OfferRow,
    Page,
    PoolRow,
    Problem,
    Signer,
)
from catalog.connectors.cursors import by_last_id
from catalog.connectors.keys import admin_signer, everyday
from catalog.connectors.openai_compatible import OpenAICompatible
from catalog.connectors.reading import leniently, parse_json, prose, rows_of, text_of, whole
from foundry.lib.http import BadAnswer

PERMISSIONS, LIMITS = "model_permissions", "rate_limits"
MODES = {"allow_list": "not on the allow list of project {}", "deny_list": "on the deny list of project {}"}
OTHER_LIMITS = {
    "max_images_per_1_minute": "images a minute",
    "max_audio_megabytes_per_1_minute": "MB of audio a minute",
    "max_requests_per_1_day": "requests a day",
    "batch_1_day_max_input_tokens": "batch tokens a day",
}


class OpenAI(OpenAICompatible):
    name: ClassVar[str] = "openai"
    label: ClassVar[str] = "OpenAI"
    base_url: ClassVar[str] = "https://api.openai.com/v1"
    credential_hint: ClassVar[str] = "An API key. With a project: an API key, a space, an admin key."
    reference_prices: ClassVar[bool] = True
    settings_may: ClassVar[tuple[str, ...]] = ("project",)
    final_codes: ClassVar[Mapping[str, str]] = {
        "insufficient_quota": "The account has no credit left, or has reached its budget.",
        "billing_hard_limit_reached": "The account has reached its budget.",
        "account_deactivated": "The account is deactivated.",
    }

    def headers(self, credential: str) -> dict[str, str]:
        return super().headers(everyday(credential))

    def signer(self, credential: str) -> Signer | None:
        return admin_signer(credential, "/organization/", "authorization", "Bearer ")

    def project_path(self, part: str) -> str:
        return self.address(f"organization/projects/{self.connection.settings['project']}/{part}")

    def check(self, http: Http) -> str:
        answer = http.get(self.address("models"))
        seen = f"The key may use {len(self.read(Page(answer.url, answer.body)).offers)} models"
        if not self.connection.settings.get("project"):
            return f"{seen}."
        first = http.get(self.project_path(LIMITS), {"limit": "1"})
        rows_of(parse_json(page := Page(first.url, first.body, LIMITS)), page, "data")
        return f"{seen}, and the admin key may read the project's limits."

    def fetch(self, http: Http) -> Iterator[Page]:
        beside: tuple[Page, ...] = ()
        if self.connection.settings.get("project"):
            beside = tuple(self.permissions(http))
            yield from beside
            yield from by_last_id(
                http, self.project_path(LIMITS), {"limit": "100"}, part=LIMITS, asked_as="after"
            )
        answer = http.get(self.address("models"))
        yield Page(answer.url, answer.body, beside=beside)

    def permissions(self, http: Http) -> Iterator[Page]:
        """The project's page of permissions; none where it never had any."""
        try:
            answer = http.get(self.project_path(PERMISSIONS))
        except BadAnswer as error:
            if error.status == 404:
                return  # a project that does not exist has no limits either, and that is told
            raise
        yield Page(answer.url, answer.body, PERMISSIONS)

    def read(self, page: Page) -> Listing:
        if page.part == LIMITS:
            return self.read_limits(page)
        if page.part == PERMISSIONS:
            known = permission(page).mode in MODES
            strange = Problem(PERMISSIONS, "its mode is not known, so it says nothing of any model")
            return Listing(problems=() if known else (strange,))
        listing = super().read(page)
        told = next((permission(each) for each in page.beside), None)
        if told is None or told.mode not in MODES:
            return listing
        why = MODES[told.mode].format(self.connection.settings.get("project", ""))
        return replace(listing, offers=tuple(told.judged(row, why) for row in listing.offers))

    def read_limits(self, page: Page) -> Listing:
        pools, problems = leniently(rows_of(parse_json(page), page, "data"), self.pool, "limit")
        return Listing(pools=pools, problems=problems, rejected=len(problems))

    def offer(self, row: dict[str, Any]) -> OfferRow:
        plain = super().offer(row)
        ends, preview = plain.retires_at is not None, "-preview" in plain.key
        tuned = plain.key.split(":")[1] if plain.key.startswith("ft:") and plain.key.count(":") > 1 else ""
        return replace(
            plain,
            lifecycle="legacy" if ends else "preview" if preview else "generally_available",
            lifecycle_told="shutdown_date" if ends else "preview" if preview else "",
            capabilities={"fine_tuned_from": tuned} if tuned else {},
            pool=plain.key[:160] if self.connection.settings.get("project") else "",
        )

    def maker(self, row: dict[str, Any], told: str) -> tuple[tuple[str, str], str]:
        return names.publisher("openai"), told

    def pool(self, row: dict[str, Any]) -> PoolRow:
        """One model's limits in the project. Raises ValueError in words."""
        model = text_of(row, "model", 160)
        tokens, rpm = whole(row, "max_tokens_per_1_minute"), whole(row, "max_requests_per_1_minute")
        if tokens is None and rpm is None:
            raise ValueError("it tells neither tokens nor requests a minute")
        others = [f"{told:,} {unit}" for key, unit in OTHER_LIMITS.items() if (told := whole(row, key))]
        by_tokens = bool(tokens) or not rpm
        return PoolRow(
            name=model,
            label=prose(
                ", ".join([f"{model} in {self.connection.settings.get('project', '')}", *others]), 200
            ),
            unit="tokens per minute" if by_tokens else "requests per minute",
            maximum=Decimal((tokens if by_tokens else rpm) or 0),
            region=self.connection.region,
            tpm_per_unit=1 if by_tokens else None,
            rpm=rpm,
        )


@dataclass(frozen=True, slots=True)
class Permission:
    """Which models a project may call: those named, or all but those named."""

    mode: str
    models: frozenset[str]

    def judged(self, row: OfferRow, why_not: str) -> OfferRow:
        """The row, with why it cannot be called where the project may not."""
        if (row.key in self.models) == (self.mode == "allow_list"):
            return row
        return replace(row, capabilities={**row.capabilities, NOT_CALLABLE: why_not})


def permission(page: Page) -> Permission:
    """What the page of permissions says. Raises ListingBroken when it is none."""
    content = parse_json(page)
    ids = content.get("model_ids") if isinstance(content, dict) else None
    if not isinstance(ids, list) or not isinstance(content.get("mode"), str):
        raise ListingBroken(
            f"{page.part}, page 1",
            "it does not say which models the project may call",
            "Check the project's id.",
        )
    return Permission(content["mode"], frozenset(each for each in ids if isinstance(each, str)))
