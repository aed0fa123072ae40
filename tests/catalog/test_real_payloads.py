"""What providers really sent, end to end: served over HTTP, synced into the database, compared with the source."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import CapacityPool, Host, Offer, Price, SyncRun
from foundry.lib.http import Bounds
from tests import make
from tests.catalog import syncing
from tests.fakes.listing import LOOPBACK, SHARED, payload
from tests.fakes.provider import Reply, Script, always, serve, told

pytestmark = pytest.mark.django_db
PATIENT = Bounds(body_bytes=2**22, deadline_s=60, connect_s=10, read_s=30, attempts=1)


def real(path: str) -> bytes:
    """A payload as it was recorded; a test that cannot have it says that it did not run."""
    if not (SHARED / path).exists():
        pytest.skip("not run: payloads absent")
    return (SHARED / path).read_bytes()


def synced(kind: str, script: Script, **settings: str) -> SyncRun:
    with serve(script) as provider:
        return syncing.run(host(kind, provider.url, **settings), bounds=PATIENT)


def host(kind: str, url: str, **settings: str) -> Host:
    return make.host(
        kind, connector=kind, listing_base_url=url, listing_settings=settings, trusted_networks=LOOPBACK
    )


def summary(run: SyncRun) -> tuple[str, int, int, list[Any]]:
    return run.state, run.new, run.rejected, run.problems


# OpenRouter's names for what it prices, ours, and how many of the unit a price of ours is for.
MILLION = 1_000_000
OPENROUTER = {
    "input_cache_write": ("cache_write", MILLION),
    "input_cache_write_1h": ("cache_write_1h", MILLION),
    "internal_reasoning": ("reasoning", MILLION),
    "audio": ("audio_input", MILLION),
    "image": ("image", 1),
    "request": ("request", 1),
    "web_search": ("web_search", 1),
}


def openrouter_price(told: dict[str, Any]) -> dict[str, Decimal] | None:
    """What a row's `pricing` says, in dollars per million tokens or per unit."""
    if told["prompt"] == "-1":
        return None
    base = {"prompt": ("input", MILLION), "completion": ("output", MILLION)}
    known = base | {"input_cache_read": ("cached_input", MILLION)} | OPENROUTER
    return {
        known[name][0]: Decimal(text) * known[name][1] for name, text in told.items() if name != "overrides"
    }


def stored_price(price: Price) -> dict[str, Decimal]:
    found = {
        "input": price.input_per_million,
        "output": price.output_per_million,
        "cached_input": price.cached_input_per_million,
        **{name: Decimal(text) for name, text in price.parts.items()},
    }
    return {name: value for name, value in found.items() if value is not None}


def test_openrouters_346_models_with_every_price_to_its_last_digit() -> None:
    body = real("openrouter/models_2026-03-10.json")
    rows = {row["id"]: row for row in json.loads(body)["data"]}
    run = synced("openrouter", always(Reply(body)))
    assert (len(rows), summary(run)) == (346, ("succeeded", 346, 0, []))
    stored = {price.offer.key: stored_price(price) for price in Price.objects.select_related("offer")}
    told = {key: openrouter_price(row["pricing"]) for key, row in rows.items()}
    assert stored == {key: price for key, price in told.items() if price is not None}
    assert sorted(set(rows) - set(stored)) == ["openrouter/auto", "openrouter/bodybuilder"]
    assert sum(len(price) for price in stored.values()) == 947
    assert sum(price["input"] == price["output"] == 0 for price in stored.values()) == free(rows)


def free(rows: dict[str, Any]) -> int:
    return sum(row["pricing"]["prompt"] == row["pricing"]["completion"] == "0" for row in rows.values())


