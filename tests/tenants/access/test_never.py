"""What raw SQL as the application's role cannot do: decide for oneself, decide twice, change or drop what was decided."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from foundry.lib import clock
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Decision, Request
from tests import make

pytestmark = pytest.mark.django_db

DECIDE = """INSERT INTO access_decision
            (step_id, request_id, outcome, by_id, policy_id, on_behalf_of_id, at, reason, granted, ends_at)
            SELECT s.id, r.id, 'approved', %s, %s, %s, now(), '', r.asked, now() + interval '9 days'
            FROM access_request r JOIN access_step s ON s.request_id = r.id WHERE r.id = %s AND s.position = 1"""


LEND = """INSERT INTO access_delegation (by_id, to_id, starts_at, ends_at)
          VALUES (%s, %s, now() - interval '1 h', now() + interval '1 d')"""
LAY = """INSERT INTO access_step (request_id, position, role, or_roles, rule, why, due_at)
         VALUES (%s, 0, 'policy', '{}', '', '', now())"""
LAX = """CREATE OR REPLACE FUNCTION access_guard_decision() RETURNS trigger LANGUAGE plpgsql
         AS $$ BEGIN RETURN NEW; END $$"""
COPY = """INSERT INTO access_grant (team_id, offer_id, request_id, decision_id, data_class, starts_at, ends_at,
          revoked_why)
          SELECT team_id, offer_id, %s, decision_id, data_class, now(), ends_at, '' FROM access_grant WHERE id = %s"""
MORE = """INSERT INTO access_limit (grant_id, kind, maximum, starts_at, decision_id)
          SELECT id, 'rpm', 5, now(), decision_id FROM access_grant"""


def run(*statements: tuple[str, list[Any]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for sql, values in statements:
            cursor.execute(sql, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refuses(words: str, *statements: tuple[str, list[Any]]) -> None:
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        run(*statements)


@pytest.fixture
def own() -> tuple[Request, User]:
    boss = make.person(roles=("admin", "security", "finance"))
    return make.request(of=make.team(owner=boss), by=boss), boss


Way = Callable[[Request, User], list[tuple[str, list[Any]]]]


def decides(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    return [(DECIDE, [boss.pk, None, None, request.pk])]


def in_anothers_name(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    lee = make.admin()
    return [(LEND, [lee.pk, boss.pk]), (DECIDE, [boss.pk, None, lee.pk, request.pk])]


def through_a_friend(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    friend = make.person(roles=("ops",))
    return [(LEND, [boss.pk, friend.pk]), (DECIDE, [friend.pk, None, boss.pk, request.pk])]


def as_a_policy(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    return [(DECIDE, [None, request.policy_id, None, request.pk])]


def by_giving_the_request_away(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    give = ("UPDATE access_request SET requester_id = %s WHERE id = %s", [make.person().pk, request.pk])
    return [give, *decides(request, boss)]


def by_closing_it_approved(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    return [("UPDATE access_request SET state = 'approved', closed_at = now() WHERE id = %s", [request.pk])]


def by_another_step(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    late = DECIDE.replace("s.position = 1", "s.position = 0")
    return [(LAY, [request.pk]), (late, [None, request.policy_id, None, request.pk])]


def without_triggers(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    return [("ALTER TABLE access_decision DISABLE TRIGGER ALL", []), *decides(request, boss)]


def as_a_replica(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    return [("SET LOCAL session_replication_role = replica", []), *decides(request, boss)]


def by_another_guard(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    return [(LAX, []), *decides(request, boss)]


def as_the_owner(request: Request, boss: User) -> list[tuple[str, list[Any]]]:
    return [("SET LOCAL ROLE foundry_owner", []), *decides(request, boss)]


WAYS: list[tuple[str, Way]] = [
    ("own request", decides),
    ("own request|nobody let them", in_anothers_name),
    ("own request", through_a_friend),
    ("policy decides only", as_a_policy),
    ("cannot be changed", by_giving_the_request_away),
    ("when each of its steps is", by_closing_it_approved),
    ("policy decides only", by_another_step),
    ("must be owner", without_triggers),
    ("permission denied", as_a_replica),
    ("must be owner|permission denied", by_another_guard),
    ("permission denied", as_the_owner),
]


@pytest.mark.parametrize(("words", "way"), WAYS, ids=[way.__name__ for _, way in WAYS])
def test_no_own_request_is_decided_by_raw_sql(own: tuple[Request, User], words: str, way: Way) -> None:
    request, boss = own
    refuses(words, *way(request, boss))
    request.refresh_from_db()
    assert (request.state, request.decisions.count()) == ("open", 0)


def test_the_same_statement_by_another_approver_passes_so_the_refusals_mean_something(
    own: tuple[Request, User],
) -> None:
    run((DECIDE, [make.admin().pk, None, None, own[0].pk]))
    assert own[0].decisions.count() == 1


def test_no_step_is_decided_twice(own: tuple[Request, User]) -> None:
    request = make.request(data_class="restricted")  # its second step keeps it open
    run((DECIDE, [make.admin().pk, None, None, request.pk]))
    refuses("unique", (DECIDE, [make.admin().pk, None, None, request.pk]))
    actions.approve(request.pk, actor=make.person(roles=("security",)), at=clock.now())
    refuses("closed", (DECIDE, [make.admin().pk, None, None, request.pk]))


KEPT = ["access_decision", "access_request", "access_step", "access_grant", "access_limit", "access_grantapplication",
        "access_raise", "access_note", "access_delegation", "access_policy"]  # fmt: skip


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nothing_of_the_trail_goes_away(table: str, verb: str) -> None:
    grant = make.grant()
    actions.raise_limits(
        grant.pk,
        limits={"tpm": 90_000},
        ends_at=grant.ends_at,
        reason="x",
        actor=make.admin(),
        at=clock.now(),
    )
    actions.comment(grant.request_id, text="Hm.", actor=make.admin(), at=clock.now())
    lee = make.admin()
    actions.delegate(make.admin(), starts_at=clock.now(), ends_at=grant.ends_at, actor=lee, at=clock.now())
    refuses("permission denied|history is kept|is kept", (verb.format(table), []))


@pytest.mark.parametrize("column", [field.column for field in Decision._meta.fields])
def test_no_column_of_a_decision_changes(column: str) -> None:
    make.grant()
    refuses("permission denied", (f"UPDATE access_decision SET {column} = {column}", []))


def test_no_grant_stands_without_decisions() -> None:
    grant = make.grant()
    other = make.request(of=grant.team)
    refuses("no grant without|null value|unique|column", (COPY, [other.pk, grant.pk]))
    more = json.dumps({"tpm": 10**9})
    refuses("permission denied", ("UPDATE access_decision SET granted = %s", [more]))
    refuses("exactly what its decision granted", (MORE, []))
