"""What a host's status page says, in the shape of Statuspage v2 `summary.json`. Pure and lenient.

A page that cannot be read says that nothing is known; it never says that the host is down.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.states import Health

PATH = "api/v2/summary.json"
OVERALL = {
    "none": Health.OK,
    "minor": Health.DEGRADED,
    "major": Health.PARTIAL,
    "critical": Health.DOWN,
    "maintenance": Health.MAINTENANCE,
}
OF_COMPONENT = {
    "operational": Health.OK,
    "degraded_performance": Health.DEGRADED,
    "partial_outage": Health.PARTIAL,
    "major_outage": Health.DOWN,
    "under_maintenance": Health.MAINTENANCE,
}
MOST_ROWS = 400


@dataclass(frozen=True, slots=True)
class Said:
    """:param words: the page's own sentence, or why nothing is known. :param details: as `StatusReading.details`."""

    health: Health
    words: str
    details: dict[str, list[dict[str, str]]] = field(default_factory=dict)


def read(body: bytes) -> Said:
    """What the page says. Never raises: what makes no sense says that nothing is known."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return Said(Health.UNKNOWN, "The status page answered with something that is no JSON.")
    status = told.get("status") if isinstance(told, dict) else None
    if not isinstance(status, dict):
        return Said(Health.UNKNOWN, "The status page answered without a status.")
    indicator = text(status.get("indicator"))
    health = OVERALL.get(indicator, Health.UNKNOWN)
    if health is Health.UNKNOWN:
        return Said(health, f"The status page says '{indicator[:40]}', which is none of its known words.")
    if health is Health.OK and any(
        text(row.get("status")) == "in_progress" for row in rows(told, "scheduled_maintenances")
    ):
        health = Health.MAINTENANCE
    details = {"components": components(told), "incidents": incidents(told)}
    return Said(health, text(status.get("description"))[:200] or health.label, details)


def components(told: dict[str, Any]) -> list[dict[str, str]]:
    """Each component's name and health; one without a name, or that is told twice, is left out."""
    found: dict[str, str] = {}
    for row in rows(told, "components"):
        if name := text(row.get("name"))[:120]:
            found.setdefault(name, OF_COMPONENT.get(text(row.get("status")), Health.UNKNOWN).value)
    return [{"name": name, "status": status} for name, status in found.items()]


def incidents(told: dict[str, Any]) -> list[dict[str, str]]:
    """What goes on: unresolved incidents and maintenance in progress."""
    going_on = [
        *rows(told, "incidents"),
        *(row for row in rows(told, "scheduled_maintenances") if text(row.get("status")) == "in_progress"),
    ]
    found = []
    for row in going_on:
        since = moment(row.get("started_at")) or moment(row.get("created_at"))
        if name := text(row.get("name"))[:200]:
            found.append(
                {
                    "name": name,
                    "impact": text(row.get("impact"))[:20],
                    "since": since,
                    "url": link(row.get("shortlink")),
                }
            )
    return found


def rows(told: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The rows of a list that are usable at all; anything else is none."""
    listed = told.get(name)
    return (row for row in (listed if isinstance(listed, list) else [])[:MOST_ROWS] if isinstance(row, dict))


def text(value: object) -> str:
    """A usable line of text; empty for anything else."""
    return " ".join(value.replace("\x00", "").split()) if isinstance(value, str) else ""


def link(value: object) -> str:
    """A web address and nothing that a browser would run."""
    found = text(value)
    return found[:300] if found.startswith(("https://", "http://")) else ""


def moment(value: object) -> str:
    """A moment in ISO form, as it was told; empty where it is none."""
    try:
        return datetime.fromisoformat(text(value)).isoformat()
    except ValueError:
        return ""


GENERIC = {"api", "apis", "model", "models", "inference", "chat", "completions", "endpoint", "the"}


def words_of(name: str) -> tuple[str, ...]:
    """A name as comparable words: `GPT-4.1 API` is (gpt, 4, 1)."""
    split = "".join(sign if sign.isalnum() else " " for sign in name.lower()).split()
    return tuple(word for word in split if word not in GENERIC)


def component_for(names: list[str], listed: list[dict[str, str]]) -> dict[str, str] | None:
    """The one component that is plainly about something of these names; None where none is, or several are."""
    wanted = {words for name in names if (words := words_of(name))}
    fits = [row for row in listed if words_of(row["name"]) in wanted]
    return fits[0] if len(fits) == 1 else None
