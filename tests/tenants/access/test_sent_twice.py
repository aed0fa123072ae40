"""A request that a script sends again is one request."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from foundry.lib import clock
from tenants.access.models import Request
from tests import make
from tests.people import api
from tests.servers import Urls

THREADS = 8


def test_eight_at_once_under_one_key_ask_once(committed: Urls) -> None:
    team, offer = make.team(), make.offer()
    application = make.application(team)
    client = api(make.owner_of(team))
    body = {
        "team": team.slug, "offer": offer.pk, "application": application.slug, "purpose": "Answers",
        "data_class": "internal", "limits": {"tpm": 1000},
        "ends_on": str(clock.now().date().replace(year=clock.now().year + 1, day=1, month=1)),
    }  # fmt: skip

    def send(tpm: int) -> tuple[int, str]:
        try:
            answer = client.post(
                "/api/v1/requests/", body | {"limits": {"tpm": tpm}}, content_type="application/json",
                headers={"idempotency-key": "once"},
            )  # fmt: skip
            return answer.status_code, answer.text
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(send, [1000] * THREADS))
    assert [status for status, _ in answers] == [201] * THREADS
    assert Request.objects.count() == 1
    other, words = send(2000)
    assert other == 409
    assert "was used for another write" in words
    assert Request.objects.count() == 1
