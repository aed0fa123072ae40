"""To ask: what is written, which decisions it needs, and what is refused before anything is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.models import Offer
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid, Refused
from foundry.people.models import Role
from tenants.access import actions
from tenants.access.models import Acknowledgement, Request
from tests import make

pytestmark = pytest.mark.django_db
USD = 10**9


def roles(request: Request) -> list[str]:
    return list(request.steps.order_by("position").values_list("role", flat=True))


def test_a_plain_request_needs_the_platform_only() -> None:
    assert roles(make.request()) == [Role.ADMIN]


@pytest.mark.parametrize("data_class", ["confidential", "restricted"])
def test_sensitive_data_needs_security_too(data_class: str) -> None:
    assert roles(make.request(data_class=data_class)) == [Role.ADMIN, Role.SECURITY]


@pytest.mark.parametrize(
    ("limits", "needs_finance"),
    [
        ({"usd_per_month": 5_000 * USD}, True),
        ({"usd_per_month": 5_000 * USD - 1}, False),
        ({"usd_per_day": 200 * USD}, True),
        ({"tokens_per_month": 1_000_000_000}, True),
        ({"tokens_per_month": 100_000_000}, False),
        ({"tokens_per_day": 100_000_000}, True),
        ({"tokens_per_month": 1_000_000_000, "usd_per_month": 100 * USD}, False),
        ({"tpm": 10**9}, False),
    ],
)
def test_what_may_cost_five_thousand_a_month_needs_finance_too(
    limits: dict[str, int], needs_finance: bool
) -> None:
    assert (Role.FINANCE in roles(make.request(limits=limits))) == needs_finance


def test_a_step_is_due_after_two_working_days() -> None:
    friday = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    assert make.request(at=friday).steps.get().due_at == datetime(2026, 12, 1, 15, 0, tzinfo=UTC)


def test_it_leaves_one_audit_entry_and_the_teams_acknowledgement() -> None:
    request = make.request(offer=make.offer(terms=make.terms()), limits={"usd_per_month": 25 * USD})
    entry = Entry.objects.get(verb="request.submit", object_id=str(request.pk))
    assert entry.content["after"]["limits"] == {"usd_per_month": "25.00"}
    held = Acknowledgement.objects.get(team=request.team)
    assert (held.terms, held.by) == (request.offer.terms, request.requester)


def test_asking_again_for_what_the_application_holds_asks_to_change_that_grant() -> None:
    grant = make.grant()
    again = make.request(of=grant.team, offer=grant.offer, app=grant.named.get().application)
    assert again.grant == grant


def test_another_application_of_the_team_asks_for_a_grant_of_its_own() -> None:
    grant = make.grant()
    assert make.request(of=grant.team, offer=grant.offer).grant is None


def test_a_grant_that_ended_is_not_changed_but_followed() -> None:
    long_ago = clock.now() - timedelta(days=60)
    grant = make.grant(at=long_ago)
    again = make.request(of=grant.team, offer=grant.offer, app=grant.named.get().application)
    assert again.grant is None
    assert make.approved(again).opened.pk != grant.pk


def ask(**changed: Any) -> Request:
    at = clock.now()
    team = changed.pop("of", None) or make.team()
    offer = changed.pop("offer", None) or make.offer()
    fields: dict[str, Any] = {
        "team": team,
        "offer": offer,
        "application": make.application(team),
        "purpose": "Answers",
        "data_class": "internal",
        "limits": {"tpm": 1000},
        "ends_on": (at + timedelta(days=30)).date(),
        "terms_version": None,
        "actor": make.owner_of(team),
        "at": at,
    }
    return actions.submit(**(fields | changed))


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        ({}, "limits"),
        ({"tpm": 0}, "tpm"),
        ({"tpm": -1}, "tpm"),
        ({"tpm": 10**15 + 1}, "tpm"),
        ({"tpm": True}, "tpm"),
        ({"tpm": 1.5}, "tpm"),
        ({"tpm": "60000"}, "tpm"),
        ({"wishes": 3}, "wishes"),
        ({"usd_per_month": 10_000_000 * USD + 1}, "usd_per_month"),
        ({"tpm": 5, "rpm": 0}, "rpm"),
    ],
)
def test_a_limit_that_means_nothing_is_refused_by_name(limits: dict[str, Any], kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(limits=limits)
    assert list(refused.value.errors) == [kind]
    assert not Request.objects.exists()


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_it_ends_after_today_and_within_a_year(days: int) -> None:
    with pytest.raises(Invalid) as refused:
        ask(ends_on=(clock.now() + timedelta(days=days)).date())
    assert refused.value.code == "request.ends_on"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"purpose": "  "}, "request.purpose"),
        ({"purpose": "x" * 2001}, "request.purpose"),
        ({"purpose": "a\x00b"}, "request.purpose"),
        ({"data_class": "secret"}, "request.data_class"),
        ({"terms_version": 1}, "request.terms"),
    ],
)
def test_what_cannot_be_used_is_refused(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(**changed)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize("version", [None, 1, 3])
def test_another_version_of_the_terms_is_refused(version: int | None) -> None:
    offer = make.offer(terms=make.terms(version=2))
    with pytest.raises(Invalid) as refused:
        ask(offer=offer, terms_version=version)
    assert refused.value.code == "request.terms"


OFFERS: dict[str, Callable[[], Offer]] = {
    "offer.hidden": lambda: make.offer(hidden=True),
    "offer.deprecated": lambda: make.offer(lifecycle="deprecated"),
    "offer.retired": lambda: make.offer(lifecycle="retired"),
    "offer.listed_only": lambda: make.offer(at=make.host(calling_base_url="")),
}


@pytest.mark.parametrize("code", OFFERS)
def test_an_offer_that_takes_no_new_use_is_refused(code: str) -> None:
    with pytest.raises(Conflict) as refused:
        ask(offer=OFFERS[code]())
    assert refused.value.code == code


def test_a_listed_only_offer_can_be_wished_for() -> None:
    with pytest.raises(Conflict, match="Wish for it"):
        ask(offer=OFFERS["offer.listed_only"]())


def test_money_cannot_be_asked_where_there_is_no_price() -> None:
    offer = make.offer(priced=False)
    with pytest.raises(Conflict) as refused:
        ask(offer=offer, limits={"usd_per_month": USD})
    assert refused.value.code == "offer.price_unknown"
    assert ask(offer=offer, limits={"tokens_per_month": 10**6}).pk


def test_one_asks_for_ones_own_team_only() -> None:
    for stranger in (make.person(), make.admin(), make.owner_of(make.team())):
        with pytest.raises(Forbidden):
            ask(actor=stranger)


def test_the_application_is_the_teams() -> None:
    with pytest.raises(Invalid) as refused:
        ask(application=make.application(make.team()))
    assert refused.value.code == "request.application"


def test_a_second_open_request_for_the_same_is_refused() -> None:
    request = make.request()
    with pytest.raises(Refused) as refused:
        make.request(of=request.team, offer=request.offer, app=request.application)
    assert refused.value.code == "request.open"
