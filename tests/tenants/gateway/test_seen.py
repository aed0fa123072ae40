"""What can be seen of calls from outside: JSON lines, spans at a real OTLP receiver, metrics, readiness; never content."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from catalog.models import Host
from tenants.gateway.config import Config
from tenants.gateway.runtime import Runtime
from tenants.gateway.seen import CallLog
from tenants.usage.models import UsageKey
from tests import make, processes
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.receiving import Received, receiver
from tests.tenants.gateway.traffic import URL_PATH, booked, question

CANARY = "canary-51c0ffee"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ANSWER = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": CANARY}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 30, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 12}},
}


def ask(gateway: processes.Server, secret: str, **headers: str) -> None:
    body = json.dumps(question() | {"messages": [{"role": "user", "content": CANARY}]}).encode()
    told = {"content-type": "application/json", "authorization": f"Bearer {secret}", **headers}
    request = urllib.request.Request(gateway.url + URL_PATH, data=body, headers=told)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
        answer.read()


def spans(received: Received) -> list[Any]:
    found = []
    for _, body in received.asked:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


@pytest.mark.slow
def test_a_call_is_a_span_that_continues_the_callers_trace_and_goes_on_to_the_host(
    world: World, tmp_path: Path
) -> None:
    with (
        receiver(json.dumps(ANSWER).encode()) as upstream, receiver(b"{}") as collector,
        processes.gateway(
            tmp_path / "traced", world.urls.gateway_url, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_BSP_SCHEDULE_DELAY="100",
        ) as gateway,
    ):  # fmt: skip
        Host.objects.filter(pk=world.offer.host_id).update(calling_base_url=f"{upstream.url}/v1")
        _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
        ask(gateway, secret, traceparent=f"00-{TRACE}-{SPAN}-01", **{"x-foundry-tag": "v1"})
        ask(gateway, secret)
        gateway.stop()
        first, second = sorted(spans(collector), key=lambda span: span.start_time_unix_nano)
        told = {each.key: each.value.string_value or each.value.int_value for each in first.attributes}
        onward = [headers["traceparent"].split("-") for headers, _ in upstream.asked]
    call = booked(2)[0]
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE, SPAN)
    assert second.trace_id.hex() not in (TRACE, "")
    assert [each[1:3] for each in onward] == [
        [span.trace_id.hex(), span.span_id.hex()] for span in (first, second)
    ]
    assert all(int(each[3], 16) & 1 for each in onward), "sampled"
    assert first.name == "chat sandbox/echo"
    assert told["gen_ai.operation.name"] == "chat"
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (30, 7)
    assert told["gen_ai.usage.cache_read.input_tokens"] == 12
    assert (told["foundry.call_id"], told["foundry.tag"], told["foundry.outcome"]) == (
        call.call_id,
        "v1",
        "ok",
    )
    assert first.end_time_unix_nano >= first.start_time_unix_nano
    for word in (CANARY, secret):
        assert not any(word.encode() in body for _, body in collector.asked)


def test_nothing_of_it_is_loaded_where_no_endpoint_is_configured() -> None:
    code = (
        "import sys, tenants.gateway.__main__, tenants.gateway.app; "
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_each_call_is_one_line_of_json_with_its_id_and_without_content(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100}))
    ask(world.gateway, secret)
    world.gateway.post(URL_PATH, question() | {"model": CANARY}, secret)
    ids = [event.call_id for event in booked(2)]
    world.gateway.stop()
    text = world.gateway.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    calls = {line["call_id"]: line for line in lines if line.get("event") == "call"}
    assert sorted(calls) == sorted(ids)
    assert [calls[each]["outcome"] for each in ids] == ["ok", "refused"]
    hashes = {key.call_id: f"\\x{key.body_hash.hex()}" for key in UsageKey.objects.all()}
    assert {each: line["body_hash"] for each, line in calls.items()} == hashes
    assert calls[ids[1]]["code"] in ("model_not_found", "model_not_granted")
    assert CANARY not in text
    assert secret not in text


def test_a_reader_that_does_not_read_costs_old_lines_and_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.gateway.seen.MOST", 3)
    log = CallLog(1)
    log.lines = type(log.lines)(maxlen=3)
    for number in range(5):
        log.add(b"%d" % number)
    assert (list(log.lines), log.dropped) == ([b"2", b"3", b"4"], 2)
    silent = CallLog(None)
    silent.add(b"{}")
    assert not silent.lines


@pytest.mark.slow
def test_metrics_and_readiness_tell_what_is_there(world: World) -> None:
    _, secret = make.key(make.grant(offer=world.offer, limits={"rpm": 100, "usd_per_month": 10**10}))
    ask(world.gateway, secret)
    world.gateway.post(URL_PATH, question() | {"model": CANARY}, secret)
    booked(2)
    text = str(world.gateway.get("/metrics")[1])
    for told in (
        'foundry_gateway_calls_total{code="",outcome="ok"} 1.0', 'foundry_gateway_tokens_total{kind="in"}',
        'foundry_gateway_tokens_total{kind="cached"}', "foundry_gateway_cost_usd_total", "foundry_gateway_latency_seconds_bucket",
        'foundry_gateway_host_calls_total{host="sandbox",outcome="ok"} 1.0', "foundry_gateway_leases 1.0",
        'foundry_gateway_leased{part="calls"}', "foundry_gateway_spool_waiting 0.0", "foundry_gateway_cut_off 0.0",
        "foundry_gateway_version",
    ):  # fmt: skip
        assert told in text, told
    assert CANARY not in text
    status, ready = world.gateway.get("/readyz")
    assert (status, ready["ready"], ready["troubles"]) == (200, True, [])
    assert {name: check["ok"] for name, check in ready["checks"].items()} == {
        "database": True, "spool": True, "ledger": True, "tasks": True
    }  # fmt: skip


def test_a_full_disk_is_a_trouble_and_a_late_ledger_is_told_but_refuses_nobody(tmp_path: Path) -> None:
    runtime: Any = Runtime(Config("", tmp_path, ""))
    runtime.book = SimpleNamespace(
        cut_off=False, refuses=False, grace_left_s=30.0, confirmed_at=time.monotonic(), version=3
    )
    runtime.shipper = SimpleNamespace(oldest_s=99.0, waiting=[1, 2], rejected=0)
    runtime.spool = SimpleNamespace(free_bytes=1 << 40, full=False)
    assert runtime.troubles == []
    assert (runtime.checks()["ledger"]["ok"], runtime.checks()["ledger"]["waiting"]) == (False, 2)
    runtime.spool.free_bytes = 1 << 20
    assert runtime.troubles == ["the disk of the spool is full: no call can be accounted for"]
    runtime.book.cut_off = True
    assert len(runtime.troubles) == 1, "it goes on inside what it leased"
    assert (runtime.checks()["database"]["ok"], runtime.checks()["database"]["goes_on_for_s"]) == (
        False,
        30.0,
    )
    runtime.book.refuses = True
    assert len(runtime.troubles) == 2