def test_openrouters_other_facts_are_what_was_told() -> None:
    body = real("openrouter/models_2026-03-10.json")
    synced("openrouter", always(Reply(body)))
    stored = {offer.key: offer for offer in Offer.objects.select_related("model__publisher")}
    for row in json.loads(body)["data"]:
        offer = stored[row["id"]]
        assert offer.context_tokens == row["context_length"]
        assert offer.max_output_tokens == row["top_provider"]["max_completion_tokens"]
        assert (str(offer.retires_at.date()) if offer.retires_at else None) == row["expiration_date"]
        shape = row["architecture"]
        assert offer.modalities == sorted({*shape["input_modalities"], *shape["output_modalities"]})
    free_or_not = Offer.objects.filter(model__slug="gpt-oss-120b").values_list("sku", flat=True)
    assert sorted(free_or_not) == ["", "exacto", "free"]
    assert str(stored["x-ai/grok-4"].model) == "xai/grok-4"


def test_openrouters_newest_shape_says_that_most_of_it_was_cut_away() -> None:
    """The recording keeps 4 of the 338 models that it counts: nothing may be concluded from it."""
    run = synced("openrouter", always(Reply(real("openrouter/models_cassette_2026-08-04.json"))))
    assert (run.state, Offer.objects.count()) == ("quarantined", 0)
    assert "the host says that it has 338 models, and told 4" in str(run.problems)


def test_openrouters_newest_shape_with_its_tiers() -> None:
    content = json.loads(real("openrouter/models_cassette_2026-08-04.json")) | {"total_count": 4}
    run = synced("openrouter", always(Reply(json.dumps(content).encode())))
    assert summary(run) == ("succeeded", 4, 0, [])
    sonnet = Price.objects.get(offer__key="anthropic/claude-sonnet-4")
    assert sonnet.tiers == [
        {
            "over_input_tokens": 200_000,
            "prices": {
                "input": "6",
                "output": "22.5",
                "cached_input": "0.6",
                "cache_write": "7.5",
                "cache_write_1h": "12",
            },
        }
    ]
    assert sonnet.parts == {"cache_write": "3.75", "cache_write_1h": "6", "web_search": "0.01"}
    assert not Price.objects.exclude(offer__key="anthropic/claude-sonnet-4").exclude(tiers=[]).exists()


def gemini(second: Reply) -> Script:
    """The recorded first page, and what its token leads to."""
    first = real("gemini/v1beta_models_2025-12-25.json")
    token = json.loads(first)["nextPageToken"]
    return lambda path: second if f"pageToken={token}" in path else Reply(first)


def test_googles_listing_is_read_past_its_token_to_the_end() -> None:
    more = {
        "name": "models/veo-3.1-fast-generate-preview",
        "supportedGenerationMethods": ["predictLongRunning"],
    }
    rows = [*json.loads(real("gemini/v1beta_models_2025-12-25.json"))["models"], more]
    run = synced("google", gemini(Reply(json.dumps({"models": [more]}).encode())))
    assert (summary(run), run.pages) == (("succeeded", 51, 0, []), 2)
    flash = Offer.objects.get(key="gemini-2.5-flash")
    assert (flash.context_tokens, flash.max_output_tokens) == (1_048_576, 65_536)
    names = [row["name"].removeprefix("models/") for row in rows]
    early = {name for name in names if "-preview" in name or "-exp" in name}
    assert set(Offer.objects.filter(lifecycle="preview").values_list("key", flat=True)) == early
    assert (len(names), len(early)) == (51, 23)
    assert Offer.objects.filter(modalities__contains=["embedding"]).count() == 6


@pytest.mark.parametrize("second", [Reply(status=404), Reply(b"{}"), Reply(b"")])
def test_googles_first_page_alone_is_no_listing(second: Reply) -> None:
    run = synced("google", gemini(second))
    assert run.state in {"failed", "quarantined"}
    assert Offer.objects.count() == 0


