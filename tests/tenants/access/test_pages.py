"""The pages of teams and access: each opens, shows what it should, and only to whom it should."""

import html
import re
from datetime import timedelta

import pytest

from foundry.lib import clock
from foundry.people.models import User
from tenants.access.models import Grant, Request
from tests import make
from tests.people import browser

pytestmark = pytest.mark.django_db
PAGES = ["/requests/", "/grants/", "/teams/", "/approvals/", "/"]


@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_empty_and_full(page: str) -> None:
    boss = make.admin()
    assert browser(boss).get(page).status_code == 200
    grant = make.grant()
    make.request(data_class="restricted")
    answer = browser(boss).get(page)
    assert answer.status_code == 200
    if page != "/approvals/":
        assert str(grant.team) in answer.text


def person_and_grant() -> tuple[User, Grant]:
    soon = (clock.now() + timedelta(days=20)).date()
    grant = make.grant(limits={"tpm": 60_000, "usd_per_month": 25 * 10**9}, ends_on=soon)
    return make.owner_of(grant.team), grant


def test_the_grants_page_says_what_is_allowed() -> None:
    owner, grant = person_and_grant()
    page = browser(owner).get(f"/grants/{grant.pk}/").text
    assert "60,000 tokens per minute" in page
    assert "$25.00" in page
    assert "approved by" in page


def test_the_requests_page_shows_the_difference_between_asked_and_granted() -> None:
    request = make.approved(make.request(limits={"tpm": 60_000}), limits={"tpm": 30_000})
    page = browser(request.requester).get(f"/requests/{request.pk}/").text
    assert "60,000" in page
    assert re.search(r"<strong>\s*30,000\s*</strong>", page)
    assert "enough to start with" in page


def test_the_waiting_request_names_who_decides_and_never_the_requester() -> None:
    boss = make.person("zoe", roles=("admin",))
    request = make.request(of=make.team(owner=boss), by=boss)
    page = browser(boss).get(f"/requests/{request.pk}/").text
    assert "your own request" in page
    assert "waits for" in page
    assert "Your decision" not in page


@pytest.mark.parametrize("kind", ["requests", "grants"])
def test_a_foreign_row_is_not_there(kind: str) -> None:
    _, grant = person_and_grant()
    number = grant.pk if kind == "grants" else grant.request_id
    stranger = make.owner_of(make.team())
    assert browser(stranger).get(f"/{kind}/{number}/").status_code == 404
    assert str(grant.team) not in browser(stranger).get(f"/{kind}/").text


def test_the_form_shows_price_capacity_terms_and_who_decides() -> None:
    boss = make.person("yara", roles=("admin",))
    team = make.team()
    make.application(team)
    host = make.host()
    offer = make.offer(at=host, terms=make.terms(), pool=make.pool(host))
    page = browser(make.owner_of(team)).get(f"/requests/new/?offer={offer.pk}").text
    assert boss.name in page
    for words in ["$3.00", "600 units", "Hosted by", "Microsoft", "Told by the host"]:
        assert words in page, words


def form_of(request: Request | None = None, **fields: object) -> dict[str, object]:
    return {"purpose": "Answers", "data_class": "internal", "ends_on": "", "tpm": "60,000"} | fields


def test_a_sent_form_becomes_a_request() -> None:
    request = make.request()
    other = make.offer(terms=make.terms())
    fields = form_of(
        application=request.application_id,
        ends_on=str(request.ends_on),
        terms_version=1,
        accepted="on",
        usd_per_month="25",
    )
    answer = browser(request.requester).post(f"/requests/new/?offer={other.pk}", fields)
    assert answer.status_code == 302, answer.text
    made = Request.objects.get(offer=other)
    assert made.asked == {"tpm": 60_000, "usd_per_month": 25 * 10**9}
    assert made.terms == other.terms


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tpm": "-5"}, "More than zero"),
        ({"tpm": "many"}, "Not a number"),
        ({"tpm": "9" * 19}, "Not a usable number"),
        ({"tpm": ""}, "No limit is named"),
        ({"usd_per_month": "99999999"}, "At most 10,000,000 USD"),
        ({"ends_on": "2001-01-01"}, "After today"),
        ({"accepted": ""}, "Tick this"),
        ({"application": "999999"}, "not one of the available choices"),
        ({"purpose": " "}, "This field is required"),
    ],
)
def test_a_wrong_form_says_what_is_wrong_and_keeps_what_was_typed(fields: dict[str, str], words: str) -> None:
    request = make.request()
    other = make.offer(terms=make.terms())
    good = form_of(
        application=request.application_id, ends_on=str(request.ends_on), terms_version=1, accepted="on"
    )
    answer = browser(request.requester).post(
        f"/requests/new/?offer={other.pk}", good | {"purpose": "Keep this"} | fields
    )
    assert answer.status_code == 400
    assert words in answer.text
    assert "Keep this" in answer.text or "purpose" in fields
    assert Request.objects.count() == 1


