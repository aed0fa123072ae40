"""A line that no ledger would take keeps nothing else from being booked: it is put aside and counted."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from tenants.gateway.spool import lock_path
from tenants.usage.envelope import Envelope, Outcome
from tenants.usage.models import UsageEvent
from tests import make, processes
from tests.servers import Urls
from tests.tenants.gateway.traffic import booked

pytestmark = pytest.mark.slow


def test_a_poisoned_line_in_a_dead_spool_is_put_aside_and_the_rest_is_booked(
    committed: Urls, tmp_path: Path
) -> None:
    team, spool = make.team(), tmp_path / "spool"
    spool.mkdir()
    rows = [
        Envelope(
            source="gateway", call_id=call, started_at=datetime.now(UTC), team_id=team.pk, outcome=Outcome.OK, tokens_in=1
        ).row()
        for call in "abc"
    ]  # fmt: skip
    rows[1]["tokens_in"] = "plenty"
    (spool / "dead.000001.jsonl").write_bytes(
        b"".join(orjson.dumps({"settled": row}) + b"\n" for row in rows)
    )
    os.close(os.open(lock_path(spool, "dead"), os.O_CREAT | os.O_RDWR))
    with processes.gateway(tmp_path, committed.gateway_url) as gateway:
        assert {event.call_id for event in booked(2)} == {"a", "c"}
        deadline = time.monotonic() + 5
        while lock_path(spool, "dead").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "foundry_gateway_spool_rejected 1.0" in str(gateway.get("/metrics")[1])
    aside = orjson.loads((spool / "rejected.jsonl").read_bytes())
    assert (aside["settled"]["call_id"], "plenty" in aside["why"]) == ("b", True)
    assert UsageEvent.objects.count() == 2