def test_bedrocks_126_models_of_which_18_are_legacy() -> None:
    body = real("bedrock/list_foundation_models_us-east-1_2026-01-01.json")
    rows = {row["modelId"]: row for row in json.loads(body)["modelSummaries"]}
    run = synced("bedrock", always(Reply(body)), region="us-east-1")
    assert summary(run) == ("succeeded", 126, 0, [])
    stages = Counter(Offer.objects.values_list("lifecycle_told", flat=True))
    assert (
        stages
        == Counter(row["modelLifecycle"]["status"] for row in rows.values())
        == {"ACTIVE": 108, "LEGACY": 18}
    )
    assert Offer.objects.filter(lifecycle="legacy").count() == 18
    for offer in Offer.objects.all():
        on_demand = "ON_DEMAND" in rows[offer.key]["inferenceTypesSupported"]
        assert ("not_callable" in offer.capabilities) is not on_demand
    makers = Counter(offer.model.publisher.name for offer in Offer.objects.select_related("model__publisher"))
    assert (makers["Amazon"], makers["Anthropic"], makers["Stability AI"], len(makers)) == (33, 25, 13, 16)


def test_groqs_22_models_are_all_active() -> None:
    body = real("groq/models_2026-01-02.json")
    rows = {row["id"]: row for row in json.loads(body)["data"]}
    assert (len(rows), summary(synced("groq", always(Reply(body))))) == (22, ("succeeded", 22, 0, []))
    for offer in Offer.objects.all():
        row = rows[offer.key]
        assert offer.context_tokens == row["context_window"]
        assert offer.max_output_tokens == row["max_completion_tokens"]
        assert ("not_callable" in offer.capabilities) is not row["active"]
    made = {str(offer.model) for offer in Offer.objects.select_related("model__publisher")}
    assert {
        "meta/llama-3.3-70b-versatile",
        "openai/whisper-large-v3",
        "groq/compound",
        "sdaia/allam-2-7b",
    } <= made


def test_githubs_56_models_with_their_tiers() -> None:
    body = real("github-models/catalog_2025-05-17.json")
    rows = {row["id"]: row for row in json.loads(body)}
    assert (len(rows), summary(synced("github_models", always(Reply(body))))) == (
        56,
        ("succeeded", 56, 0, []),
    )
    tiers = {offer.key: offer.capabilities["rate_limit_tier"] for offer in Offer.objects.all()}
    assert tiers == {key: row["rate_limit_tier"] for key, row in rows.items()}
    assert Counter(tiers.values())["custom"] == 8
    assert Offer.objects.filter(modalities__contains=["embedding"]).count() == 4


def test_hugging_faces_two_models_at_three_providers() -> None:
    body = real("huggingface/router_models_two_sample.json")
    assert summary(synced("huggingface", always(Reply(body)))) == ("succeeded", 3, 0, [])
    prices = {price.offer.sku: price for price in Price.objects.select_related("offer")}
    assert {sku: (price.input_per_million, price.output_per_million) for sku, price in prices.items()} == {
        "novita": (Decimal("0.075"), Decimal("0.25")),
        "together": (Decimal(3), Decimal(7)),
    }
    assert "in error" in Offer.objects.get(sku="deepinfra").capabilities["not_callable"]


def test_azures_298_rows_are_149_versions_and_213_offers() -> None:
    models = real("azure/location_models_cli_2025-05-25.json")
    usages = real("azure/location_usages_cli_2025-05-25.json")
    run = synced(
        "azure",
        lambda path: Reply(usages if "/usages" in path else models),
        subscription="s",
        location="eastus2",
    )
    rows = json.loads(models)
    versions = {(row["model"]["format"], row["model"]["name"], row["model"]["version"]) for row in rows}
    assert (len(rows), len(versions)) == (298, 149)
    assert summary(run) == ("succeeded", 213, 0, [])
    grok = Offer.objects.filter(model__publisher__slug="xai").values_list("model__slug", "lifecycle", "sku")
    assert sorted(grok) == [
        ("grok-3", "preview", "GlobalStandard"),
        ("grok-3-mini", "preview", "GlobalStandard"),
    ]
    assert CapacityPool.objects.count() == 76
    assert Offer.objects.exclude(pool=None).count() > 150


def test_cerebras_models_are_read_though_created_is_nought() -> None:
    assert summary(synced("openai_compatible", always(Reply(real("other/cerebras_models.json"))))) == (
        "succeeded", 3, 0, [],
    )  # fmt: skip


