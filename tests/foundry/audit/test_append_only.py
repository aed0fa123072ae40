"""The database itself refuses to change the audit, whoever asks."""

import psycopg
import pytest
from django.db import transaction

from foundry.audit.models import Entry
from foundry.lib import clock
from tests import make
from tests.foundry.audit.make import entries
from tests.servers import Urls

CHANGES = {
    "update": "UPDATE audit_entry SET verb = 'nothing.happened'",
    "update of nothing new": "UPDATE audit_entry SET verb = verb",
    "delete": "DELETE FROM audit_entry",
    "truncate": "TRUNCATE audit_entry",
    "truncate cascade": "TRUNCATE people_user CASCADE",
}


@pytest.fixture
def written(committed: Urls) -> Urls:
    with transaction.atomic():
        entries(3, actor=make.person("ada", roles=("admin",)), at=clock.now())
    return committed


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize("change", sorted(CHANGES))
def test_neither_the_application_nor_the_owner_changes_an_entry(
    written: Urls, role: str, change: str
) -> None:
    before = list(Entry.objects.values_list("seq", "hash"))
    url = written.app_url if role == "app" else written.owner_url
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(CHANGES[change].encode())
    assert list(Entry.objects.values_list("seq", "hash")) == before
    assert len(before) == 3


def test_the_application_cannot_put_the_guard_to_sleep(written: Urls) -> None:
    with psycopg.connect(written.app_url) as app:
        for statement in (
            "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
            "DROP TRIGGER audit_no_change ON audit_entry",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement.encode())
            app.rollback()


FORGED = {
    "a gap": ("seq + 2", "hash", "sha256(hash || 'x')"),
    "another predecessor": ("seq + 1", "decode(repeat('ab', 32), 'hex')", "sha256(decode(repeat('ab', 32), 'hex') || 'x')"),
    "a hash of something else": ("seq + 1", "hash", "sha256(hash || 'y')"),
}  # fmt: skip


@pytest.mark.parametrize("forgery", sorted(FORGED))
def test_an_entry_that_does_not_follow_the_chain_cannot_be_inserted(written: Urls, forgery: str) -> None:
    seq, previous, digest = FORGED[forgery]
    statement = f"""
        INSERT INTO audit_entry (seq, occurred_at, verb, actor_label, token, object_type, object_id,
                                 object_label, body, previous, hash)
        SELECT {seq}, now(), 'x', 'x', '', 'x', '1', 'x', 'x'::bytea, {previous}, {digest}
        FROM audit_entry ORDER BY seq DESC LIMIT 1"""
    with psycopg.connect(written.app_url) as app, pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        app.execute(statement.encode())


def test_when_an_entry_was_recorded_is_said_by_the_database(committed: Urls) -> None:
    long_ago = clock.now().replace(year=2001)
    with transaction.atomic():
        entries(1, actor=make.person(), at=long_ago)
    entry = Entry.objects.get()
    assert entry.occurred_at == long_ago
    assert abs((clock.now() - entry.recorded_at).total_seconds()) < 60
