"""A few entries of the audit, and a hand that can change what nobody may change."""

from datetime import datetime, timedelta

import psycopg

from foundry.audit.actions import record
from foundry.people.models import User
from tests import make
from tests.servers import Urls


def entries(count: int, *, actor: User, at: datetime) -> None:
    """`count` acts, a minute apart; inside a transaction."""
    for number in range(count):
        obj = make.person()
        record("person.add", obj, actor=actor, at=at + timedelta(minutes=number), after={"number": number})


def tamper(database: Urls, statement: str, *values: object) -> int:
    """What only somebody with the superuser's hands can do: change rows with every trigger asleep."""
    with psycopg.connect(database.super_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        return connection.execute(statement.encode(), values).rowcount
