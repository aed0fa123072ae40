"""Amazon Bedrock: every foundation model of one region, asked for with a signed request. Not paged, no prices.

Source: botocore's model of `ListFoundationModels` and a recorded listing of 2026. The listing names more than can be
called: models that only answer through an inference profile, capacity that must be bought first, and ids such as
`model:0:8k` without any way to call them. All are offers, so that counts agree with the source; one that
cannot be called by its name says why. With a `profile_prefix` (us, eu, apac, global) in the settings, each model
that has a profile is an offer of its own as `prefix.model` too.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from catalog.connectors import names
from catalog.connectors.base import (
    NOT_CALLABLE,
    Http,
    Kind,
    Listing,
    ListingBroken,
    OfferRow,
    Page,
    Signer,
    Trouble,
)
from catalog.connectors.reading import (
    leniently_many,
    moment,
    parse_json,
    prose,
    rows_of,
    slug,
    text_of,
    words_of,
)
from foundry.lib.errors import Invalid
from foundry.lib.http import BadAnswer

STAGES = {"ACTIVE": "generally_available", "LEGACY": "legacy"}
MODEL_ID = re.compile(r"(?:(?P<maker>[^.:]+)\.)?(?P<name>[^:]+)(?::(?P<revision>\d+))?(?::(?P<size>\w+))?")
# What is a revision and no part of a name: v1 says nothing, but embed-v4 and claude-v2 are names.
REVISION = re.compile(r"(?<=\d{8})-v\d+$|-v[01]$|(?<=\db)-1$")


class Bedrock(Kind):
    name: ClassVar[str] = "bedrock"
    label: ClassVar[str] = "Amazon Bedrock"
    base_url: ClassVar[str] = "https://bedrock.us-east-1.amazonaws.com"
    credential_hint: ClassVar[str] = "ACCESS:SECRET, or ACCESS:SECRET:SESSION, of an access key."
    settings_needed: ClassVar[tuple[str, ...]] = ("region",)
    settings_may: ClassVar[tuple[str, ...]] = ("profile_prefix",)
    final_codes: ClassVar[Mapping[str, str]] = {
        "UnrecognizedClientException": "AWS does not know this access key.",
        "InvalidSignatureException": "The secret is not that of the access key, or a clock is wrong.",
        "ExpiredTokenException": "The session token has ended.",
        "AccessDeniedException": "The key lacks the right bedrock:ListFoundationModels.",
    }

    @property
    def region(self) -> str:
        return self.connection.settings.get("region", "") or self.connection.region

    def headers(self, credential: str) -> dict[str, str]:
        """None: each request is signed."""
        return {}

    def signer(self, credential: str) -> Signer | None:
        """Signature version 4. Raises ValueError for a credential that is none; its text holds no secret."""
        return signing(credential, self.region) if credential else None

    def fetch(self, http: Http) -> Iterator[Page]:
        answer = http.get(self.address("foundation-models"))
        yield Page(answer.url, answer.body)

    def read(self, page: Page) -> Listing:
        rows = rows_of(parse_json(page), page, "modelSummaries")
        if not rows:
            raise ListingBroken(page.part, "the listing is empty", "Check the region and the key's rights.")
        offers, problems = leniently_many(rows, self.offers)
        return Listing(offers, (), problems, len(problems))

    def offers(self, row: dict[str, Any]) -> list[OfferRow]:
        """The model under its own id and, where wanted, under that of its profile. Raises ValueError."""
        plain = self.offer(row)
        prefix = self.connection.settings.get("profile_prefix", "")
        if not prefix or "INFERENCE_PROFILE" not in words_of(row.get("inferenceTypesSupported")):
            return [plain]
        told = f"{prefix}.{plain.key}"
        facts = {name: text for name, text in plain.capabilities.items() if name != NOT_CALLABLE}
        return [
            plain,
            replace(plain, key=told, host_model_id=told, sku=f"profile {prefix}", capabilities=facts),
        ]

    def offer(self, row: dict[str, Any]) -> OfferRow:
        told = text_of(row, "modelId")
        maker, maker_name = names.publisher(text_of(row, "providerName", 60))
        model, version, size = parts_of(told)
        life = row.get("modelLifecycle")
        life = life if isinstance(life, dict) else {}
        return OfferRow(
            key=told,
            publisher=maker,
            publisher_name=maker_name,
            model=slug(model) or "unnamed",
            name=prose(row.get("modelName"), 160) or model[:160],
            host_model_id=told,
            version=version[:60],
            sku=size[:60],
            region=self.region,
            lifecycle=stage(life),
            lifecycle_told=prose(life.get("status"), 80),
            deprecated_at=when(life, "legacyTime"),
            retires_at=when(life, "endOfLifeTime"),
            capabilities=facts(row, life),
            modalities=modalities(row),
        )

    def trouble(self, error: BadAnswer) -> Trouble:
        """Amazon tells its throttling with status 400 as well."""
        told = super().trouble(error)
        passing = bool(error.codes & {"ThrottlingException", "TooManyRequestsException"})
        return Trouble(f"{error} The host asks us to come later.", lasting=False) if passing else told


def signing(credential: str, region: str) -> Callable[[str], Mapping[str, str]]:
    """What signs a GET for Bedrock in one region. Raises Invalid for a credential of another form."""
    access, _, rest = credential.partition(":")
    secret, _, session = rest.partition(":")
    if not access or not secret:
        raise Invalid(
            "host.credential",
            "The credential must be ACCESS:SECRET or ACCESS:SECRET:SESSION.",
            remedy="Enter it in that form.",
        )
    auth = SigV4Auth(Credentials(access, secret, session or None), "bedrock", region)

    def sign(url: str) -> Mapping[str, str]:
        request = AWSRequest("GET", url)
        auth.add_auth(request)
        return dict(request.headers.items())

    return sign


def parts_of(told: str) -> tuple[str, str, str]:
    """(model, version, size) from `maker.model-v1:0:8k`."""
    found = MODEL_ID.fullmatch(told)
    if found is None:
        return told, "", ""
    name = found["name"]
    model = REVISION.sub("", name)
    version = ":".join(text for text in (name[len(model) :].strip("-"), found["revision"]) if text)
    return model, version, found["size"] or ""


def stage(life: Mapping[str, Any]) -> str:
    """Our word for Amazon's; where none is told, being listed is all there is. Raises ValueError."""
    told = prose(life.get("status"), 60)
    if told and told.upper() not in STAGES:
        raise ValueError(f"the lifecycle status '{told}' is not known")
    return STAGES[told.upper()] if told else "generally_available"


