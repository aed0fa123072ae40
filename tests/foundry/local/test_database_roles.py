"""The three roles of the database, as the runner and the tests make them."""

import psycopg
import pytest
from django.db import connection

from tests.servers import Urls


@pytest.mark.django_db
def test_the_application_connects_as_foundry_app() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("foundry_app",)


def test_the_application_cannot_create_tables(committed: Urls) -> None:
    with psycopg.connect(committed.app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("CREATE TABLE public.mine (id int)")


def test_the_gateway_reads_no_table(committed: Urls) -> None:
    with (
        psycopg.connect(committed.gateway_url) as gateway,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        gateway.execute("SELECT * FROM public.people_user")
