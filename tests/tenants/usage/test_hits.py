"""`hits/`: the API says whom an act would hit as the page before it does, to those who may do or see it."""

import pytest

from foundry.lib import clock
from tenants.usage.ingest import ingest
from tests import make
from tests.people import browser
from tests.tenants.usage.test_ingest import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def test_each_kind_of_end_tells_applications_keys_calls_and_cost() -> None:
    mia = make.person()
    grant, admin, at = make.grant(of=make.team(members=(mia,))), make.admin(), clock.now()
    team, application = grant.team, grant.applications.get()
    key, _ = make.key(grant, by=mia, personal=True)
    ingest([
        call(n, team.pk, grant_id=grant.pk, application_id=application.pk, key_id=key.pk, started_at=at) for n in range(3)
    ])  # fmt: skip
    client = browser(admin)
    for asked in (
        {"of": "grant", "id": grant.pk},
        {"of": "key", "id": key.pk},
        {"of": "offer", "id": grant.offer_id},
        {"of": "host", "id": grant.offer.host.slug},
        {"of": "team", "id": team.slug},
        {"of": "member", "team": team.slug, "id": mia.pk},
        {"of": "person", "id": mia.pk},
    ):
        told = client.get("/api/v1/hits/", asked).json()
        [hit] = told["hits"]
        assert (told["live_keys"], told["calls"], hit["application"]) == (1, 3, application.slug), asked
        assert [each["prefix"] for each in hit["keys"]] == [key.prefix], asked
        assert told["cost_usd"] == hit["cost_usd"] == "0.001350000", asked


def test_others_learn_nothing_and_a_wrong_question_is_told_so() -> None:
    mia = make.person()
    grant = make.grant(of=make.team(members=(mia,)))
    foreign, olga = browser(make.owner_of(make.team())), browser(make.owner_of(grant.team))
    key, _ = make.key(grant)
    for asked, status in (
        ({"of": "grant", "id": grant.pk}, 404),
        ({"of": "key", "id": key.pk}, 404),
        ({"of": "team", "id": grant.team.slug}, 404),
        ({"of": "member", "team": grant.team.slug, "id": mia.pk}, 404),
        ({"of": "offer", "id": grant.offer_id}, 403),
        ({"of": "host", "id": grant.offer.host.slug}, 403),
        ({"of": "person", "id": mia.pk}, 403),
        ({"of": "moon", "id": 1}, 400),
        ({"of": "grant", "id": "x"}, 400),
        ({"id": 1}, 400),
    ):
        assert foreign.get("/api/v1/hits/", asked).status_code == status, asked
    asked = {"of": "member", "team": grant.team.slug, "id": make.owner_of(grant.team).pk}
    assert browser(mia).get("/api/v1/hits/", asked).status_code == 403, "another member, and not oneself"
    assert browser(mia).get("/api/v1/hits/", asked | {"id": mia.pk}).status_code == 200
    assert olga.get("/api/v1/hits/", asked | {"id": mia.pk}).status_code == 200
