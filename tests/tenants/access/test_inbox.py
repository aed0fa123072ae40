"""The approvals inbox: order, what a preview says, and approving several at once."""

from datetime import UTC, datetime, timedelta

import pytest

from foundry.audit.models import Entry
from foundry.lib import clock
from tenants.access import actions
from tenants.access.models import Decision, Grant, Request
from tests import make
from tests.people import api, browser

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


def test_the_inbox_is_narrowed_to_a_team_a_data_class_and_what_is_late() -> None:
    late = make.request(at=datetime(2026, 6, 1, 8, 0, tzinfo=UTC))
    risky, calm = make.request(data_class="restricted"), make.request()
    rows, client = (late, risky, calm), browser(make.admin())

    def found(query: str) -> list[Request]:
        page = client.get(f"/approvals/?{query}").text
        return [row for row in rows if f'href="/requests/{row.pk}/"' in page]

    assert found("late=1") == [late]
    assert found("data=restricted") == [risky]
    assert found(f"team={calm.team.slug}") == [calm]
    assert found("data=secret") == []


def test_whoever_decides_by_name_finds_the_inbox_in_the_sidebar() -> None:
    owner, stand_in, ada, now = (
        make.person(roles=("ops",)),
        make.person(roles=("ops",)),
        make.admin(),
        clock.now(),
    )
    shown = '<li><a href="/approvals/"'
    assert shown not in browser(owner).get("/").text
    actions.name_offer_owner(make.offer(), owner, actor=ada, at=now)
    actions.delegate(stand_in, starts_at=now, ends_at=now + DAY, actor=ada, at=now)
    for person in (owner, stand_in):
        assert shown in browser(person).get("/").text


def test_a_script_lists_previews_and_approves_what_waits_for_it() -> None:
    then = (clock.now() - 10 * DAY).replace(hour=8)
    calm = make.request(at=then, data_class="public")
    risky = make.request(at=then + timedelta(hours=5), data_class="restricted")
    later = make.request(limits={"tpm": 12_345})
    ada, mine = make.admin(), make.request()
    client = api(ada)
    rows = client.get("/api/v1/approvals/", {"late": "1"}).json()["results"]
    assert [row["request"] for row in rows] == [risky.pk, calm.pk]
    first = client.get("/api/v1/approvals/", {"limit": 1}).json()
    second = client.get(first["next"]).json()
    rows = [*first["results"], *second["results"], *client.get(second["next"]).json()["results"]]
    assert [row["request"] for row in rows] == [risky.pk, calm.pk, later.pk]
    rows = client.get("/api/v1/approvals/", {"sort": "risk"}).json()["results"]
    assert [row["request"] for row in rows] == [risky.pk, later.pk, mine.pk, calm.pk]
    assert client.get("/api/v1/approvals/", {"team": later.team.slug}).json()["results"][0]["limits"] == {
        "tpm": 12_345
    }
    assert api(later.requester).get("/api/v1/approvals/").json()["results"] == []

    steps = [row.steps.get(position=1).pk for row in (later, risky)]
    body = {"steps": [*steps, 10**15]}
    found = client.post("/api/v1/approvals/preview/", body, "application/json").json()
    assert [(row["request"], row["opens"], row["next"], row["refused"]) for row in found] == [
        (risky.pk, False, "Security", None),
        (later.pk, True, "", None),
    ]
    assert found[1]["limits"] == {"tpm": 12_345}
    assert not Decision.objects.exists()
    assert (
        api(ada, "read", "write").post("/api/v1/approvals/approve/", body, "application/json").status_code
        == 403
    )
    done = client.post("/api/v1/approvals/approve/", body, "application/json").json()
    assert [(row["request"], row["refused"]) for row in done["results"]] == [
        (risky.pk, None),
        (later.pk, None),
    ]
    assert (done["left_alone"], Decision.objects.count(), Grant.objects.count()) == ([10**15], 2, 1)


def test_the_api_refuses_an_own_request_among_several() -> None:
    ada = make.admin()
    own = make.request(of=make.team(owner=ada), by=ada)
    body = {"steps": [own.steps.get().pk]}
    for where in ("preview", "approve"):
        answer = api(ada).post(f"/api/v1/approvals/{where}/", body, "application/json")
        assert answer.status_code == 200
        assert own.steps.get().pk not in [row.get("step") for row in answer.json() if isinstance(row, dict)]
    assert not Decision.objects.exists()
