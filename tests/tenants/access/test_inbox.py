"""The approvals inbox: order, what a preview says, and approving several at once."""

from datetime import UTC, datetime, timedelta

import pytest

from foundry.audit.models import Entry
from tenants.access.models import Decision, Grant, Request
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def order(page: str, requests: list[Request]) -> list[int]:
    """The requests' numbers in the order in which the page shows them."""
    return sorted((row.pk for row in requests), key=lambda pk: page.index(f'href="/requests/{pk}/"'))


def test_the_inbox_is_sorted_by_day_and_on_each_day_by_risk() -> None:
    monday = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
    calm = make.request(at=monday, data_class="public")
    risky = make.request(at=monday + timedelta(hours=5), data_class="restricted")
    later = make.request(at=monday + DAY, data_class="restricted", limits={"usd_per_month": 9_000 * 10**9})
    rows = [calm, risky, later]
    client = browser(make.admin())
    assert order(client.get("/approvals/").text, rows) == [risky.pk, calm.pk, later.pk]
    assert order(client.get("/approvals/?sort=risk").text, rows) == [later.pk, risky.pk, calm.pk]


def test_the_preview_says_exactly_what_will_happen_and_writes_nothing() -> None:
    plain, more = make.request(limits={"tpm": 12_345}), make.request(data_class="restricted")
    gone = make.request()
    gone.offer.host.calling_base_url = ""
    gone.offer.host.save(update_fields=["calling_base_url"])
    steps = [row.steps.get(position=1).pk for row in (plain, more, gone)]
    ada, entries = make.admin(), Entry.objects.count()
    page = browser(ada).get("/approvals/preview/", {"step": steps})
    assert "2 of 3 can be approved" in page.text
    for words in (
        "12,345 tokens per minute",
        "a grant opens at once",
        "Security decides next",
        "No call would reach",
    ):
        assert words in page.text, words
    assert not Decision.objects.exists()
    assert (Entry.objects.count(), Request.objects.open().count()) == (entries, 3)


def test_several_are_approved_at_once_and_a_refused_one_stops_no_other() -> None:
    good, bad = [make.request() for _ in range(3)], make.request()
    bad.offer.prices.all().delete()
    bad.offer.hidden = True
    bad.offer.save(update_fields=["hidden"])
    steps = [row.steps.get().pk for row in (*good, bad)]
    answer = browser(make.admin()).post("/approvals/approve/", {"step": steps}, follow=True)
    assert "Approved 3 as they stand." in answer.text
    assert "is not on offer" in answer.text
    assert Grant.objects.count() == 3


def test_what_was_decided_meanwhile_is_left_alone() -> None:
    request, ada = make.request(), make.admin()
    step = request.steps.get().pk
    make.approved(request)
    answer = browser(ada).post("/approvals/approve/", {"step": step}, follow=True)
    assert "1 no longer waited for you" in answer.text
    assert Decision.objects.filter(request=request).count() == 1


def test_an_owner_finds_what_waits_for_them_and_nothing_of_other_teams() -> None:
    owner = make.owner_of(make.team())
    make.request()
    page = browser(owner).get("/approvals/")
    assert page.status_code == 200
    assert "Nothing waits for you." in page.text
    assert "For others" not in page.text
