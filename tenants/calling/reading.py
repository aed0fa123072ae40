"""What a gateway would read of a key, read the same way: the gateway's views, and what is used of its grants' limits."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection

from tenants.keys.passport import Passport
from tenants.keys.rows import key_row, periods_of, route_row
from tenants.quotas.periods import DAYS_KNOWN


def passport_of(key_id: int) -> Passport:
    """As a gateway would make it now. Its version is 0: nobody leases by it."""
    [key] = rows("SELECT * FROM gateway.key WHERE key_id = %s", [key_id])
    made = key_row(key)
    grants = [each.grant_id for each in made.grants]
    routes = rows("SELECT * FROM gateway.route WHERE grant_id = ANY (%s) ORDER BY grant_id", [grants])
    days = rows("SELECT * FROM gateway.periods(now() - interval '1 day', %s)", [DAYS_KNOWN])
    return Passport(0, made, tuple(map(route_row, routes)), periods_of(days))


def offered(model: str) -> bool:
    """Does the catalog have a model of that name?"""
    return bool(rows("SELECT gateway.offered(%s) AS offered", [model])[0]["offered"])


def rows(statement: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    """Django hands JSON on as text; here it is read."""
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        names = [(column.name, column.type_code == JSONB) for column in cursor.description or []]
        return [
            {name: json.loads(value) if is_json and isinstance(value, str) else value
             for (name, is_json), value in zip(names, row, strict=True)}
            for row in cursor.fetchall()
        ]  # fmt: skip


JSONB = 3802  # its number in pg_type
