"""A sync of 5,000 offers with prices against parsing its JSON and a plain COPY of the rows that it writes.

Three syncs of one listing are measured: the first (every offer new), the same again (nothing differs), and
one in which every price and context differs; `sync.time_vs_floor` is all three against their floors. A floor is
the JSON parsed by the standard library, and the offers, their prices and the changes that were written copied
into temporary tables without an index, a trigger or a log.
"""

import json
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from tests.bench.measure import Measure

ROUNDS, OFFERS, MODELS = 5, 5_000, 2_500
LOOPBACK = ["127.0.0.1/32"]


def measure() -> Iterator[Measure]:
    """(seconds of the sync, seconds of its floor) of each round, by which sync; then all three together."""
    found: dict[str, list[tuple[float, float]]] = {}
    for number in range(ROUNDS):
        for name, ours, floor in one_round(number):
            found.setdefault(name, []).append((ours, floor))
    for name, pairs in found.items():
        yield ratio(f"sync.{name}_vs_floor", pairs)
    whole = [tuple(map(sum, zip(*each, strict=True))) for each in zip(*found.values(), strict=True)]
    yield ratio("sync.time_vs_floor", [(ours, floor) for ours, floor in whole])


def ratio(name: str, pairs: list[tuple[float, float]]) -> Measure:
    ours, floor = (median(each) for each in zip(*pairs, strict=True))
    against = f"parse and COPY of {OFFERS:,} offers: {ours * 1000:,.0f} against {floor * 1000:,.0f} ms"
    return Measure(name, median(ours / floor for ours, floor in pairs), "ratio", against, len(pairs))


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
