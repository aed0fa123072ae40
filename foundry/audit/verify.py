"""Prove that the audit is whole: each entry follows the last, and the signed heads still stand.

A head is the newest entry's number and hash, signed and written to a file outside the database once a
day. Whoever rewrites or cuts the chain in the database cannot rewrite those.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from foundry.audit.actions import CHAIN_START, chain
from foundry.audit.models import Entry
from foundry.lib import env


@dataclass(frozen=True, slots=True)
class Verdict:
    """:param bad_seq: the first entry that does not hold, or None. :param heads: how many signed heads were compared."""

    entries: int
    heads: int
    bad_seq: int | None = None
    why: str = ""


def verify(heads_file: Path) -> Verdict:
    """Walk the whole chain once and compare it with the signed heads."""
    try:
        heads = dict(read_heads(heads_file))
    except ValueError as error:
        return Verdict(0, 0, 0, str(error))
    expected, previous, count = 1, CHAIN_START, 0
    for entry in Entry.objects.order_by("seq").iterator(2000):
        body = bytes(entry.body)
        if entry.seq != expected:
            return Verdict(count, 0, expected, f"entry {expected} is missing")
        if bytes(entry.previous) != previous or chain(previous, body) != bytes(entry.hash):
            return Verdict(count, 0, entry.seq, "the entry's hash does not follow from the entry before it")
        if problem := differing_columns(entry, body):
            return Verdict(count, 0, entry.seq, problem)
        previous = bytes(entry.hash)
        if heads.get(entry.seq, previous) != previous:
            return Verdict(count, 0, entry.seq, "the entry differs from the signed head written for it")
        expected, count = expected + 1, count + 1
    if cut := [seq for seq in heads if seq >= expected]:
        return Verdict(count, len(heads), expected, f"the tail is cut: a signed head names entry {max(cut)}")
    return Verdict(count, len(heads))


def differing_columns(entry: Entry, body: bytes) -> str:
    """The columns that people read and search must say what the hashed body says."""
    told = json.loads(body)
    object_type, object_id, object_label = told["object"]
    pairs = {
        "seq": (entry.seq, told["seq"]),
        "occurred_at": (entry.occurred_at, datetime.fromisoformat(told["at"])),
        "verb": (entry.verb, told["verb"]),
        "actor_id": (entry.actor_id, told["actor_id"]),
        "actor_label": (entry.actor_label, told["actor"][:200]),
        "token": (entry.token, told["token"][:120]),
        "object_type": (entry.object_type, object_type),
        "object_id": (entry.object_id, object_id),
        "object_label": (entry.object_label, object_label[:200]),
    }
    differing = [name for name, (held, hashed) in pairs.items() if held != hashed]
    return f"column {', '.join(differing)} differs from the hashed body" if differing else ""


def sign(text: str) -> str:
    return hmac.new(env.text("FOUNDRY_AUDIT_KEY").encode(), text.encode(), hashlib.sha256).hexdigest()


def write_head(heads_file: Path, at: datetime) -> int | None:
    """Append the newest entry's number and hash, signed. Returns its number; None while there is no entry."""
    head = Entry.objects.order_by("-seq").first()
    if head is None:
        return None
    text = f"{head.seq}:{bytes(head.hash).hex()}:{at.isoformat()}"
    heads_file.parent.mkdir(parents=True, exist_ok=True)
    with heads_file.open("a") as out:
        out.write(json.dumps({"head": text, "signature": sign(text)}) + "\n")
    return head.seq


def read_heads(heads_file: Path) -> Iterator[tuple[int, bytes]]:
    """Every signed head. Raises ValueError where a line is damaged or its signature is wrong."""
    if not heads_file.exists():
        return
    for number, line in enumerate(heads_file.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            seq, digest, _ = row["head"].split(":", 2)
            good = hmac.compare_digest(sign(row["head"]), row["signature"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"line {number} of {heads_file.name} is no signed head") from error
        if not good:
            raise ValueError(f"line {number} of {heads_file.name} has a wrong signature")
        yield int(seq), bytes.fromhex(digest)
