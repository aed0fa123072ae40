"""Many rows in few statements, so that a listing of thousands costs as many queries as one of ten.

New rows are copied in under ids taken beforehand; changed ones are one UPDATE from one JSON text, which
PostgreSQL reads as rows of the very table. Names come from the models, never from what a host told.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED
from psycopg import sql

Row = dict[str, Any]
ids_sql = sql.SQL("SELECT nextval(pg_get_serial_sequence({table}, {key})) FROM generate_series(1, %s)")
copy_sql = sql.SQL("COPY {table} ({columns}) FROM STDIN")
new_sql = sql.SQL(
    "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s) "
    "ON CONFLICT DO NOTHING"
)
update_sql = sql.SQL(
    "UPDATE {table} AS old SET {sets} FROM json_populate_recordset(NULL::{table}, %s) AS told "
    "WHERE old.{key} = told.{key}"
)


def insert(model: type[models.Model], rows: Sequence[Row]) -> list[int]:
    """Copy new rows in, each a value by column; answers their ids in the same order.

    All rows name the same columns; what they leave out has its field's default.
    """
    if not rows:
        return []
    fields: list[tuple[str, Any]] = [
        (str(field.column), field)
        for field in model._meta.concrete_fields
        if not field.primary_key and (field.column in rows[0] or has_default(field))
    ]
    columns = [column for column, _ in fields]
    texts = [isinstance(field, models.JSONField) for _, field in fields]
    usual = {column: field.get_default() for column, field in fields if column not in rows[0]}
    ids = next_ids(model, len(rows))
    statement = copy_sql.format(table=table(model), columns=names([key_of(model), *columns]))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for number, row in zip(ids, rows, strict=True):
            whole = map((usual | row if usual else row).__getitem__, columns)
            told = (json_text(value) if text else value for value, text in zip(whole, texts, strict=True))
            copy.write_row([number, *told])
    return ids


def next_ids(model: type[models.Model], count: int) -> list[int]:
    statement = ids_sql.format(table=sql.Literal(model._meta.db_table), key=sql.Literal(key_of(model)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [count])
        return [number for (number,) in cursor.fetchall()]


def insert_missing(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Insert rows where no unique constraint knows them already; every column is named."""
    if rows:
        run(new_sql.format(table=table(model), columns=names(list(rows[0]))), rows)


def update(model: type[models.Model], columns: Iterable[str], rows: Sequence[Row]) -> None:
    """Set these columns of rows that are there; each row names them and its key."""
    if rows:
        pairs = (sql.SQL("{0} = told.{0}").format(sql.Identifier(column)) for column in columns)
        key = sql.Identifier(key_of(model))
        run(update_sql.format(table=table(model), sets=sql.SQL(", ").join(pairs), key=key), rows)


def run(statement: sql.Composable, rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows, default=str)])


encode = json.JSONEncoder(check_circular=False).encode  # what is told comes from JSON and holds no circle


def json_text(value: Any) -> str | None:
    return None if value is None else encode(value)


def has_default(field: Any) -> bool:
    return field.default is not NOT_PROVIDED or (field.empty_strings_allowed and not field.null)


def key_of(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def table(model: type[models.Model]) -> sql.Identifier:
    return sql.Identifier(model._meta.db_table)


def names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)
