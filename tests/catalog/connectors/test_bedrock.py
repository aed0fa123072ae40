"""Bedrock's listing is asked for with a signature, and names more models than can be called."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from catalog.connectors.base import Listing, OfferRow, Page
from catalog.connectors.bedrock import parts_of, signing
from catalog.models import Offer
from foundry.lib.errors import Invalid
from foundry.lib.http import BadAnswer
from tests.catalog import syncing
from tests.catalog.connectors.speaking import Speaking, host_of
from tests.fakes.listing import SECRET, SHARED, Bench, payload
from tests.fakes.provider import Asked, Reply, always, serve, told

PRIVATE = "a-private-part/that+never=travels"
REAL = SHARED / "bedrock" / "list_foundation_models_us-east-1_2026-01-01.json"


def answers(path: str) -> Reply:
    return (
        told(payload("bedrock", "foundation-models")) if path == "/foundation-models" else Reply(status=404)
    )


def cut(**facts: Any) -> Reply:
    row = payload("bedrock", "foundation-models")["modelSummaries"][0]
    return told({"modelSummaries": [{**row, **facts}]})


BENCH = Bench(
    "bedrock",
    answers,
    path="",
    settings={"region": "eu-central-1"},
    credential=f"{SECRET}:{PRIVATE}:session-token",
    more={
        "one model of five": always(cut()),
        "stages that nobody knows": always(cut(modelLifecycle={"status": "SLEEPING"})),
        "every model twice": lambda path: told(
            {"modelSummaries": payload("bedrock", "foundation-models")["modelSummaries"] * 2}
        ),
        "throttled with status 400": always(
            Reply(b'{"message": "Rate exceeded"}', 400, {"x-amzn-errortype": "ThrottlingException:http://x/"})
        ),
    },
)


class TestBedrock(Speaking):
    bench = BENCH


def read(content: Any, **settings: str) -> Listing:
    bench = Bench("bedrock", answers, settings={"region": "us-east-1", **settings})
    return bench.connector().read(Page("u", json.dumps(content).encode()))


def offers(**settings: str) -> dict[str, OfferRow]:
    return {row.key: row for row in read(payload("bedrock", "foundation-models"), **settings).offers}


def changed(**facts: Any) -> Listing:
    good = payload("bedrock", "foundation-models")["modelSummaries"][4]
    return read({"modelSummaries": [{**good, "modelId": "amazon.other", **facts}, good]})


def test_the_request_is_signed_for_region_and_service_as_boto3_signs_it() -> None:
    """Another hand signs what came with what was sent, and finds the same signature."""
    with serve(answers) as provider:
        BENCH.listing(provider.url)
        boto(provider.url, SECRET, PRIVATE, "session-token").list_foundation_models()
        ours, theirs = provider.asked
    for asked in (ours, theirs):
        assert signature(asked, provider.url + "/foundation-models") in asked.headers["authorization"]
        assert (
            f"{SECRET}/{asked.headers['x-amz-date'][:8]}/eu-central-1/bedrock/aws4_request"
            in (asked.headers["authorization"])
        )
        assert asked.headers["x-amz-security-token"] == "session-token"
        assert PRIVATE not in str(asked.headers) + asked.path


def signature(asked: Asked, url: str) -> str:
    """What the holder of the private part would have written for this request."""
    auth = SigV4Auth(Credentials(SECRET, PRIVATE, "session-token"), "bedrock", "eu-central-1")
    signed = asked.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    request = AWSRequest("GET", url, headers={name: asked.headers[name] for name in signed})
    request.context["timestamp"] = asked.headers["x-amz-date"]
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def boto(url: str, *credential: str) -> Any:
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return boto3.client(
        "bedrock", region_name="eu-central-1", endpoint_url=url, **dict(zip(names, credential, strict=True))
    )


@pytest.mark.parametrize("credential", ["only-a-key", ":", "key:", ":secret"])
def test_a_credential_that_is_none_is_refused_without_being_repeated(credential: str) -> None:
    with pytest.raises(Invalid, match="ACCESS:SECRET") as told_:
        signing(credential, "us-east-1")
    assert "only-a-key" not in str(told_.value)


@pytest.mark.parametrize("source", ["ours", "real"])
def test_boto3_reads_the_same_models_from_the_replayed_listing(source: str) -> None:
    if source == "real" and not REAL.exists():
        pytest.skip("not run: payloads absent")
    content = payload("bedrock", "foundation-models") if source == "ours" else json.loads(REAL.read_text())
    with serve(always(told(content))) as provider:
        judged = boto(provider.url, "a", "b", "c").list_foundation_models()["modelSummaries"]
    ours = {row.key: row for row in read(content).offers}
    assert [row["modelId"] for row in judged] == list(ours)
    for row in judged:
        life, offer = row["modelLifecycle"], ours[row["modelId"]]
        assert offer.lifecycle_told == life["status"]
        assert (offer.deprecated_at, offer.retires_at) == (life.get("legacyTime"), life.get("endOfLifeTime"))


def test_boto3_sees_our_refusal_as_amazons() -> None:
    """The replay's error shape is Amazon's: the SDK finds the code in it."""
    reply = Reply(b'{"message": "no"}', 403, {"x-amzn-errortype": "AccessDeniedException"})
    with serve(always(reply)) as provider, pytest.raises(ClientError) as refused:
        boto(provider.url, "a", "b", "c").list_foundation_models()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("code", "status", "lasting", "says"),
    [
        ("AccessDeniedException", 403, True, "bedrock:ListFoundationModels"),
        ("UnrecognizedClientException", 403, True, "does not know this access key"),
        ("ExpiredTokenException", 403, True, "has ended"),
        ("ThrottlingException", 400, False, "come later"),
        ("ThrottlingException", 429, False, "come later"),
        ("InternalServerException", 500, False, "answered 500"),
    ],
)
def test_amazons_errors_pass_or_last(code: str, status: int, lasting: bool, says: str) -> None:
    reply = Reply(b'{"message": "no"}', status, {"x-amzn-errortype": f"{code}:http://internal.amazon.com/"})
    with serve(always(reply)) as provider, pytest.raises(BadAnswer) as error:
        BENCH.listing(provider.url)
    trouble = BENCH.connector().trouble(error.value)
    assert trouble.lasting is lasting
    assert says in trouble.why


def test_a_lifecycle_has_its_dates() -> None:
    claude = offers()["anthropic.claude-3-7-sonnet-20250219-v1:0"]
    assert (claude.lifecycle, claude.lifecycle_told) == ("legacy", "LEGACY")
    assert claude.deprecated_at == datetime(2025, 10, 28, tzinfo=UTC)
    assert claude.retires_at == datetime(2026, 4, 28, tzinfo=UTC)
    assert claude.capabilities["startOfLifeTime"] == "2025-02-24"
    assert claude.capabilities["publicExtendedAccessTime"] == "2026-01-28"


@pytest.mark.parametrize("told_", [1777334400, "2026-04-28", "2026-04-28T00:00:00+00:00"])
def test_a_date_may_be_a_number_or_a_text(told_: Any) -> None:
    row = changed(modelLifecycle={"status": "LEGACY", "endOfLifeTime": told_}).offers[0]
    assert row.retires_at == datetime(2026, 4, 28, tzinfo=UTC)


def test_a_model_without_a_lifecycle_is_simply_there() -> None:
    assert [row.lifecycle for row in changed(modelLifecycle=None).offers] == ["generally_available"] * 2


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("amazon.nova-pro-v1:0", None),
        ("amazon.nova-pro-v1:0:24k", "provisioned throughput"),
        ("amazon.nova-premier-v1:0:8k", "names no way to call it"),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "through an inference profile"),
    ],
)
def test_what_cannot_be_called_says_why(key: str, why: str | None) -> None:
    found = offers()[key].capabilities.get("not_callable")
    assert found is None if why is None else why in str(found)


def test_a_profile_is_an_offer_of_its_own_where_its_prefix_is_set() -> None:
    found = offers(profile_prefix="eu")
    profiles = [key for key in found if key.startswith("eu.")]
    assert profiles == ["eu.amazon.nova-pro-v1:0", "eu.anthropic.claude-3-7-sonnet-20250219-v1:0"]
    claude = found[profiles[1]]
    assert (claude.host_model_id, claude.model, claude.sku) == (
        profiles[1],
        "claude-3-7-sonnet-20250219",
        "profile eu",
    )
    assert "not_callable" not in claude.capabilities
    assert (claude.lifecycle, claude.retires_at) == ("legacy", datetime(2026, 4, 28, tzinfo=UTC))


@pytest.mark.parametrize(
    ("told_", "parts"),
    [
        ("amazon.nova-premier-v1:0:8k", ("nova-premier", "v1:0", "8k")),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", ("claude-3-5-sonnet-20241022", "v2:0", "")),
        ("anthropic.claude-v2:1:18k", ("claude-v2", "1", "18k")),
        ("cohere.embed-v4:0", ("embed-v4", "0", "")),
        ("meta.llama4-scout-17b-instruct-v1:0", ("llama4-scout-17b-instruct", "v1:0", "")),
        ("qwen.qwen3-vl-235b-a22b", ("qwen3-vl-235b-a22b", "", "")),
        ("openai.gpt-oss-120b-1:0", ("gpt-oss-120b", "1:0", "")),
    ],
)
def test_an_id_names_model_version_and_size(told_: str, parts: tuple[str, str, str]) -> None:
    assert parts_of(told_) == parts


def test_speech_is_audio() -> None:
    assert offers()["amazon.nova-sonic-v1:0"].modalities == ("audio", "text")


@pytest.mark.parametrize(
    "facts",
    [
        {"modelId": None},
        {"modelId": "a\x00b"},
        {"providerName": ""},
        {"modelLifecycle": {"status": "SLEEPING"}},
        {"modelLifecycle": {"status": "LEGACY", "endOfLifeTime": "soon"}},
        {"modelLifecycle": {"status": "LEGACY", "legacyTime": 10**30}},
    ],
)
def test_a_bad_row_fails_alone_and_says_why(facts: dict[str, Any]) -> None:
    listing = changed(**facts)
    assert ([row.key for row in listing.offers], listing.rejected) == (["amazon.nova-sonic-v1:0"], 1)
    assert listing.problems[0].why


@pytest.mark.django_db
def test_what_cannot_be_called_is_listed_and_never_connected() -> None:
    with serve(answers) as provider:
        host = host_of(BENCH, provider.url)
        syncing.run(host)
    host.calling_base_url = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    host.save()
    reached = {offer.key: offer.reach for offer in Offer.objects.select_related("host")}
    assert [key for key, reach in reached.items() if reach.word == "connected"] == [
        "amazon.nova-pro-v1:0",
        "amazon.nova-sonic-v1:0",
    ]
    assert "names no way to call it" in reached["amazon.nova-premier-v1:0:8k"].why