def when(life: Mapping[str, Any], name: str) -> datetime | None:
    """A moment told as ISO text or as seconds; None where none is told. Raises ValueError."""
    told = life.get(name)
    if isinstance(told, int | Decimal) and not isinstance(told, bool):
        return datetime.fromtimestamp(float(told), UTC)
    return moment(str(told)) if told else None


def facts(row: dict[str, Any], life: Mapping[str, Any]) -> dict[str, str]:
    """What else is told, as flat texts; under `NOT_CALLABLE` why nothing answers by this id."""
    types = set(words_of(row.get("inferenceTypesSupported")))
    told = {
        NOT_CALLABLE: why_not(types),
        "inference_types": ", ".join(sorted(types)),
        "input": ", ".join(words_of(row.get("inputModalities"))).lower(),
        "output": ", ".join(words_of(row.get("outputModalities"))).lower(),
        "streaming": "true" if row.get("responseStreamingSupported") is True else "",
        "customizations": ", ".join(sorted(words_of(row.get("customizationsSupported")))),
    }
    for name in ("startOfLifeTime", "publicExtendedAccessTime"):
        told[name] = found.date().isoformat() if (found := when(life, name)) else ""
    return {name: text for name, text in told.items() if text}


def why_not(types: set[str]) -> str:
    """Why a call by the model's own id would fail; empty where it would not."""
    if "ON_DEMAND" in types:
        return ""
    if "INFERENCE_PROFILE" in types:
        return "it answers only through an inference profile; set the host's profile_prefix to offer that"
    if "PROVISIONED" in types:
        return "it answers only through provisioned throughput, which must be bought first"
    return "it names no way to call it"


def modalities(row: dict[str, Any]) -> tuple[str, ...]:
    told = {*words_of(row.get("inputModalities")), *words_of(row.get("outputModalities"))}
    return tuple(sorted({word.lower().replace("speech", "audio")[:20] for word in told}))