def test_the_preview_follows_what_is_typed() -> None:
    team, offer = make.team(), make.offer()
    client = browser(make.owner_of(team))
    address = f"/requests/preview/?offer={offer.pk}"
    assert "about $60.00" in client.get(f"{address}&tokens_per_month=10,000,000").text
    assert "Finance" in client.get(f"{address}&usd_per_month=5000").text
    assert "Finance" not in client.get(f"{address}&usd_per_month=4999").text
    assert "Security" in client.get(f"{address}&data_class=restricted").text
    assert "unknown" in client.get(f"{address}&tpm=nonsense").text


def test_a_listed_offer_is_wished_for() -> None:
    team = make.team()
    offer = make.offer(at=make.host(calling_base_url=""))
    client = browser(make.owner_of(team))
    assert "Wish for" in client.get(f"/requests/new/?offer={offer.pk}").text
    typed = {
        "application": make.application(team).pk,
        "why": "To try it",
        "data_class": "public",
        "rpm": "10",
    }
    sent = client.post(f"/requests/new/?offer={offer.pk}", typed)
    assert sent.status_code == 302
    assert team.wishes.get().offer == offer


def test_an_approver_decides_on_the_page() -> None:
    request = make.request(limits={"tpm": 60_000})
    boss = make.admin()
    page = browser(boss).get(f"/requests/{request.pk}/").text
    assert "Your decision" in page
    assert 'value="60,000"' in page
    fields = {"tpm": "30,000", "ends_on": str(request.ends_on), "step": 1}
    refused = browser(boss).post(f"/requests/{request.pk}/approve/", fields)
    assert refused.status_code == 400
    assert "reason" in refused.text
    taken = browser(boss).post(f"/requests/{request.pk}/approve/", fields | {"reason": "Half is enough"})
    assert taken.status_code == 302
    assert Grant.objects.get(request=request).limits.get().maximum == 30_000


def test_a_denial_without_a_reason_is_sent_back() -> None:
    request, boss = make.request(), make.admin()
    answer = browser(boss).post(f"/requests/{request.pk}/deny/", {"step": 1, "reason": ""})
    assert answer.status_code == 400
    assert "reason" in answer.text
    assert browser(boss).post(f"/requests/{request.pk}/deny/", {"step": 1, "reason": "No"}).status_code == 302


def test_the_approvals_page_puts_what_waits_for_me_first() -> None:
    mine, theirs = make.request(), make.request(data_class="restricted")
    make.approved_step(theirs)
    page = browser(make.admin()).get("/approvals/").text
    links = [page.index(f'href="/requests/{row.pk}/"') for row in (mine, theirs)]
    assert links[0] < page.index("For others") < links[1]


def test_the_grants_page_filters_by_state_in_the_address() -> None:
    owner, grant = person_and_grant()
    client = browser(owner)
    assert f"/grants/{grant.pk}/" in client.get("/grants/?state=live").text
    assert f"/grants/{grant.pk}/" in client.get("/grants/?state=ending").text
    assert f"/grants/{grant.pk}/" not in client.get("/grants/?state=revoked").text


def test_the_form_to_change_a_grant_starts_with_what_it_has() -> None:
    owner, grant = person_and_grant()
    application = grant.named.get().application_id
    page = browser(owner).get(f"/requests/new/?offer={grant.offer_id}&application={application}").text
    assert 'value="25.00"' in page
    assert f'<option value="{application}" selected>' in page
    assert grant.request.purpose in html.unescape(page)
    assert "what it has now" in page


def test_asking_for_more_never_proposes_an_end_before_the_one_it_has() -> None:
    longest = (clock.now() + timedelta(days=300)).date()
    grant = make.grant(ends_on=longest)
    page = (
        browser(make.owner_of(grant.team)).get(f"/requests/new/?offer={grant.offer_id}&grant={grant.pk}").text
    )
    assert f'value="{longest}"' in page


def test_asking_without_a_model_leads_to_the_catalog() -> None:
    answer = browser(make.person()).get("/requests/new/")
    assert (answer.status_code, answer["Location"]) == (302, "/catalog/")
    assert browser(make.person()).get("/requests/new/?offer=999999").status_code == 404
