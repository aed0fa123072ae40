"""The ledger's door, with deduplication, hours and budgets, against a plain COPY of the same rows."""

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from tests.bench.measure import Measure

ROUNDS, ROWS = 3, 100_000


def measure() -> Iterator[Measure]:
    from django.db import connection, transaction

    from foundry.lib import clock
    from tenants.usage.envelope import COLUMNS, Envelope, Outcome
    from tenants.usage.ingest import ingest, values
    from tests import make

    grant, at = make.grant(), clock.now()

    def rows(tag: str) -> list[Envelope]:
        return [
            Envelope(
                source="bench", call_id=f"{tag}-{n}", started_at=at - timedelta(seconds=n % 86_400), team_id=grant.team_id,
                grant_id=grant.pk, offer_id=grant.offer_id, model="a/b", outcome=Outcome.OK, latency_ms=n % 5_000,
                tokens_in=n % 1_000, tokens_out=n % 300, cost_nanos=n,
            )
            for n in range(ROWS)
        ]  # fmt: skip

    ours, plain = [], []
    for number in range(ROUNDS):
        told = rows(str(number))
        began = time.perf_counter()
        assert ingest(told).accepted == ROWS
        ours.append(ROWS / (time.perf_counter() - began))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE plain OF usage_incoming ON COMMIT DROP")
            began = time.perf_counter()
            with cursor.copy(f"COPY plain ({', '.join(COLUMNS)}) FROM STDIN") as copy:
                for row in values(told):
                    copy.write_row(row)
            plain.append(ROWS / (time.perf_counter() - began))
    against = (
        f"plain COPY into a table without an index: {median(ours):,.0f} against {median(plain):,.0f} rows/s"
    )
    yield Measure("ingest.rows_vs_copy", median(ours) / median(plain), "ratio", against, ROUNDS)
