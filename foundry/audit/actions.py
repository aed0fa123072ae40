"""Write down what was done. `record()` is the last statement of every action."""

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from foundry.audit.models import Entry

if TYPE_CHECKING:
    from foundry.people.models import User

CHAIN_START = bytes(32)
_LOCK = 0x464F_554E_4452_5901  # one writer of the chain at a time, until its transaction ends


def record(
    verb: str, obj: models.Model, *, actor: "User | str", at: datetime, before: Any = None, after: Any = None
) -> Entry:
    """Append one entry to the chain, inside the transaction of the act itself.

    :param verb: `<noun>.<verb>`, for example `request.approve`.
    :param actor: a person (their API token is named where one acted) or the name of a machine.
    :param at: when it happened; the database adds when it was recorded.
    :param before, after: what changed, JSON-able; never a secret.
    """
    assert connection.in_atomic_block, "record() belongs inside the action's transaction"
    token = "" if isinstance(actor, str) else getattr(actor, "acting_token", "")
    label = actor if isinstance(actor, str) else f"{actor.name} <{actor.email}>"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("SELECT seq, hash FROM audit_entry ORDER BY seq DESC LIMIT 1")
        last, previous = cursor.fetchone() or (0, CHAIN_START)
    seq, previous = last + 1, bytes(previous)
    body = canonical(
        {
            "seq": seq,
            "at": at.astimezone(UTC).isoformat(),
            "verb": verb,
            "actor": label,
            "actor_id": None if isinstance(actor, str) else actor.pk,
            "token": token,
            "object": [obj._meta.label_lower, str(obj.pk), str(obj)],
            "before": before,
            "after": after,
        }
    )
    return Entry.objects.create(
        seq=seq,
        occurred_at=at,
        verb=verb,
        actor=None if isinstance(actor, str) else actor,
        actor_label=label[:200],
        token=token[:120],
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        object_label=str(obj)[:200],
        body=body,
        previous=previous,
        hash=chain(previous, body),
    )


def canonical(content: dict[str, Any]) -> bytes:
    """The bytes that are hashed: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        content, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return text.encode()


def chain(previous: bytes, body: bytes) -> bytes:
    """SHA-256 over the previous entry's hash and this entry's body."""
    return hashlib.sha256(previous + body).digest()
