"""`python manage.py sync <host>|--all [--wait]`: bring offers up to date now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog import sync
from catalog.actions import ask_sync
from catalog.models import Host, SyncRun
from catalog.states import RunState
from foundry.lib import clock
from foundry.lib.errors import Refused


class Command(BaseCommand):
    help = "Syncs a host now. With --wait it runs here and exits 0 only if every run succeeded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("host", nargs="?", help="the host's short name")
        parser.add_argument("--all", action="store_true", help="every host that is switched on")
        parser.add_argument("--wait", action="store_true", help="run here, do not leave it to a worker")

    def handle(self, *args: Any, **options: Any) -> None:
        hosts = self.hosts(options["host"], options["all"])
        good = [self.sync(host, options["wait"]) for host in hosts]
        if not all(good):
            raise CommandError(f"{good.count(False)} of {len(good)} syncs did not succeed.")

    def hosts(self, slug: str | None, every: bool) -> list[Host]:
        if bool(slug) == every:
            raise CommandError("Name one host, or --all.")
        rows = Host.objects.filter(disabled_at=None)
        found = list(rows if every else rows.filter(slug=slug))
        if not found:
            names = ", ".join(rows.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no such host that is switched on. There are: {names}.")
        return found

    def sync(self, host: Host, wait: bool) -> bool:
        """Ask for a run and, when waiting, do it here unless a worker is quicker."""
        try:
            asked = ask_sync(host, actor="command line", at=clock.now())
        except Refused as error:
            self.stderr.write(f"{host.slug}: {error}")
            return False
        if not wait:
            self.stdout.write(f"{host.slug}: run {asked.pk} is queued")
            return True
        return self.report(sync.run(asked.pk) or self.other(asked.pk))

    def other(self, run_id: int) -> SyncRun:
        """A worker took the run first: wait for it."""
        import time

        for _ in range(900):
            run = SyncRun.objects.select_related("host").get(pk=run_id)
            if run.finished_at is not None:
                return run
            time.sleep(1)
        raise CommandError(f"Run {run_id} did not end within 15 minutes.")

    def report(self, run: SyncRun) -> bool:
        self.stdout.write(
            f"{run.host.slug}: {run.state}, {run.seen} seen, {run.new} new, {run.changed} changed, "
            f"{run.gone} gone, {run.rejected} rejected"
        )
        for problem in run.problems:
            self.stdout.write(f"  {problem['where']}: {problem['why']}")
        return run.state == RunState.SUCCEEDED
