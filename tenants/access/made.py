"""What each decision made of a grant, from what to what, in words."""

from collections.abc import Mapping

from foundry.web.format import limit_words
from tenants.access.models import Grant, Span, in_order
from tenants.access.periods import last_day


def made_of(grant: Grant) -> dict[int, str]:
    """By decision: `20,000 → 60,000 tokens per minute; last day 2026-03-01 → 2026-06-01`. Two queries."""
    said, before, last = {}, None, last_limits(grant)
    for span in grant.spans.select_related("decision").order_by("since"):
        old = {} if before is None else last.get(before.decision_id, {})
        said[span.decision_id] = "; ".join(first(span) if before is None else changes(before, old, span))
        before = span
    return said


def first(span: Span) -> list[str]:
    return [
        *(limit_words(*each) for each in span.decision.granted_in_order),
        f"last day {last_day(span.ends_at)}",
    ]


def last_limits(grant: Grant) -> dict[int, dict[str, int]]:
    """By decision: what it allowed last, after what was moved under it."""
    last: dict[int, dict[str, int]] = {}
    for row in grant.limits.filter(raised=None).order_by("starts_at"):
        last.setdefault(row.decision_id, {})[row.kind] = row.maximum
    return last


def changes(before: Span, old: Mapping[str, int], after: Span) -> list[str]:
    """:param old: the limits that it had last."""
    found = limit_changes(old, after.decision.granted or {})
    if before.ends_at != after.ends_at:
        found.append(f"last day {last_day(before.ends_at)} → {last_day(after.ends_at)}")
    if before.data_class != after.data_class:
        found.append(
            f"data {before.get_data_class_display().lower()} → {after.get_data_class_display().lower()}"
        )
    return found or ["nothing changed"]


def limit_changes(old: Mapping[str, int], new: Mapping[str, int]) -> list[str]:
    """Every limit that is not as it was; one that was not there before, or is not there any more, is *no limit*."""
    kinds = [kind for kind, _ in in_order({**old, **new}) if old.get(kind) != new.get(kind)]
    return [f"{limit_words(kind, old.get(kind))} → {limit_words(kind, new.get(kind))}" for kind in kinds]
