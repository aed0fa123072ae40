"""`audit verify` finds whatever was changed behind the database's back, and names the entry."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from foundry.audit import tasks
from foundry.audit.actions import chain
from foundry.audit.models import Entry
from foundry.audit.probes import probes
from foundry.audit.verify import verify, write_head
from foundry.lib import clock
from tests import make
from tests.foundry.audit.make import entries, tamper
from tests.servers import Urls


@pytest.fixture
def heads(tmp_path: Path, settings: object) -> Path:
    settings.AUDIT_HEADS_FILE = tmp_path / "heads.jsonl"  # type: ignore[attr-defined]
    return tmp_path / "heads.jsonl"


@pytest.fixture
def written(committed: Urls, heads: Path) -> Urls:
    with transaction.atomic():
        entries(6, actor=make.person("ada", roles=("admin",)), at=clock.now())
    return committed


def test_a_whole_chain_holds(written: Urls, heads: Path) -> None:
    verdict = verify(heads)
    assert (verdict.entries, verdict.bad_seq) == (6, None)


@pytest.mark.parametrize(
    "change",
    [
        "verb = 'person.remove'",
        "actor_id = NULL",
        "token = 'somebody else''s'",
        "object_id = '99'",
        "object_type = 'catalog.offer'",
        "occurred_at = occurred_at - interval '1 day'",
        "body = replace(convert_from(body, 'UTF8'), 'person.add', 'person.nod')::bytea",
        "hash = sha256('x')",
        "previous = sha256('x')",
    ],
)
def test_a_flipped_row_is_named(written: Urls, heads: Path, change: str) -> None:
    assert tamper(written, f"UPDATE audit_entry SET {change} WHERE seq = 4") == 1
    assert verify(heads).bad_seq == 4


@pytest.mark.parametrize("column", ["actor_label", "object_label"])
def test_a_name_that_people_read_cannot_be_changed_unseen(written: Urls, heads: Path, column: str) -> None:
    tamper(written, f"UPDATE audit_entry SET {column} = 'Eve' WHERE seq = 2")
    assert verify(heads).bad_seq == 2


def test_a_row_taken_out_of_the_middle_is_named(written: Urls, heads: Path) -> None:
    tamper(written, "DELETE FROM audit_entry WHERE seq = 3")
    verdict = verify(heads)
    assert (verdict.bad_seq, verdict.why) == (3, "entry 3 is missing")


def test_without_a_signed_head_a_cut_tail_cannot_be_seen_and_verify_says_so(
    written: Urls, heads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(written, "DELETE FROM audit_entry WHERE seq > 4")
    call_command("audit", "verify")
    assert "a removed tail could not be seen" in capsys.readouterr().out


def test_with_a_signed_head_a_cut_tail_shows(written: Urls, heads: Path) -> None:
    write_head(heads, clock.now())
    tamper(written, "DELETE FROM audit_entry WHERE seq > 4")
    verdict = verify(heads)
    assert verdict.bad_seq == 5
    assert "a signed head names entry 6" in verdict.why


def test_with_a_signed_head_a_chain_that_was_written_anew_shows(written: Urls, heads: Path) -> None:
    write_head(heads, clock.now())
    previous = bytes(Entry.objects.get(seq=4).hash)
    for entry in Entry.objects.filter(seq__gt=4).order_by("seq"):
        body = bytes(entry.body).replace(b'"number"', b'"NUMBER"')
        digest = chain(previous, body)
        tamper(
            written, "UPDATE audit_entry SET body = %s, previous = %s, hash = %s WHERE seq = %s",
            body, previous, digest, entry.seq,
        )  # fmt: skip
        previous = digest
    verdict = verify(heads)
    assert (verdict.bad_seq, verdict.why) == (6, "the entry differs from the signed head written for it")


@pytest.mark.parametrize("damage", ["another entry", "no signature", "no json"])
def test_a_forged_or_damaged_head_is_no_head(written: Urls, heads: Path, damage: str) -> None:
    write_head(heads, clock.now())
    row = json.loads(heads.read_text())
    lines = {
        "another entry": json.dumps({**row, "head": row["head"].replace("6:", "4:", 1)}),
        "no signature": json.dumps({"head": row["head"]}),
        "no json": "{",
    }
    heads.write_text(lines[damage] + "\n")
    verdict = verify(heads)
    assert verdict.bad_seq == 0
    assert "line 1" in verdict.why


def test_verify_says_how_much_it_compared(
    written: Urls, heads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_head(heads, clock.now())
    call_command("audit", "verify")
    assert capsys.readouterr().out.strip() == "6 entries hold; 1 signed heads agree."


def test_verify_ends_with_one_and_the_entry_when_it_does_not_hold(written: Urls, heads: Path) -> None:
    tamper(written, "UPDATE audit_entry SET verb = 'x' WHERE seq = 2")
    with pytest.raises(CommandError, match="entry 2") as caught:
        call_command("audit", "verify")
    assert caught.value.returncode == 1


def test_an_export_can_be_verified_without_us(written: Urls, heads: Path, tmp_path: Path) -> None:
    call_command("audit", "verify", "--export", str(tmp_path / "audit.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    previous = bytes(32)
    for row in rows:
        assert row["previous"] == previous.hex()
        previous = chain(previous, row["body"].encode())
        assert row["hash"] == previous.hex()
    assert len(rows) == 6


def test_the_task_writes_a_head_a_day_and_turns_the_status_red_within_the_hour(
    written: Urls, heads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(probe.stale for probe in probes())
    tasks.when_due()
    assert not any(probe.stale for probe in probes())
    tamper(written, "DELETE FROM audit_entry WHERE seq = 6")
    tasks.when_due()
    assert not any(probe.stale for probe in probes())
    in_an_hour = clock.now() + timedelta(seconds=tasks.CHECK_EVERY_S)
    monkeypatch.setattr(clock, "now", lambda: in_an_hour)
    tasks.when_due()
    [probe] = probes()
    assert probe.stale
    assert "entry 6" in probe.detail
    assert len(heads.read_text().splitlines()) == 1


def test_after_a_day_the_next_head_is_due(written: Urls, heads: Path) -> None:
    assert tasks.head_is_due(heads, clock.now())
    write_head(heads, clock.now())
    assert not tasks.head_is_due(heads, clock.now())
    assert tasks.head_is_due(heads, clock.now() + timedelta(days=1, seconds=1))


def test_no_head_is_written_while_there_is_no_entry(committed: Urls, heads: Path) -> None:
    assert write_head(heads, clock.now()) is None
    assert not heads.exists()
