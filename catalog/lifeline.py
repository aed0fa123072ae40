"""An offer's life, past and ahead, from what its changes and dates say. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.models import Change, Offer
from catalog.states import ChangeKind, Lifecycle
from catalog.words import fact
from foundry.web.charts import Span

TONES = {
    Lifecycle.ANNOUNCED: "quiet",
    Lifecycle.PREVIEW: "info",
    Lifecycle.GENERALLY_AVAILABLE: "good",
    Lifecycle.LEGACY: "warn",
    Lifecycle.DEPRECATED: "warn",
    Lifecycle.RETIRED: "bad",
}
TOLD = {
    ChangeKind.LIFECYCLE,
    ChangeKind.RETIREMENT_DATE,
    ChangeKind.SUCCESSOR,
    ChangeKind.GONE,
    ChangeKind.BACK,
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an offer, or is said to come; as the timeline component wants it."""

    at: datetime
    title: str
    detail: str
    tone: str = "quiet"


def spans(offer: Offer, changes: Sequence[Change], at: datetime) -> list[Span]:
    """The stages one after the other until now, then what its dates say is ahead.

    :param changes: the offer's applied changes, in any order.
    """
    moves = [each for each in in_order(changes) if each.kind == ChangeKind.LIFECYCLE]
    first = moves[0].before if moves else None
    begins, stage, made = offer.first_seen_at, stage_of(first) if first else offer.lifecycle, []
    for move in moves:
        if move.at > begins:
            made.append(span(begins, move.at, stage))
            begins = move.at
        stage = stage_of(move.after)
    end = offer.gone_at or at
    if offer.retires_at and begins < offer.retires_at < end and stage != Lifecycle.RETIRED:
        made.append(span(begins, offer.retires_at, stage))
        begins, stage = offer.retires_at, Lifecycle.RETIRED
    if end > begins:
        made.append(span(begins, end, stage))
    if offer.retires_at and offer.retires_at > at and not offer.gone_at:
        made += ahead(offer, stage, at, offer.retires_at)
    return made


def stage_of(told: Any) -> str:
    """The stage in one side of a lifecycle change."""
    return str(told["stage"])


def ahead(offer: Offer, stage: str, at: datetime, retires_at: datetime) -> list[Span]:
    """From now to the retirement, deprecated from the day that is told."""
    turns = offer.deprecated_at
    if turns is None or not at < turns < retires_at:
        return [span(at, retires_at, stage, ahead=True)]
    return [span(at, turns, stage, ahead=True), span(turns, retires_at, Lifecycle.DEPRECATED, ahead=True)]


def span(begins: datetime, ends: datetime, stage: str, *, ahead: bool = False) -> Span:
    return Span(begins, ends, str(Lifecycle(stage).label), TONES[Lifecycle(stage)], ahead)


def in_order(changes: Sequence[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (change.at, change.pk))


def events(offer: Offer, changes: Sequence[Change], name: str) -> list[Event]:
    """What happened to one offer and what is said to come. :param name: how the page calls the offer."""
    made = [Event(offer.first_seen_at, "First seen", name)]
    for change in (each for each in changes if each.kind in TOLD):
        made.append(
            Event(
                change.at, title(change), f"{name}, told by {change.source or change.host.name}", tone(change)
            )
        )
    if offer.deprecated_at:
        made.append(Event(offer.deprecated_at, "Deprecated", f"{name}: no new use", "warn"))
    if offer.retires_at:
        follows = offer.successor.model if offer.successor else offer.successor_told
        after = f"; {follows} follows it" if follows else "; no successor is named"
        made.append(Event(offer.retires_at, "Retirement", f"{name}: calls end{after}", "bad"))
    return made


def merged(told: Sequence[Event]) -> list[Event]:
    """The latest first; what happened to several offers at one moment is told once."""
    found: dict[tuple[datetime, str, str], list[str]] = {}
    for event in told:
        found.setdefault((event.at, event.title, event.tone), []).append(event.detail)
    rows = [Event(at, title, "; ".join(details), tone) for (at, title, tone), details in found.items()]
    return sorted(rows, key=lambda event: event.at, reverse=True)


def title(change: Change) -> str:
    if change.kind == ChangeKind.LIFECYCLE:
        return f"{fact(change.kind, change.before)} → {fact(change.kind, change.after)}"
    if change.kind in {ChangeKind.GONE, ChangeKind.BACK}:
        return "No longer listed" if change.kind == ChangeKind.GONE else "Listed again"
    was = f", before {fact(change.kind, change.before)}" if change.before else ""
    return f"{change.get_kind_display()}: {fact(change.kind, change.after)}{was}"


def tone(change: Change) -> str:
    if change.kind == ChangeKind.LIFECYCLE:
        return TONES[Lifecycle(stage_of(change.after))]
    return "warn" if change.kind in {ChangeKind.GONE, ChangeKind.RETIREMENT_DATE} else "quiet"
