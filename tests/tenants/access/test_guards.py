"""What PostgreSQL itself refuses to the application's role, whatever code asks for it (reliability I5)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from foundry.lib import clock
from tenants.access.models import Decision, Grant, Request
from tests import make

pytestmark = pytest.mark.django_db


def run(sql: str, *values: Any) -> None:
    """One statement, and what is checked at its commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def refuses(words: str, sql: str, *values: Any) -> None:
    with pytest.raises(DatabaseError, match=words):
        run(sql, *values)


DECIDE = """INSERT INTO access_decision (step_id, request_id, outcome, by_id, at, reason, granted, ends_at)
            VALUES (%s, %s, 'approved', %s, now(), '', %s, now() + interval '9 days')"""
GRANT = """INSERT INTO access_grant (team_id, offer_id, request_id, decision_id, data_class, terms_id, starts_at, ends_at,
                                     revoked_why)
           VALUES (%s, %s, %s, %s, %s, NULL, %s, %s, '')"""


def insert_grant(words: str, request: Request, decision: Decision, **other: Any) -> None:
    fields = {
        "data_class": request.data_class,
        "starts_at": decision.at,
        "ends_at": decision.at + timedelta(days=1),
    } | other
    refuses(
        words, GRANT, request.team_id, request.offer_id, request.pk, decision.pk,
        fields["data_class"], fields["starts_at"], fields["ends_at"],
    )  # fmt: skip


def decide_in_sql(request: Request, by: Any, position: int = 1) -> None:
    run(DECIDE, request.steps.get(position=position).pk, request.pk, by.pk, json.dumps(request.asked))


def test_tests_speak_as_the_applications_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("foundry_app",)


def test_a_decision_by_an_approver_passes_so_the_refusals_below_mean_something() -> None:
    request = make.request()
    decide_in_sql(request, make.admin())
    assert request.decisions.count() == 1


def test_no_decision_by_the_requester() -> None:
    boss = make.person(roles=("admin",))
    request = make.request(of=make.team(owner=boss), by=boss)
    refuses("own request", DECIDE, request.steps.get().pk, request.pk, boss.pk, '{"tpm": 1}')


def test_no_decision_by_somebody_without_the_steps_role() -> None:
    request = make.request()
    someone = make.person(roles=("ops",))
    refuses("another role", DECIDE, request.steps.get().pk, request.pk, someone.pk, '{"tpm": 1}')


def test_no_decision_on_a_closed_request() -> None:
    request = make.approved(make.request())
    refuses("request is closed", DECIDE, request.steps.get().pk, request.pk, make.admin().pk, '{"tpm": 1}')


def test_no_decision_out_of_order() -> None:
    request = make.request(data_class="restricted")
    guard = make.person(roles=("security",))
    refuses("earlier step", DECIDE, request.steps.get(position=2).pk, request.pk, guard.pk, '{"tpm": 1}')


def test_no_decision_on_the_step_of_another_request() -> None:
    request, other = make.request(), make.request()
    refuses("another request", DECIDE, other.steps.get().pk, request.pk, make.admin().pk, '{"tpm": 1}')


def test_no_second_decision_on_a_step() -> None:
    request = make.request(data_class="restricted")
    decide_in_sql(request, make.admin())
    refuses("unique", DECIDE, request.steps.get(position=1).pk, request.pk, make.admin().pk, '{"tpm": 1}')


def test_no_denial_without_a_reason() -> None:
    request = make.request()
    refuses(
        "denial_says_why",
        "INSERT INTO access_decision (step_id, request_id, outcome, by_id, at, reason) VALUES (%s, %s, 'denied', %s, now(), '')",
        request.steps.get().pk,
        request.pk,
        make.admin().pk,
    )


@pytest.mark.parametrize(
    "change", ["outcome = 'denied'", "granted = '{\"tpm\": 9}'", "reason = 'x'", "by_id = by_id"]
)
def test_no_change_of_a_decision(change: str) -> None:
    decision = make.grant().decision
    refuses("permission denied", f"UPDATE access_decision SET {change} WHERE id = %s", decision.pk)


def test_no_request_that_starts_approved() -> None:
    old = make.request()
    refuses(
        "starts open",
        """INSERT INTO access_request (team_id, offer_id, application_id, requester_id, purpose, data_class, asked, ends_on,
                                       state, closed_at)
           SELECT team_id, offer_id, application_id, requester_id, purpose, data_class, asked, ends_on, 'approved', now()
           FROM access_request WHERE id = %s""",
        old.pk,
    )


def test_no_request_for_another_teams_application() -> None:
    old, foreign = make.request(), make.application(make.team())
    refuses(
        "another team",
        """INSERT INTO access_request (team_id, offer_id, application_id, requester_id, purpose, data_class, asked,
                                       ends_on, state)
           SELECT team_id, offer_id, %s, requester_id, purpose, data_class, asked, ends_on, 'open'
           FROM access_request WHERE id = %s""",
        foreign.pk,
        old.pk,
    )


@pytest.mark.parametrize(
    "change",
    [
        "asked = '{\"tpm\": 999}'",
        "requester_id = requester_id + 1",
        "data_class = 'public'",
        "ends_on = ends_on + 30",
        "purpose = 'other'",
    ],
)
def test_no_change_of_what_was_asked(change: str) -> None:
    refuses("cannot be changed", f"UPDATE access_request SET {change} WHERE id = %s", make.request().pk)


def test_no_approved_request_without_its_decisions() -> None:
    request = make.request(data_class="restricted")
    decide_in_sql(request, make.admin())
    refuses(
        "each of its steps",
        "UPDATE access_request SET state = 'approved', closed_at = now() WHERE id = %s",
        request.pk,
    )


