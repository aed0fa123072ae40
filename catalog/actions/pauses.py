"""Take a host or an offer out of use for a while; it comes back by itself."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from catalog.models import Host, Offer, Pause
from catalog.rules import require_operator
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Invalid
from foundry.people.models import User

LEAST, MOST = timedelta(minutes=1), timedelta(days=30)
REASON_LENGTH = 300


@transaction.atomic
def pause(
    what: Host | Offer,
    *,
    reason: str,
    ends_at: datetime,
    starts_at: datetime | None = None,
    actor: User,
    at: datetime,
) -> Pause:
    """Refuse calls to a host or an offer from now, or from `starts_at`, until `ends_at`.

    Raises Forbidden, Invalid; Conflict where another pause of it falls into that time.
    """
    require_operator(actor, "pause hosts and offers")
    starts_at = max(starts_at or at, at)
    errors = time_errors(starts_at, ends_at, at) | reason_errors(reason)
    if errors:
        raise Invalid(
            "pause.unusable", " ".join(errors.values()), remedy="Mend these and try again.", errors=errors
        )
    row = Pause(
        **target(what), reason=" ".join(reason.split()), by=actor, starts_at=starts_at, ends_at=ends_at
    )
    save_alone(row, at)
    record(f"{kind(what)}.pause", what, actor=actor, at=at, after=facts(row))
    return row


@transaction.atomic
def prolong_pause(pause_id: int, *, ends_at: datetime, actor: User, at: datetime) -> Pause:
    """Let a pause end later. Raises Forbidden, Invalid; Conflict when it is over, or another one follows."""
    require_operator(actor, "prolong pauses")
    row = locked(pause_id, at)
    errors = time_errors(row.starts_at, ends_at, at)
    if ends_at <= row.ends_at:
        errors["ends_at"] = f"It lasts until {row.ends_at:%Y-%m-%d %H:%M} UTC already; name a later time."
    if errors:
        raise Invalid(
            "pause.unusable", " ".join(errors.values()), remedy="Choose another time.", errors=errors
        )
    before, row.ends_at = {"ends_at": row.ends_at.isoformat()}, ends_at
    save_alone(row, at)
    after = {"ends_at": ends_at.isoformat()}
    record(f"{kind(row.of)}.prolong_pause", row.of, actor=actor, at=at, before=before, after=after)
    return row


@transaction.atomic
def lift_pause(pause_id: int, *, actor: User, at: datetime) -> Pause:
    """End a pause now, or call off one that is planned. Raises Forbidden; Conflict when it is over."""
    require_operator(actor, "lift pauses")
    row = locked(pause_id, at)
    row.lifted_at, row.lifted_by = max(at, row.starts_at), actor
    row.save(update_fields=["lifted_at", "lifted_by"])
    record(f"{kind(row.of)}.resume", row.of, actor=actor, at=at, before=facts(row))
    return row


def locked(pause_id: int, at: datetime) -> Pause:
    row = Pause.objects.select_for_update(of=("self",)).with_names().get(pk=pause_id)
    if row.state(at) in {"lifted", "ended"}:
        by = f" by {row.lifted_by}" if row.lifted_by else ""
        raise Conflict(
            "pause.over",
            f"The pause of {row.of} ended {row.over_at:%Y-%m-%d %H:%M} UTC{by}.",
            remedy="Nothing is left to do; pause it anew if it must stay out of use.",
        )
    return row


def save_alone(row: Pause, at: datetime) -> None:
    """Save, unless another pause of the same thing falls into its time; the database judges."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        other = Pause.objects.open(at).filter(host=row.host, offer=row.offer).exclude(pk=row.pk).first()
        until = f" until {other.ends_at:%Y-%m-%d %H:%M} UTC" if other else ""
        raise Conflict(
            "pause.exists",
            f"{row.of} is paused in that time already{until}.",
            remedy="Prolong or lift that pause.",
        ) from error


def time_errors(starts_at: datetime, ends_at: datetime, at: datetime) -> dict[str, str]:
    if ends_at < max(starts_at, at) + LEAST:
        return {"ends_at": "A pause lasts a minute at least, and ends later than now."}
    if ends_at > starts_at + MOST:
        return {"ends_at": "A pause lasts 30 days at most; switch the host off, or hide the offer, instead."}
    return {}


def reason_errors(reason: str) -> dict[str, str]:
    length = len(" ".join(reason.split()))
    if not length or length > REASON_LENGTH or "\x00" in reason:
        return {"reason": f"Say why, in 1 to {REASON_LENGTH} characters; callers read it."}
    return {}


def target(what: Host | Offer) -> dict[str, Host | Offer]:
    return {kind(what): what}


def kind(what: Host | Offer) -> str:
    return "host" if isinstance(what, Host) else "offer"


def facts(row: Pause) -> dict[str, str]:
    return {"reason": row.reason, "from": row.starts_at.isoformat(), "until": row.ends_at.isoformat()}
