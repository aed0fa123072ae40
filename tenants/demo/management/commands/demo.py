"""`demo`: load the demo company into an empty database. `demo --clear`: start it anew."""

import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundry.lib import clock
from foundry.lib.errors import Refused
from tenants.demo import clear, load


class Command(BaseCommand):
    help = (
        "Load the demo company into an empty database; with --clear, empty it first if it holds nothing else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clear", action="store_true", help="empty the database first")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "The demo is off. Its passwords are public: set FOUNDRY_DEMO=1 only on a machine of your own."
            )
        started = time.monotonic()
        try:
            if options["clear"]:
                clear.require_only_demo()
                clear.empty()
                subprocess.run(
                    [sys.executable, sys.argv[0], "migrate", "-v", "0", "--skip-checks"], check=True
                )
            told = load.load(clock.now())
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{told} in {time.monotonic() - started:.1f} s")