def test_no_closed_request_opened_again() -> None:
    request = make.approved(make.request())
    refuses(
        "when a request was closed stays",
        "UPDATE access_request SET state = 'open', closed_at = NULL WHERE id = %s",
        request.pk,
    )


def test_no_step_added_to_or_moved_in_a_request() -> None:
    request = make.approved(make.request())
    refuses(
        "no more steps",
        "INSERT INTO access_step (request_id, position, role, why, due_at) VALUES (%s, 2, 'admin', '', now())",
        request.pk,
    )
    refuses("keeps its request", "UPDATE access_step SET role = 'ops' WHERE request_id = %s", request.pk)


def test_no_grant_while_the_request_is_open() -> None:
    request = make.request()
    decide_in_sql(request, make.admin())
    insert_grant("without the decisions", request, request.decisions.get())


def test_no_grant_by_the_decision_of_another_request() -> None:
    request, other = make.request(), make.approved(make.request())
    insert_grant("without the decisions", request, other.decisions.get())


def test_no_grant_from_a_denied_request() -> None:
    from tenants.access import actions

    request = make.request()
    decision = actions.deny(request.pk, reason="no", actor=make.admin(), at=clock.now())
    insert_grant("without the decisions", request, decision)


def approved_without_grant() -> tuple[Request, Decision]:
    request = make.request()
    decide_in_sql(request, make.admin())
    run("UPDATE access_request SET state = 'approved', closed_at = now() WHERE id = %s", request.pk)
    return request, request.decisions.get()


def test_no_grant_longer_more_sensitive_or_earlier_than_decided() -> None:
    request, decision = approved_without_grant()
    assert decision.ends_at is not None
    insert_grant("without the decisions", request, decision, ends_at=decision.ends_at + timedelta(seconds=1))
    insert_grant("without the decisions", request, decision, data_class="restricted")
    insert_grant("before its decision", request, decision, starts_at=decision.at - timedelta(seconds=1))


def test_no_grant_without_the_limits_that_were_decided() -> None:
    request, decision = approved_without_grant()
    insert_grant("exactly what its decision granted", request, decision)


def grant_with_a_lesser_limit() -> Grant:
    return make.grant(limits={"tpm": 1000, "rpm": 10})


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("prolonged only by a new decision", "ends_at = ends_at + interval '1 second'"),
        ("prolonged only by a new decision", "data_class = 'restricted'"),
        ("keeps its team", "offer_id = offer_id + 1"),
        ("keeps its team", "team_id = team_id + 1"),
        ("keeps its team", "starts_at = starts_at - interval '1 day'"),
    ],
)
def test_no_grant_widened(words: str, change: str) -> None:
    refuses(words, f"UPDATE access_grant SET {change} WHERE id = %s", make.grant().pk)


def test_no_grant_moved_under_another_requests_decision() -> None:
    grant, other = make.grant(), make.grant()
    refuses(
        "new decision",
        "UPDATE access_grant SET decision_id = %s WHERE id = %s",
        other.decision_id,
        grant.pk,
    )


def test_no_revoked_grant_revived() -> None:
    from tenants.access import actions

    grant = make.grant()
    actions.revoke(grant.pk, reason="leaked", actor=make.admin(), at=clock.now())
    refuses("stays revoked", "UPDATE access_grant SET revoked_at = NULL WHERE id = %s", grant.pk)
    refuses(
        "within its grant",
        "UPDATE access_grantapplication SET during = tstzrange(lower(during), %s) WHERE grant_id = %s",
        grant.ends_at,
        grant.pk,
    )


LIMIT = """INSERT INTO access_limit (grant_id, kind, maximum, starts_at, ends_at, decision_id)
           VALUES (%s, %s, %s, %s, %s, %s)"""


def test_no_limit_that_nobody_decided() -> None:
    grant = make.grant(limits={"tpm": 1000})
    refuses("exactly what", LIMIT, grant.pk, "rpm", 5, clock.now(), None, grant.decision_id)


def test_no_limit_history_made_up() -> None:
    grant = make.grant(limits={"tpm": 1000})
    later = datetime(2099, 1, 1, tzinfo=UTC)
    refuses("made up", LIMIT, grant.pk, "tpm", 10**9, grant.starts_at, later, grant.decision_id)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("never edited", "maximum = maximum * 2"),
        ("never edited", "kind = 'rpm'"),
        ("exactly what", "ends_at = now() + interval '1 hour'"),
    ],
)
def test_no_limit_edited_or_dropped(words: str, change: str) -> None:
    grant = make.grant(limits={"tpm": 1000})
    refuses(words, f"UPDATE access_limit SET {change} WHERE grant_id = %s", grant.pk)


def test_no_application_named_that_nobody_decided() -> None:
    grant = make.grant()
    other = make.application(grant.team)
    refuses(
        "nobody decided this application",
        "INSERT INTO access_grantapplication (grant_id, application_id, offer_id, during) VALUES (%s, %s, %s, tstzrange(%s, %s))",
        grant.pk,
        other.pk,
        grant.offer_id,
        grant.starts_at,
        grant.ends_at,
    )


KEPT = ["request", "step", "decision", "grant", "grantapplication", "limit"]


@pytest.mark.parametrize("table", KEPT)
def test_nothing_of_the_trail_is_deleted(table: str) -> None:
    make.grant()
    refuses("permission denied", f"DELETE FROM access_{table}")
    refuses("permission denied", f"TRUNCATE access_{table} CASCADE")
