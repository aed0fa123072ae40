"""The whole way, as a story: a provider's listing becomes a metered call on a usage page.

Nothing is simulated but the provider itself, and that speaks real HTTP: real PostgreSQL and Redis, a real
Celery worker, a real gateway, the unmodified `openai` client.
"""

import csv
import io
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from django.core.management import call_command
from django.test import Client

from foundry.lib import clock
from foundry.people.models import User
from tests import make
from tests.fakes.azure import region
from tests.people import api
from tests.processes import gateway, sandbox
from tests.servers import Urls
from tests.worker import worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
JSON = "application/json"


def test_from_an_azure_listing_to_a_usage_page(committed: Urls, redis_url: str, tmp_path: Path) -> None:
    ada, mia = make.admin(), make.person("mia")
    copilot = make.team("copilot", owner=make.person("olga"), members=(mia,))
    make.application(copilot, "chat")
    admin, member = api(ada), api(mia)

    with region() as azure, sandbox(tmp_path) as upstream:
        # Ada connects a region of Azure; a worker reads both pages of its listing.
        create(admin, "hosts", azure_host(azure.url, upstream.url))
        with worker(committed, tmp_path / "worker.log"):
            run = create(admin, "hosts/azure-east/sync", {}, status=202)
            run = until(lambda: get(admin, f"sync-runs/{run['id']}"), lambda run: run["state"] == "succeeded")
        assert run["rejected"] == 0
        assert run["new"] == len(get(admin, "offers", host="azure-east", limit=200)["results"])

        # xAI's grok-3 is there: once, in preview, at the reference price, with the pool it shares.
        [grok] = get(member, "offers", host="azure-east", q="grok-3", publisher="xai", model="grok-3")[
            "results"
        ]
        assert (grok["model"], grok["lifecycle"], grok["reach"]) == ("xai/grok-3", "preview", "connected")
        assert grok["price"]["basis"] == "reference"
        pools = get(admin, "capacity", host="azure-east")["results"]
        shared = next(pool for pool in pools if pool["name"] == "AIServices.GlobalStandard.MaaS")
        assert (Decimal(shared["maximum"]), shared["unit"]) == (600, "Count")
        assert shared["tpm"] is None, "a Count has no known conversion, so no headroom in tokens is invented"

        # Mia asks for 60,000 tokens a minute; Ada grants half, with a reason.
        asked = create(member, "requests", request_for(grok, tpm=60_000))
        decided = create(
            admin,
            f"requests/{asked['id']}/approve",
            {"limits": asked["limits"] | {"tpm": 30_000}, "reason": "Half to start with."},
            status=200,
        )
        assert decided["state"] == "approved"
        [grant] = get(member, "grants", team="copilot")["results"]
        assert (grant["state"], grant["limits"]["tpm"], grant["applications"]) == ("live", 30_000, ["chat"])

        # Mia makes a key and calls the model with the openai client, whole and streaming.
        key = create(member, "keys", {"team": "copilot", "application": "chat"})
        with gateway(tmp_path, committed.gateway_url) as door:
            caller = openai.OpenAI(base_url=f"{door.url}/v1", api_key=key["secret"], max_retries=0)
            assert {model.id for model in caller.models.list()} == {"xai/grok-3", "azure-east:xai/grok-3"}
            reported = [whole_call(caller), streamed_call(caller)]
            expected = cost_of(reported, grok["price"])

            # Usage page, API and CSV show exactly those tokens and that cost.
            summary = until(
                lambda: get(member, "usage/summary", by="model"), lambda told: told["totals"]["calls"] == 2
            )
            assert tokens(summary["totals"]) == tokens_reported(reported)
            assert Decimal(summary["totals"]["cost_usd"]) == expected
            assert csv_totals(member) == (*tokens_reported(reported), expected)
            page = browser_page(mia, "/usage/")
            assert f"{sum(tokens_reported(reported)):,}" in page
            assert "Reference price" in page

            # The key is revoked; the next call is refused within a second.
            create(member, f"keys/{key['id']}/revoke", {"reason": "No longer needed."}, status=200)
            time.sleep(1)
            with pytest.raises(openai.AuthenticationError) as refusal:
                whole_call(caller)
            assert refusal.value.code == "invalid_api_key"

    call_command("ledger", "verify")
    call_command("audit", "verify")
    told = [entry["verb"] for entry in get(admin, "audit", limit=200)["results"]]
    for verb in (
        "host.add",
        "sync.ask",
        "sync.finish",
        "request.submit",
        "request.approve",
        "key.issue",
        "key.revoke",
    ):
        assert told.count(verb) == 1, verb


