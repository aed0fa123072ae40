"""Which grants nobody calls, and who may keep one."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q
from django.utils.module_loading import import_string

from catalog import pauses
from foundry.lib.errors import Conflict
from foundry.lib.spans import covered
from tenants.access.models import Block, Grant, Idle, LifeRules

BATCH = 500


def last_call(grant: Grant, at: datetime) -> datetime:
    """The hour of its last call; its start where there was none."""
    return import_string(settings.GRANTS_LATELY)([grant.pk], at)[grant.pk].last or grant.starts_at


def found(laid: LifeRules, at: datetime) -> Iterator[tuple[int, datetime]]:
    """Live grants without a call for the days of the rules, each with since when; told of ones left out.

    Days on which something blocked its calls do not speak against a team, so a grant that was blocked in that time is left out,
    and the time for which its offer or host was paused does not count.
    """
    if not laid.idle_after_days:
        return
    window = at - timedelta(days=laid.idle_after_days)
    blocked = Block.objects.filter(Q(until=None) | Q(until__gt=window))
    rows = (
        Grant.objects.live(at)
        .filter(starts_at__lte=window)
        .exclude(pk__in=Idle.objects.open_at(at).values("grant"))
        .exclude(pk__in=blocked.exclude(grant=None).values("grant"))
        .exclude(team__in=blocked.filter(grant=None).values("team"))
        .annotate(kept=Max("idles__kept_at"))
        .order_by("pk")
    )
    last = 0
    while batch := list(rows.filter(pk__gt=last).values_list("pk", "starts_at", "kept")[:BATCH]):
        lately = import_string(settings.GRANTS_LATELY)([pk for pk, _, _ in batch], at)
        for pk, starts_at, kept in batch:
            since = max(filter(None, (lately[pk].last, starts_at, kept)))
            if since <= window and since + out_of_use(pk, since, at) <= window:
                yield pk, since
        last = batch[-1][0]


def out_of_use(grant_id: int, since: datetime, at: datetime) -> timedelta:
    """How long of that time no call of the grant could have been served: paused or blocked. Three queries."""
    grant = Grant.objects.select_related("offer").get(pk=grant_id)
    blocks = Block.objects.filter(team=grant.team_id, since__lt=at).filter(Q(grant=None) | Q(grant=grant))
    blocked = blocks.values_list("since", "until")
    return covered([*pauses.spans(grant.offer, since, at), *blocked], since, at)


def is_due(held: Idle, at: datetime) -> bool:
    """Whether its owner had the days of the rules to call it or to speak, without those on which nobody could call it."""
    return held.due_at + out_of_use(held.grant_id, held.noticed_at, at) <= at


def was_kept(grant: Grant) -> bool:
    """By its present decision: the next time it is used, or goes back."""
    return grant.idles.filter(decision=grant.decision_id, kept_at__isnull=False).exists()


def require_keepable(grant: Grant, at: datetime) -> Idle:
    """The open notice. Ask under a lock on the grant."""
    held = grant.idles.open_at(at).first()
    if held is None:
        raise Conflict("grant.not_idle", "Nobody asks whether it is needed.", remedy="Nothing is left to do.")
    if was_kept(grant):
        raise Conflict(
            "grant.kept_once",
            "It was kept once already since its last decision.",
            remedy="Call it, or let it go back and ask again when it is needed.",
        )
    return held
