"""`gateway.sql` and the code that reads it agree; the gateway's role can do that and nothing else."""

import types
import typing
from dataclasses import fields
from datetime import datetime
from decimal import Decimal

import psycopg
import pytest

from foundry.lib.units import price_units
from tenants.keys.passport import KeyRow, RouteRow
from tests import make
from tests.servers import Urls

PG_TYPES = {
    "bytea": bytes,
    "bigint": int,
    "text": str,
    "timestamp with time zone": datetime,
    "boolean": bool,
    "jsonb": tuple,
    "ARRAY": tuple,
}


def plain(annotation: object) -> type:
    """The type without None and without what is inside."""
    if isinstance(annotation, types.UnionType):
        (annotation,) = (each for each in typing.get_args(annotation) if each is not types.NoneType)
    return typing.get_origin(annotation) or annotation  # type: ignore[return-value]


@pytest.mark.parametrize(("view", "row"), [("key", KeyRow), ("route", RouteRow)])
def test_a_view_has_exactly_the_columns_and_types_of_its_dataclass(
    committed: Urls, view: str, row: type
) -> None:
    with psycopg.connect(committed.gateway_url) as gateway:
        columns = gateway.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'gateway' AND table_name = %s ORDER BY ordinal_position",
            [view],
        ).fetchall()
    hints = typing.get_type_hints(row)
    assert [(name, PG_TYPES[kind]) for name, kind in columns] == [
        (field.name, plain(hints[field.name])) for field in fields(row)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM public.keys_apikey",
        "SELECT * FROM public.usage_event",
        "UPDATE gateway.state SET version = 1",
        "SELECT * FROM gateway.state",
        "SELECT public.usage_take_in('{}')",
        "SELECT gateway.lock_window(1, 'day', now())",
        "CREATE TABLE gateway.mine (id int)",
        "SELECT public.usage_make_partition('2030-01-01')",
    ],
)
def test_the_gateways_role_can_do_nothing_beside_its_contract(committed: Urls, statement: str) -> None:
    with (
        psycopg.connect(committed.gateway_url) as gateway,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        gateway.execute(statement)


def test_the_version_grows_once_per_transaction_and_tells_whoever_listens(committed: Urls) -> None:
    with psycopg.connect(committed.gateway_url, autocommit=True) as gateway:
        gateway.execute("LISTEN gateway")
        before = version(gateway)
        grant = make.grant()
        between = version(gateway)
        assert between > before
        make.price(grant.offer, basis="admin")
        assert version(gateway) > between
        told = [int(each.payload) for each in gateway.notifies(timeout=0.5)]
        assert told[-1] == version(gateway)
        assert len(told) == len(set(told))


def test_a_price_finer_than_its_unit_is_rounded_by_the_one_rule(committed: Urls) -> None:
    fine = "0.08333333333366666666"
    grant = make.grant()
    grant.offer.prices.all().delete()
    make.price(grant.offer, input_per_million=fine[:20], output_per_million="0.0000000000015")
    with psycopg.connect(committed.gateway_url) as gateway:
        row = gateway.execute("SELECT prices FROM gateway.route WHERE grant_id = %s", [grant.pk]).fetchone()
    assert row is not None
    [told] = row[0]
    assert (told["input"], told["output"]) == (str(price_units(Decimal(fine[:20]))), "2")


def version(connection: psycopg.Connection[tuple[int]]) -> int:
    row = connection.execute("SELECT gateway.version()").fetchone()
    assert row is not None
    return row[0]
