"""Teams are told once what changed about what they hold; keepers, which host waits for a person."""

from typing import Any

import pytest

from catalog.models import Change, Host
from foundry.lib import clock
from foundry.notify.models import Event, Notice
from tenants.advice.news import tell_news
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
PRICE: dict[str, Any] = {
    "kind": "price",
    "before": {"input": "3", "output": "15", "cached_input": None, "basis": "host"},
    "after": {"input": "2", "output": "10", "cached_input": None, "basis": "host"},
}


def change(offer: Any, **fields: Any) -> Change:
    at = clock.now()
    return Change.objects.create(
        host=offer.host, offer=offer, key=offer.key, state="applied", at=at, settled_at=at, **(PRICE | fields)
    )


def test_a_team_that_holds_the_offer_is_told_once() -> None:
    mia = make.person("mia")
    grant = make.grant(of=make.team(members=(mia,)))
    change(grant.offer)
    change(make.offer())
    assert (tell_news(clock.now()), tell_news(clock.now())) == (1, 0)
    event = Event.objects.get(key__startswith="change:")
    assert "another price" in event.title
    assert "$2" in event.text
    assert event.url == f"/offers/{grant.offer_id}/"
    assert {notice.person for notice in Notice.objects.filter(mine=True)} == {make.owner_of(grant.team)}
    assert Notice.objects.filter(person=mia, mine=False).exists()


@pytest.mark.parametrize("fields", [{"state": "waiting"}, {"state": "dismissed"}, {"kind": "context"}])
def test_what_does_not_count_or_matter_is_not_told(fields: dict[str, Any]) -> None:
    made = change(make.grant().offer)
    Change.objects.filter(pk=made.pk).update(**fields)
    assert tell_news(clock.now()) == 0


def test_a_host_that_only_a_person_can_mend_is_told_to_keepers_once() -> None:
    ops, _ = make.person(roles=("ops",)), make.person()
    host = make.host(trouble="The host does not accept the credential.", trouble_lasting=True)
    assert (tell_news(clock.now()), tell_news(clock.now())) == (1, 0)
    assert [notice.person for notice in Notice.objects.all()] == [ops]
    Host.objects.filter(pk=host.pk).update(trouble="The host has no listing at this address.")
    assert tell_news(clock.now()) == 1


def test_a_trouble_that_may_pass_wakes_nobody() -> None:
    make.host(trouble="It answered 503.", trouble_lasting=False)
    assert tell_news(clock.now()) == 0