def test_herokus_models_are_read_with_both_of_their_dates() -> None:
    body = real("other/heroku_models.json")
    rows = {row["model_id"]: row for row in json.loads(body)}
    run = synced("openai_compatible", always(Reply(body)))
    assert summary(run) == ("succeeded", len(rows), 0, [])
    for offer in Offer.objects.all():
        row = rows[offer.key]
        assert offer.lifecycle == ("deprecated" if row["state"] == "deprecated" else "generally_available")
        for found, name in ((offer.deprecated_at, "deprecation_date"), (offer.retires_at, "eol_date")):
            assert (found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else None) == row.get(name)
        assert offer.successor_told == row.get("replacement_model", "")
    assert Offer.objects.exclude(retires_at=None).count() == 3


@pytest.mark.parametrize(
    ("name", "balances"),
    [
        ("user_balance.json", {"balance CNY": ("110.00", "0.00")}),
        (
            "user_balance_two_currencies_negative.json",
            {"balance CNY": ("0.00", "0.04"), "balance USD": ("14.59", "0.00")},
        ),
    ],
)
def test_deepseeks_balances_are_capacity_in_their_own_currency(
    name: str, balances: dict[str, tuple[str, str]]
) -> None:
    body = real(f"deepseek/{name}")
    run = synced(
        "deepseek", lambda path: Reply(body) if "balance" in path else told(payload("deepseek", "models"))
    )
    assert (run.state, run.problems) == ("succeeded", [])
    pools = {pool.name: (str(pool.maximum), str(pool.in_use)) for pool in CapacityPool.objects.all()}
    assert pools == balances
    assert {pool.tpm for pool in CapacityPool.objects.all()} == {None}


def test_xais_documented_listings_are_seven_models_four_of_them_priced() -> None:
    parts = ("api-key", "language-models", "image-generation-models", "models")
    bodies = {f"/{part}": real(f"xai/{part}.json") for part in parts}
    run = synced("xai", lambda path: Reply(bodies[path]) if path in bodies else Reply(status=404))
    assert summary(run) == ("succeeded", 7, 0, [])
    priced = {row["id"]: row for row in json.loads(bodies["/language-models"])["models"]}
    stored = {price.offer.key: price for price in Price.objects.select_related("offer")}
    assert len(priced) == 3
    assert set(stored) - set(priced) == {"grok-2-image"}
    for key, row in priced.items():
        assert stored[key].input_per_million * 10_000 == row["prompt_text_token_price"]
        assert stored[key].output_per_million * 10_000 == row["completion_text_token_price"]


def test_openais_documented_listing_has_one_shutdown_date() -> None:
    run = synced("openai", always(Reply(real("openai/documented/GET_models.json"))))
    assert summary(run) == ("succeeded", 3, 0, [])
    ends = dict(Offer.objects.values_list("key", "retires_at"))
    assert {key: str(at.date()) for key, at in ends.items() if at} == {"model-id-2": "2026-10-23"}


def test_openais_published_example_is_no_json_and_takes_nothing() -> None:
    """The example as it was published ends in a comma that JSON does not allow."""
    run = synced("openai", always(Reply(real("edge/openai_docs_models_example_trailing_comma.txt"))))
    assert (run.state, Offer.objects.count()) == ("quarantined", 0)
    assert "no whole JSON" in str(run.problems)


def test_anthropics_documented_shape_has_its_stage_and_both_dates() -> None:
    body = real("anthropic/models_documented_shape.json")
    assert summary(synced("anthropic", always(Reply(body)))) == ("succeeded", 1, 0, [])
    [row], offer = json.loads(body)["data"], Offer.objects.get()
    assert (offer.key, offer.lifecycle) == (row["id"], "deprecated")
    found = [at.isoformat().replace("+00:00", "Z") for at in (offer.deprecated_at, offer.retires_at) if at]
    assert found == [row["deprecated_at"], row["retires_at"]]
    assert offer.context_tokens == row["max_input_tokens"]
