"""`migrate`, with the gateway's contract dropped before and made again after, as the owner."""

from pathlib import Path
from typing import Any

from django.core.management.commands.migrate import Command as Migrate
from django.db import connections, transaction

CONTRACT = Path(__file__).resolve().parent.parent.parent / "gateway.sql"


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> str | None:
        alias = options["database"]
        drop_contract(alias)
        done: str | None = super().handle(*args, **options)
        if has_every_table(alias):
            make_contract(alias)
        return done


def drop_contract(alias: str) -> None:
    """Calls are refused from here until the contract is made again."""
    with connections[alias].cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS gateway CASCADE")


def make_contract(alias: str) -> None:
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS gateway CASCADE")
        cursor.execute(CONTRACT.read_text())


def has_every_table(alias: str) -> bool:
    """False after a migration back to before the tables that the contract reads."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('usage_shipper'), to_regtype('usage_incoming'), to_regclass('levels_levellimit')"
        )
        return None not in cursor.fetchone()
