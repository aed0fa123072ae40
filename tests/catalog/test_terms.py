"""New versions of terms: never edited, moved to in bulk, counting at once or from a date on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import actions
from catalog.models import Change, Offer, Terms
from catalog.terms import TermsText, differing
from foundry.lib.errors import Conflict, Forbidden, Invalid
from tests import make

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
LATER = AT + timedelta(days=14)
FACTS = {"hosted_by": "Microsoft", "training": "none", "retention": "30 days"}


def text(**facts: str) -> TermsText:
    return TermsText("Hosting only", FACTS | facts, ("internal", "public"), "https://terms.example/2")


def publish(**more: Any) -> tuple[Terms, int]:
    return actions.publish_terms("hosting-only", text(retention="none"), actor="ada", at=AT, **more)


def under(terms: Terms, count: int) -> list[Offer]:
    host = make.host(default_terms=terms)
    return [make.offer(at=host, terms=terms, priced=False) for _ in range(count)]


def test_a_new_version_moves_offers_and_defaults_with_a_change_each() -> None:
    first = make.terms()
    offers, other = under(first, 3), make.offer(terms=make.terms("other"))
    made, moved = publish()
    assert (made.version, moved) == (2, 3)
    assert made.data_classes == ["public", "internal"]
    assert {offer.terms for offer in Offer.objects.filter(pk__in=[each.pk for each in offers])} == {made}
    offers[0].host.refresh_from_db()
    other.refresh_from_db()
    assert (offers[0].host.default_terms, other.terms.slug) == (made, "other")
    changes = Change.objects.filter(kind="terms", state="applied")
    assert {(change.before["version"], change.after["version"]) for change in changes} == {(1, 2)}
    assert {change.source for change in changes} == {"https://terms.example/2"}
    assert changes.count() == 3
    assert changes[0].after_words == "Hosting only v2"
    first.refresh_from_db()
    assert first.facts == FACTS


def test_moving_many_offers_takes_no_more_queries_than_moving_few() -> None:
    under(make.terms(), 3)
    with CaptureQueriesContext(connection) as few:
        publish()
    under(Terms.objects.get(version=2), 60)
    with CaptureQueriesContext(connection) as many:
        actions.publish_terms("hosting-only", text(retention="7 days"), actor="ada", at=AT)
    assert len(many) == len(few)


def test_terms_that_count_later_leave_what_counted_until_then() -> None:
    first = make.terms()
    (offer,) = under(first, 1)
    made, _ = publish(counts_from=LATER)
    offer.refresh_from_db()
    assert (offer.terms, offer.terms_before, offer.terms_from) == (made, first, LATER)
    third, _ = actions.publish_terms(
        "hosting-only", text(), counts_from=LATER + timedelta(days=7), actor="ada", at=AT
    )
    offer.refresh_from_db()
    assert (offer.terms, offer.terms_before) == (third, first), "the second never counted"
    actions.publish_terms("hosting-only", text(retention="1 day"), actor="ada", at=AT)
    offer.refresh_from_db()
    assert (offer.terms.version, offer.terms_before, offer.terms_from) == (4, None, None)


def test_what_says_the_same_or_nonsense_is_refused() -> None:
    make.terms(**FACTS)
    same = TermsText("Hosting only", FACTS)
    with pytest.raises(Conflict):
        actions.publish_terms("hosting-only", same, actor="ada", at=AT)
    with pytest.raises(Conflict):
        actions.publish_terms("unheard-of", text(), actor="ada", at=AT)
    with pytest.raises(Invalid) as wrong:
        actions.publish_terms(
            "hosting-only",
            TermsText("", {"training": "perhaps", "colour": "blue"}, ("secret",), "ftp://x"),
            actor="ada",
            at=AT,
        )
    assert set(wrong.value.errors) == {"title", "training", "colour", "hosted_by", "source", "data_classes"}
    with pytest.raises(Invalid):
        publish(counts_from=AT)
    with pytest.raises(Forbidden):
        actions.publish_terms("hosting-only", text(), actor=make.person(roles=("ops",)), at=AT)
    assert Terms.objects.count() == 1


def test_new_terms_have_a_name_of_their_own() -> None:
    made = actions.add_terms("maker-direct", text(), actor="ada", at=AT)
    assert (made.version, made.created_by, made.may_train) == (1, "ada", False)
    with pytest.raises(Conflict):
        actions.add_terms("maker-direct", text(), actor="ada", at=AT)
    for slug in ("new", "two words", "x" * 51):
        with pytest.raises(Invalid):
            actions.add_terms(slug, text(), actor="ada", at=AT)


def test_terms_are_given_to_a_hosts_default_and_to_single_offers() -> None:
    terms = make.terms()
    host = make.host()
    offer, left = make.offer(at=host), make.offer(at=host)
    assert actions.assign_terms(terms.slug, offers=[offer.pk], host=host, actor="ada", at=AT) == 1
    for row in (offer, left, host):
        row.refresh_from_db()
    assert (offer.terms, left.terms, host.default_terms) == (terms, None, terms)
    assert Change.objects.get(offer=offer).before is None
    with pytest.raises(Conflict):
        actions.assign_terms(terms.slug, offers=[offer.pk], host=host, actor="ada", at=AT)


def test_what_differs_is_told_in_order() -> None:
    before = make.terms(**FACTS)
    after, _ = publish()
    assert [tuple(each) for each in differing(before, after)] == [
        ("data", "not ruled", "public, internal"),
        ("retention", "30 days", "none"),
    ]


def test_what_nobody_ruled_out_is_allowed() -> None:
    assert make.terms().allow("restricted")
    made, _ = publish()
    assert made.allow("internal")
    assert not made.allow("confidential")
