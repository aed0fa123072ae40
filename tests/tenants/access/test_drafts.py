"""A form that is left loses nothing, and only its author sees what was in it."""

import pytest

from foundry.audit.models import Entry
from foundry.lib import clock
from tenants.access.models import Draft
from tenants.teams.models import Team
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
TYPED = {"purpose": "Half a sentence", "tpm": "12,345", "data_class": "restricted", "ends_on": "2027-01-02"}


def test_what_is_typed_is_there_when_the_form_is_opened_again() -> None:
    offer, owner = make.offer(), make.owner_of(make.team())
    make.application(owner.memberships.get().team)
    before = Entry.objects.count()
    kept = browser(owner).post("/requests/drafts/keep/", {"offer": offer.pk} | TYPED)
    assert "Kept as your draft" in kept.text
    page = browser(owner).get(f"/requests/new/?offer={offer.pk}").text
    for words in ["Half a sentence", "12,345", "2027-01-02", "Kept as your draft"]:
        assert words in page, words
    assert str(offer) in browser(owner).get("/requests/").text
    assert Entry.objects.count() == before


def test_the_last_typing_counts_and_terms_are_not_kept() -> None:
    offer, owner = make.offer(), make.owner_of(make.team())
    for tpm in ("1", "2"):
        fields = {"offer": offer.pk, "tpm": tpm, "accepted": "on", "terms_version": "1"}
        browser(owner).post("/requests/drafts/keep/", fields)
    assert Draft.objects.get().typed == {"tpm": "2"}


def test_nobody_else_sees_it_not_even_an_admin() -> None:
    offer, owner, admin = make.offer(), make.owner_of(make.team()), make.admin()
    browser(owner).post("/requests/drafts/keep/", {"offer": offer.pk} | TYPED)
    assert "Your drafts" not in browser(admin).get("/requests/").text
    assert "Half a sentence" not in browser(admin).get(f"/requests/new/?offer={offer.pk}").text
    assert api(admin).get("/api/v1/requests/drafts/").json() == []
    assert api(admin).delete(f"/api/v1/requests/drafts/{offer.pk}/").status_code == 404


def test_sending_and_throwing_away_end_it() -> None:
    team, offer, other = make.team(), make.offer(), make.offer()
    owner, application = make.owner_of(team), make.application(team)
    for each in (offer, other):
        browser(owner).post("/requests/drafts/keep/", {"offer": each.pk} | TYPED)
    day = str(clock.now().date().replace(year=clock.now().year + 1, day=1))
    sent = TYPED | {"application": application.pk, "ends_on": day}
    answer = browser(owner).post(f"/requests/new/?offer={offer.pk}", sent)
    assert answer.status_code == 302, answer.text
    assert Draft.objects.get().offer == other
    browser(owner).post("/requests/drafts/drop/", {"offer": other.pk})
    assert not Draft.objects.exists()


def test_a_draft_of_a_hidden_offer_or_a_closed_team_says_so() -> None:
    team, hidden, offer = make.team(), make.offer(), make.offer()
    owner, application = make.owner_of(team), make.application(team)
    for each in (hidden, offer):
        fields = {"offer": each.pk, "application": application.pk}
        browser(owner).post("/requests/drafts/keep/", fields)
    hidden.hidden = True
    hidden.save(update_fields=["hidden"])
    Team.objects.filter(pk=team.pk).update(closed_at=clock.now())
    page = browser(owner).get("/requests/").text
    assert "no longer in the catalog" in page
    assert "closed, or no longer yours" in page
    gone = browser(owner).get(f"/requests/new/?offer={hidden.pk}", follow=True)
    assert "The offer of that draft is no longer in the catalog" in gone.text


def test_the_same_by_api() -> None:
    offer, owner = make.offer(), make.owner_of(make.team())
    client = api(owner)
    body = {"offer": offer.pk, "typed": {"purpose": "By script"}}
    made = client.post("/api/v1/requests/drafts/", body, content_type="application/json")
    assert (made.status_code, made.json()["typed"]) == (200, {"purpose": "By script"})
    assert [each["offer"] for each in client.get("/api/v1/requests/drafts/").json()] == [offer.pk]
    strange = body | {"typed": {"team": "x"}}
    refused = client.post("/api/v1/requests/drafts/", strange, content_type="application/json")
    assert refused.status_code == 400
    assert "There is no field team" in refused.text
    assert client.delete(f"/api/v1/requests/drafts/{offer.pk}/").status_code == 204
    assert not Draft.objects.exists()
