"""Is everything that should happen happening: as a page, a strip, and for Prometheus."""

from datetime import timedelta

import pytest

from foundry.lib import clock
from foundry.lib.redis import connect
from foundry.web import status
from foundry.web.status import Probe
from tests import make
from tests.people import browser

pytestmark = [pytest.mark.django_db]


def fresh() -> list[Probe]:
    return [Probe("shipper", 3, 60, "fine")]


def stale() -> list[Probe]:
    return [Probe("shipper", 7200, 60, "spool waits")]


@pytest.fixture(autouse=True)
def fine(redis_url: str, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """One probe that is fresh, and a worker that answers at once."""
    settings.STATUS_PROBES = [f"{__name__}.fresh"]  # type: ignore[attr-defined]
    monkeypatch.setattr("foundry.web.status.app.control.ping", lambda **_: [{"worker": "pong"}])
    status.remember(clock.now())


def page(*roles: str, path: str = "/") -> str:
    return browser(make.person(roles=roles)).get(path).content.decode()


@pytest.mark.parametrize(("role", "code"), [("admin", 200), ("ops", 200), ("auditor", 403), ("", 403)])
def test_admins_and_ops_look_at_the_status(role: str, code: int) -> None:
    assert browser(make.person(roles=(role,) if role else ())).get("/status/").status_code == code


def test_all_fresh_is_said_in_words() -> None:
    assert "All 4 signs are fresh" in page("ops", path="/status/")


def test_what_is_stale_is_red_and_says_why(settings: object) -> None:
    settings.STATUS_PROBES = [f"{__name__}.stale"]  # type: ignore[attr-defined]
    shown = page("ops", path="/status/")
    assert "1 of 4 signs are stale" in shown
    assert '<span class="badge bad">Stale</span>' in shown
    assert "spool waits" in shown


def test_the_page_asks_for_its_live_part_only(settings: object) -> None:
    client = browser(make.person(roles=("ops",)))
    part = client.get("/status/", headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part
    assert 'hx-get="/status/"' in part
    assert part.strip() in client.get("/status/").content.decode() or "looked at" in part


@pytest.mark.parametrize(("role", "shown"), [("admin", True), ("ops", True), ("auditor", False), ("", False)])
def test_a_strip_on_every_page_tells_admins_and_ops_what_is_stale(
    role: str, shown: bool, settings: object
) -> None:
    settings.STATUS_PROBES = [f"{__name__}.stale"]  # type: ignore[attr-defined]
    status.remember(clock.now())
    assert ("shipper: last seen 2 h ago" in page(*((role,) if role else ()))) is shown


def test_no_strip_while_all_is_fresh() -> None:
    assert "strip stale" not in page("admin")


def test_a_worker_that_fell_silent_shows_on_every_page() -> None:
    status.remember(clock.now() - timedelta(minutes=5))
    assert "worker and beat: last seen 5 min ago" in page("ops")


def test_before_the_first_beat_the_strip_says_so() -> None:
    connect_and_flush()
    assert "worker and beat: no sign of them yet" in page("ops")


def connect_and_flush() -> None:
    from django.conf import settings

    connect(settings.REDIS_URL).flushdb()


def test_a_page_still_opens_when_redis_does_not_answer(settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    assert "redis: does not answer" in page("admin")
    assert "Redis does not answer" in page("admin", path="/status/")


def test_a_long_queue_is_stale() -> None:
    from django.conf import settings

    client = connect(settings.REDIS_URL)
    client.rpush("foundry", *range(status.QUEUE_LIMIT))
    assert status.queue_probe(client).stale


def test_prometheus_gets_each_probe_in_seconds(settings: object) -> None:
    settings.STATUS_PROBES = [f"{__name__}.stale"]  # type: ignore[attr-defined]
    text = browser().get("/metrics").content.decode()
    assert 'foundry_probe_age_seconds{probe="shipper"} 7200.0' in text
    assert 'foundry_probe_stale{probe="shipper"} 1.0' in text
    assert 'foundry_probe_stale{probe="worker"} 0.0' in text


def test_health_asks_the_database() -> None:
    assert browser().get("/healthz").json() == {"ok": True}


@pytest.mark.parametrize(
    ("age_s", "limit_s", "is_stale"), [(None, 60, True), (61, 60, True), (60, 60, False), (None, None, False)]
)
def test_never_seen_is_stale_unless_nothing_is_expected(
    age_s: float | None, limit_s: float | None, is_stale: bool
) -> None:
    assert Probe("x", age_s, limit_s).stale is is_stale
