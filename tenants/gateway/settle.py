"""The end of a call: what it did not use flows back, one line in the spool, the shipper takes over."""

from tenants.gateway.call import Call
from tenants.gateway.runtime import Runtime
from tenants.gateway.spool import Row
from tenants.usage.charge import Tokens
from tenants.usage.envelope import Outcome, told


def settle(runtime: Runtime, call: Call, row: Row) -> None:
    """Write down what the call came to, once. The caller's answer may end after this, never before."""
    if call.over:
        return
    call.over = True
    entry = runtime.spool.settled(told(row), call.mark)
    into, out = row["tokens_in"], row["tokens_out"]
    if call.held is not None:
        entry.used = runtime.leases.settle(call.held, into + out, row["cost_nanos"] or 0)
    runtime.shipper.add(entry)
    runtime.metrics.count(row, call.route.host if call.route else "")
    runtime.call_log.add(entry.line)
    if call.span is not None:
        runtime.tracing.end(call, row)


def reported(runtime: Runtime, call: Call, tokens: Tokens | None, *, cancelled: bool) -> None:
    """The host answered. Its report counts; where there is none, the worst case does."""
    outcome = Outcome.CANCELLED if cancelled else Outcome.OK
    code = "client_closed" if cancelled else ""
    if tokens is None:
        settle(runtime, call, call.worst_case(outcome, code=code or "usage_missing", status=200))
    else:
        settle(runtime, call, call.row(outcome, code=code, status=200, tokens=tokens))


def given_up(runtime: Runtime, call: Call) -> None:
    """The caller left and the host did not come to an end in time."""
    settle(runtime, call, call.cut_off(Outcome.CANCELLED, code="client_closed", status=499))


def failed(runtime: Runtime, call: Call, code: str, status: int, *, sent: bool) -> None:
    """The host did not answer. What was never sent costs nothing; of the rest nobody knows."""
    if sent:
        settle(runtime, call, call.worst_case(Outcome.UNKNOWN, code=code, status=status))
    else:
        settle(runtime, call, call.row(Outcome.UPSTREAM_ERROR, code=code, status=status))


def refused(runtime: Runtime, call: Call, code: str, status: int) -> None:
    settle(runtime, call, call.row(Outcome.REFUSED, code=code, status=status))
