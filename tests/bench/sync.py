"""A sync of 5,000 offers with prices against parsing its JSON and a plain COPY of the rows that it writes.

Three syncs of one listing are measured: the first (every offer new), the same again (nothing differs), and
one in which every price and context differs. The dearest of them counts, each against its own floor: the JSON
parsed by the standard library, and the offers, their prices and the changes that were written copied into
tables without an index.
"""

import json
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from tests.bench.measure import Measure

ROUNDS, OFFERS, MODELS = 3, 5_000, 2_500
LOOPBACK = ["127.0.0.1/32"]


def measure() -> Iterator[Measure]:
    ratios: dict[str, list[float]] = {"first": [], "same": [], "changed": []}
    said: dict[str, list[tuple[float, float]]] = {name: [] for name in ratios}
    for number in range(ROUNDS):
        for name, ours, floor in one_round(number):
            ratios[name].append(ours / floor)
            said[name].append((ours, floor))
    worst = max(ratios, key=lambda name: median(ratios[name]))
    for name, values in ratios.items():
        ours, floor = (median(each) for each in zip(*said[name], strict=True))
        against = f"parse and COPY of {OFFERS:,} offers: {ours * 1000:,.0f} against {floor * 1000:,.0f} ms"
        yield Measure(f"sync.{name}_vs_floor", median(values), "ratio", against, ROUNDS)
        if name == worst:
            yield Measure("sync.time_vs_floor", median(values), "ratio", f"{name}: {against}", ROUNDS)


def one_round(number: int) -> Iterator[tuple[str, float, float]]:
    """(which sync, its seconds, the seconds of its floor)."""
    from tests import make
    from tests.fakes.provider import Reply, always, serve

    first, changed = listing(number, "0.000003", 128_000), listing(number, "0.0000031", 200_000)
    with serve(always(Reply(first))) as provider:
        host = make.host(
            f"bench-{number}", connector="openrouter", listing_base_url=f"{provider.url}/v1",
            trusted_networks=LOOPBACK,
        )  # fmt: skip
        for name, body in (("first", first), ("same", first), ("changed", changed)):
            provider.script = always(Reply(body))
            seconds, rows = sync_once(host)
            yield name, seconds, timed(lambda body=body: json.loads(body)) + copied(rows)  # type: ignore[misc]


def listing(number: int, prompt: str, context: int) -> bytes:
    """Two offers of each model: an offer and its free twin, as OpenRouter has them."""
    return json.dumps({"data": [row(number, each, prompt, context) for each in range(OFFERS)]}).encode()


def row(number: int, each: int, prompt: str, context: int) -> dict[str, Any]:
    model, twin = each % MODELS, each // MODELS
    return {
        "id": f"maker-{model % 50}/model-{number}-{model}" + (":free" if twin else ""),
        "name": f"Maker {model % 50}: Model {model}",
        "created": 1_770_000_000 + each,
        "description": "A model that answers questions about everything, at length and with reasons. " * 3,
        "context_length": context,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"], "tokenizer": "GPT"},
        "pricing": {"prompt": prompt, "completion": "0.000015", "input_cache_read": "0.0000003", "request": "0"},
        "top_provider": {"context_length": context, "max_completion_tokens": 16_384, "is_moderated": False},
        "supported_parameters": ["max_tokens", "temperature", "tools", "tool_choice", "top_p"],
    }  # fmt: skip


def sync_once(host: Any) -> tuple[float, dict[Any, list[Any]]]:
    """Seconds of one whole run, and the rows that it is about, by their table."""
    from catalog import sync
    from catalog.models import Change, Offer, Price, SyncRun

    run = SyncRun.objects.create(host=host, asked_by="bench")
    seconds = timed(lambda: sync.run(run.pk))
    run.refresh_from_db()
    assert (run.state, run.seen) == ("succeeded", OFFERS), run.problems
    told = {
        Offer: Offer.objects.filter(host=host),
        Price: Price.objects.filter(offer__host=host, ends_at=None),
        Change: Change.objects.filter(run=run),
    }
    return seconds, {model: list(rows.values_list()) for model, rows in told.items()}


def copied(rows: dict[Any, list[Any]]) -> float:
    """Seconds of a COPY of these rows into tables of the same columns without an index, in one transaction."""
    from django.db import connection, models, transaction
    from psycopg.types.json import Jsonb

    plain = {}
    for model, found in rows.items():
        texts = [isinstance(field, models.JSONField) for field in model._meta.concrete_fields]
        plain[model] = [
            [Jsonb(value) if text else value for value, text in zip(row, texts, strict=True)] for row in found
        ]
    with transaction.atomic(), connection.cursor() as cursor:
        for model in plain:
            name = model._meta.db_table
            cursor.execute(f"CREATE TEMPORARY TABLE plain_{name} (LIKE {name}) ON COMMIT DROP")
        began = time.perf_counter()
        for model, found in plain.items():
            columns = ", ".join(field.column for field in model._meta.concrete_fields)
            with cursor.copy(f"COPY plain_{model._meta.db_table} ({columns}) FROM STDIN") as copy:
                for each in found:
                    copy.write_row(each)
    return time.perf_counter() - began


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
