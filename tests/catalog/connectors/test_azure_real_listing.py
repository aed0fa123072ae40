"""The whole real listing of one region of 25 May 2025, six days after Grok came to Azure."""

import json
from pathlib import Path

import pytest

from catalog.connectors.azure import Azure
from catalog.connectors.base import Connection, Listing, Page
from catalog.connectors.reading import join

PAYLOADS = Path(__file__).resolve().parents[4] / "shared" / "payloads" / "azure"
MODELS, USAGES = "location_models_cli_2025-05-25.json", "location_usages_cli_2025-05-25.json"


@pytest.fixture(scope="module")
def listing() -> Listing:
    if not (PAYLOADS / MODELS).exists():
        pytest.skip("not run: payloads absent")
    connector = Azure(Connection("https://arm.example", {"subscription": "s", "location": "eastus2"}))
    pages = [
        Page("file", (PAYLOADS / MODELS).read_bytes()),
        Page("file", (PAYLOADS / USAGES).read_bytes(), "usages"),
    ]
    return join([connector.read(page) for page in pages])


def test_all_298_rows_become_213_offers_of_149_versions(listing: Listing) -> None:
    rows = json.loads((PAYLOADS / MODELS).read_text())
    versions = {(row["model"]["format"], row["model"]["name"], row["model"]["version"]) for row in rows}
    assert (len(rows), len(versions)) == (298, 149)
    assert (
        len(listing.offers)
        == len({(row.publisher, row.host_model_id, row.version, row.sku) for row in listing.offers})
        == 213
    )
    assert (listing.problems, listing.rejected, listing.complete) == ((), 0, True)


def test_grok_is_there_once_each_and_in_preview(listing: Listing) -> None:
    grok = [
        (row.model, row.lifecycle, row.retires_at, row.sku)
        for row in listing.offers
        if row.publisher == "xai"
    ]
    assert grok == [
        ("grok-3", "preview", None, "GlobalStandard"),
        ("grok-3-mini", "preview", None, "GlobalStandard"),
    ]


def test_76_quotas_of_which_64_are_used(listing: Listing) -> None:
    named = {pool.name for pool in listing.pools}
    used = {row.pool for row in listing.offers}
    assert (len(listing.pools), len(used), used - named) == (76, 64, set())


def test_the_shared_pool_is_600_of_an_unknown_unit(listing: Listing) -> None:
    [pool] = [pool for pool in listing.pools if pool.name == "AIServices.GlobalStandard.MaaS"]
    sharing = [row for row in listing.offers if row.pool == pool.name]
    assert (pool.maximum, pool.unit, pool.tpm_per_unit) == (600, "Count", None)
    assert len(sharing) > 10
