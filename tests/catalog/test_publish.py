"""New offers wait unseen until an admin publishes them, many at once."""

from datetime import UTC, datetime

import pytest

from catalog.actions import publish_offers
from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib.errors import Conflict, Forbidden
from tests import make

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_some_or_all_of_a_hosts_offers_are_published_in_one_act() -> None:
    host = make.host(publishes_new=False)
    waiting = [make.offer(at=host, hidden=True, priced=False) for _ in range(4)]
    elsewhere = make.offer(hidden=True)
    gone = make.offer(at=host, hidden=True, gone_at=AT)
    assert publish_offers(host, [waiting[0].pk, elsewhere.pk, gone.pk], actor="ada", at=AT) == 1
    assert publish_offers(host, actor="ada", at=AT) == 3
    assert set(Offer.objects.filter(hidden=True)) == {elsewhere, gone}
    assert list(Entry.objects.values_list("verb", flat=True)) == ["host.publish"] * 2
    host.refresh_from_db()
    assert not host.publishes_new


def test_later_offers_are_published_as_they_come_once_an_admin_says_so() -> None:
    host = make.host(publishes_new=False)
    assert publish_offers(host, from_now_on=True, actor="ada", at=AT) == 0
    host.refresh_from_db()
    assert host.publishes_new
    with pytest.raises(Conflict):
        publish_offers(host, from_now_on=True, actor="ada", at=AT)
    with pytest.raises(Forbidden):
        publish_offers(host, from_now_on=False, actor=make.person(), at=AT)
