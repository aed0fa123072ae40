"""`audit verify [--export FILE]`: walk the hash chain; exit 1 and the first bad entry otherwise."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from foundry.audit.models import Entry
from foundry.audit.verify import verify, write_head
from foundry.lib import clock


class Command(BaseCommand):
    help = "Prove that the audit is whole (verify), or write today's signed head now (head)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["verify", "head"])
        parser.add_argument(
            "--export", type=Path, help="write every entry as one JSON line, to be verified elsewhere"
        )

    def handle(self, *args: Any, act: str, export: Path | None, **options: Any) -> None:
        if act == "head":
            self.stdout.write(
                f"Signed head of entry {write_head(settings.AUDIT_HEADS_FILE, clock.now())} written."
            )
            return
        verdict = verify(settings.AUDIT_HEADS_FILE)
        if verdict.bad_seq is not None:
            raise CommandError(
                f"The audit does not hold at entry {verdict.bad_seq}: {verdict.why}.", returncode=1
            )
        self.stdout.write(f"{verdict.entries} entries hold; {verdict.heads} signed heads agree.")
        if not verdict.heads:
            self.stdout.write(
                "No signed head exists yet, so a removed tail could not be seen. `audit head` writes one."
            )
        if export:
            self.export(export)

    def export(self, target: Path) -> None:
        with target.open("w") as out:
            for entry in Entry.objects.order_by("seq").iterator(2000):
                row = {
                    "seq": entry.seq,
                    "recorded_at": entry.recorded_at.isoformat(),
                    "previous": bytes(entry.previous).hex(),
                    "hash": bytes(entry.hash).hex(),
                    "body": bytes(entry.body).decode(),
                }
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.stdout.write(f"Exported to {target}.")