def azure_host(listing_url: str, calling_url: str) -> dict[str, Any]:
    return {
        "slug": "azure-east",
        "name": "Azure East US 2",
        "connector": "azure",
        "region": "eastus2",
        "listing": {
            "base_url": listing_url,
            "credential": "listing-secret",
            "settings": {"subscription": "sub-1", "location": "eastus2"},
        },
        "calling": {"base_url": f"{calling_url}/v1", "credential": "calling-secret", "auth": "bearer"},
        "trusted_networks": ["127.0.0.1/32"],
        "publishes_new": True,
    }


def request_for(offer: dict[str, Any], **limits: int) -> dict[str, Any]:
    return {
        "team": "copilot",
        "offer": offer["id"],
        "application": "chat",
        "purpose": "Answers in the product's chat.",
        "data_class": "internal",
        "limits": limits | {"rpm": 600, "usd_per_month": "500"},
        "ends_on": str((clock.now() + timedelta(days=90)).date()),
        "terms_version": offer["terms"]["version"] if offer["terms"] else None,
    }


def whole_call(caller: openai.OpenAI) -> tuple[int, int]:
    """Tokens in and out, as the upstream reported them."""
    answer = caller.chat.completions.create(
        model="xai/grok-3", messages=[{"role": "user", "content": "What is a grant?"}], max_tokens=40
    )
    assert answer.usage is not None
    return answer.usage.prompt_tokens, answer.usage.completion_tokens


def streamed_call(caller: openai.OpenAI) -> tuple[int, int]:
    chunks = caller.chat.completions.create(
        model="azure-east:xai/grok-3",
        messages=[{"role": "user", "content": "And what is a key?"}],
        max_tokens=40,
        stream=True,
        stream_options={"include_usage": True},
    )
    [usage] = [chunk.usage for chunk in chunks if chunk.usage]
    return usage.prompt_tokens, usage.completion_tokens


def tokens_reported(calls: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(read for read, _ in calls), sum(written for _, written in calls)


def tokens(totals: dict[str, Any]) -> tuple[int, int]:
    return totals["tokens_in"], totals["tokens_out"]


def cost_of(calls: list[tuple[int, int]], price: dict[str, Any]) -> Decimal:
    """What the calls cost at the offer's price, each rounded to the nano-dollar."""
    read, written = Decimal(price["input_per_million"]), Decimal(price["output_per_million"])
    each = ((i * read + o * written) / 1_000_000 for i, o in calls)
    return sum((amount.quantize(Decimal("1e-9")) for amount in each), Decimal(0))


def csv_totals(client: Client) -> tuple[int, int, Decimal]:
    answer = client.get("/api/v1/usage/export/", {"format": "csv"})
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    return (
        sum(int(row["tokens_in"]) for row in rows),
        sum(int(row["tokens_out"]) for row in rows),
        sum((Decimal(row["cost_usd"]) for row in rows), Decimal(0)),
    )


def browser_page(person: User, path: str) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def get(client: Client, resource: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/{resource}/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def create(client: Client, resource: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = client.post(f"/api/v1/{resource}/", body, content_type=JSON)
    assert answer.status_code == status, answer.content
    return answer.json()


def until(read: Any, good: Any, seconds: float = 30) -> Any:
    """Read again until it is good."""
    deadline = time.monotonic() + seconds
    while not good(told := read()):
        assert time.monotonic() < deadline, told
        time.sleep(0.1)
    return told
