"""A grace as a gateway sees it, and workers that tell at once."""

from datetime import datetime
from functools import partial

import psycopg
import pytest

from foundry.lib import clock
from foundry.notify.models import Event
from tenants.access import actions
from tenants.access.reminders import remind_of_ends, tell_of_ends
from tests import make
from tests.servers import Urls
from tests.tenants.access.test_grace import DAY, HOUR, over
from tests.tenants.access.test_two_at_once import at_once

pytestmark = pytest.mark.slow


def test_the_gateways_view_ends_where_the_console_does(committed: Urls) -> None:
    grant, request = over()
    assert request is not None

    def seen() -> datetime:
        with psycopg.connect(committed.gateway_url) as gateway:
            found = gateway.execute("SELECT ends_at FROM gateway.route WHERE grant_id = %s", [grant.pk])
            row = found.fetchone()
        assert row is not None
        ends_at: datetime = row[0]
        return ends_at

    def version() -> int:
        with psycopg.connect(committed.gateway_url) as gateway:
            row = gateway.execute("SELECT gateway.version()").fetchone()
        assert row is not None
        return int(row[0])

    assert seen() == request.grace.ends_at
    at, before = clock.now(), version()
    actions.deny(request.pk, code="no_budget", actor=make.admin(), at=at)
    assert seen() == at
    assert version() > before


def test_two_workers_at_once_remind_once(committed: Urls) -> None:
    grant = make.grant(ends_on=(clock.now() + 10 * DAY).date())
    at = clock.now()
    at_once([partial(remind_of_ends, at) for _ in range(4)])
    assert Event.objects.filter(kind="grant.ends").count() == 1
    at_once([partial(tell_of_ends, grant.ends_at + HOUR) for _ in range(4)])
    assert Event.objects.filter(kind="grant.ended").count() == 1
