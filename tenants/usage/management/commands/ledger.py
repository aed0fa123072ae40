"""`ledger verify`: events = hours = what budgets were charged, to the token and nano-dollar."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.usage.verify import SHOWN, verify


class Command(BaseCommand):
    help = "Prove that events, hours and budgets agree; exit 1 and the differing rows otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        proofs = verify()
        for each in proofs:
            verdict = "agree" if not each.differing else f"{len(each.differing):,} differ"
            self.stdout.write(f"{each.name:<34} {each.compared:>12,} compared, {verdict}")
            for line in each.differing[:SHOWN]:
                self.stderr.write(f"  {line}")
        if any(each.differing for each in proofs):
            raise CommandError("The ledger does not agree with itself.")
