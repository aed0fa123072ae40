"""A change's facts in words, for pages and messages."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.states import ChangeKind, Lifecycle
from foundry.web.format import grouped, per_million

NOTHING = "—"


def fact(kind: str, value: Any) -> str:
    """One side of a change, short enough for a table cell."""
    if kind == ChangeKind.NEW:
        return NOTHING if value is None else f"{stage(value['lifecycle'])}, {price(value['price'])}"
    if value in (None, ""):
        return "unknown" if kind == ChangeKind.PRICE else NOTHING
    if kind in {ChangeKind.GONE, ChangeKind.BACK}:
        return "listed" if value["listed"] else "not listed"
    if kind == ChangeKind.PRICE:
        return price(value)
    if kind == ChangeKind.LIFECYCLE:
        return stage(value)
    if kind == ChangeKind.RETIREMENT_DATE:
        return f"{datetime.fromisoformat(value):%d %b %Y}"
    if kind == ChangeKind.TERMS:
        return terms(value)
    if kind == ChangeKind.CONTEXT:
        return context(value)
    if kind == ChangeKind.CAPABILITY:
        return ", ".join(f"{name}: {said}" for name, said in value["capabilities"].items()) or NOTHING
    return str(value)


def terms(value: Any) -> str:
    """A version of terms, and from when it counts where that is not at once."""
    since = value.get("counts_from")
    later = f", counts from {datetime.fromisoformat(since):%d %b %Y}" if since else ""
    return f"{value['title']} v{value['version']}{later}"


def stage(value: Any) -> str:
    return str(Lifecycle(value["stage"]).label)


def price(value: Any) -> str:
    """Input / output in USD per million tokens, and who says so."""
    if value is None:
        return "price unknown"
    pair = " / ".join(per_million(Decimal(value[part])) for part in ("input", "output"))
    return f"{pair} ({value['basis']})"


def context(value: Any) -> str:
    told = [("context", value.get("context_tokens")), ("output", value.get("max_output_tokens"))]
    return ", ".join(f"{grouped(count)} {what}" for what, count in told if count) or NOTHING
