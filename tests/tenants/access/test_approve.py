"""To approve: who may, with what, and what the last approval opens or changes."""

from datetime import timedelta

import pytest
from django.db import connection

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Decision, Grant, Request
from tenants.access.periods import end_of
from tests import make

pytestmark = pytest.mark.django_db
USD = 10**9


def approve(request: Request, by: User | None = None, **given: object) -> Decision:
    return actions.approve(request.pk, actor=by or make.admin(), at=clock.now(), **given)  # type: ignore[arg-type]


def limits_of(grant: Grant) -> dict[str, int]:
    return dict(grant.limits.at(clock.now()).values_list("kind", "maximum"))


def test_the_last_approval_opens_the_grant_with_the_granted_limits() -> None:
    request = make.request(limits={"tpm": 60_000, "rpm": 60})
    decision = approve(request, limits={"tpm": 30_000, "rpm": 60}, reason="Half is enough to start.")
    grant = Grant.objects.get(request=request)
    connection.check_constraints()
    assert limits_of(grant) == {"tpm": 30_000, "rpm": 60}
    assert (grant.decision, grant.team, grant.offer) == (decision, request.team, request.offer)
    assert grant.named.get().application == request.application
    assert grant.ends_at == end_of(request.ends_on)
    assert grant.state(clock.now()) == "live"


def test_without_limits_what_was_asked_is_granted() -> None:
    request = make.request(limits={"usd_per_month": 25 * USD})
    approve(request)
    assert limits_of(Grant.objects.get(request=request)) == {"usd_per_month": 25 * USD}


def test_a_requester_cannot_approve_their_own_request() -> None:
    boss = make.admin()
    request = make.request(of=make.team(owner=boss))
    with pytest.raises(Forbidden) as refused:
        approve(request, boss)
    assert refused.value.code == "request.own"


@pytest.mark.parametrize("role", ["ops", "auditor", "security", "finance"])
def test_only_the_steps_role_approves(role: str) -> None:
    with pytest.raises(Forbidden):
        approve(make.request(), make.person(roles=(role,)))


def test_a_colleague_without_a_role_cannot_approve() -> None:
    colleague = make.person()
    with pytest.raises(Forbidden):
        approve(make.request(of=make.team(members=(colleague,))), colleague)


def test_the_first_of_two_approvals_opens_nothing() -> None:
    request = make.request(data_class="restricted")
    approve(request)
    request.refresh_from_db()
    assert request.state == "open"
    assert not Grant.objects.exists()
    approve(request, make.person(roles=("security",)))
    assert Grant.objects.get().data_class == "restricted"


def test_a_later_step_does_not_come_first() -> None:
    with pytest.raises(Forbidden) as refused:
        approve(make.request(data_class="restricted"), make.person(roles=("security",)))
    assert refused.value.code == "request.not_your_turn"


def test_a_later_step_may_lower_but_not_raise() -> None:
    request = make.request(data_class="restricted", limits={"tpm": 100})
    approve(request, limits={"tpm": 50}, reason="Half.")
    guard = make.person(roles=("security",))
    for more in ({"tpm": 51}, {"rpm": 5}):
        with pytest.raises(Conflict) as refused:
            approve(request, guard, limits=more, reason="More.")
        assert refused.value.code == "request.raised"
    approve(request, guard, limits={"tpm": 40}, reason="Less.")
    assert limits_of(Grant.objects.get()) == {"tpm": 40}


def test_a_change_needs_a_reason() -> None:
    request = make.request(limits={"tpm": 100})
    with pytest.raises(Invalid):
        approve(request, limits={"tpm": 50})
    with pytest.raises(Invalid):
        approve(request, ends_on=request.ends_on - timedelta(days=1))


def test_an_approver_may_give_more_and_says_why() -> None:
    request = make.request(limits={"tpm": 100})
    approve(request, limits={"tpm": 200}, reason="You will need it.")
    assert limits_of(Grant.objects.get()) == {"tpm": 200}


def test_more_money_than_the_steps_cover_is_refused() -> None:
    request = make.request(limits={"usd_per_month": 10 * USD})
    with pytest.raises(Conflict) as refused:
        approve(request, limits={"usd_per_month": 6_000 * USD}, reason="Go wild.")
    assert refused.value.code == "request.needs_step"


def test_a_price_that_rose_since_it_was_asked_needs_finance_after_all() -> None:
    request = make.request(limits={"tokens_per_month": 100_000_000})
    request.offer.prices.all().delete()
    make.price(request.offer, "300", "1500")
    with pytest.raises(Conflict) as refused:
        approve(request)
    assert refused.value.code == "request.needs_step"


def test_a_second_approver_is_told_who_was_faster() -> None:
    request, ada, lee = (
        make.request(),
        make.person("ada", roles=("admin",)),
        make.person("lee", roles=("admin",)),
    )
    approve(request, lee)
    with pytest.raises(Conflict, match="Lee approved") as refused:
        approve(request, ada)
    assert refused.value.code == "request.decided"


def test_a_step_decided_meanwhile_is_not_taken_for_the_next() -> None:
    request = make.request(data_class="restricted")
    both = make.person(roles=("admin", "security"))
    approve(request)
    with pytest.raises(Conflict) as refused:
        approve(request, both, step=1)
    assert refused.value.code == "request.decided"
    assert request.decisions.count() == 1


def test_an_offer_that_went_away_meanwhile_is_not_granted() -> None:
    request = make.request()
    host = request.offer.host
    host.calling_base_url = ""
    host.save(update_fields=["calling_base_url"])
    with pytest.raises(Conflict) as refused:
        approve(request)
    assert refused.value.code == "offer.listed_only"
    assert not Decision.objects.exists()


def test_money_is_not_granted_where_the_price_went_away() -> None:
    request = make.request(limits={"usd_per_month": USD})
    request.offer.prices.all().delete()
    with pytest.raises(Conflict) as refused:
        approve(request)
    assert refused.value.code == "offer.price_unknown"


def test_terms_that_changed_meanwhile_have_to_be_acknowledged_first() -> None:
    request = make.request(offer=make.offer(terms=make.terms()))
    request.offer.terms = make.terms(version=2)
    request.offer.save(update_fields=["terms"])
    with pytest.raises(Conflict) as refused:
        approve(request)
    assert refused.value.code == "request.terms_changed"
    actions.acknowledge(request.team, request.offer.terms, actor=request.requester, at=clock.now())
    approve(request)
    assert Grant.objects.get().terms == request.offer.terms


def test_an_approved_change_closes_the_old_limits_and_opens_new_ones() -> None:
    grant = make.grant(limits={"tpm": 100, "rpm": 10})
    application = grant.named.get().application
    asked = make.request(
        of=grant.team, offer=grant.offer, app=application, limits={"tpm": 900}, data_class="public"
    )
    decision = approve(asked)
    connection.check_constraints()
    grant.refresh_from_db()
    assert limits_of(grant) == {"tpm": 900}
    assert grant.limits.filter(ends_at=decision.at).count() == 2
    assert (grant.decision, grant.data_class) == (decision, "public")
    assert Grant.objects.count() == 1


def test_a_shorter_change_frees_the_application_at_its_new_end() -> None:
    grant = make.grant()
    soon = (clock.now() + timedelta(days=5)).date()
    asked = make.request(of=grant.team, offer=grant.offer, app=grant.named.get().application, ends_on=soon)
    approve(asked)
    connection.check_constraints()
    assert grant.named.get().during.upper == end_of(soon)


def test_a_change_of_a_grant_revoked_meanwhile_opens_a_new_one() -> None:
    grant = make.grant()
    asked = make.request(of=grant.team, offer=grant.offer, app=grant.named.get().application)
    actions.revoke(grant.pk, reason="Leaked.", actor=make.admin(), at=clock.now())
    approve(asked)
    connection.check_constraints()
    assert Grant.objects.get(request=asked).pk != grant.pk


def test_it_leaves_one_audit_entry_with_what_was_asked_and_granted() -> None:
    request = make.request(limits={"usd_per_month": 20 * USD})
    approve(request, limits={"usd_per_month": 10 * USD}, reason="Half.")
    entry = Entry.objects.get(verb="request.approve")
    assert entry.content["before"]["limits"] == {"usd_per_month": "20.00"}
    assert entry.content["after"]["limits"] == {"usd_per_month": "10.00"}
    assert entry.content["after"]["grant"] == Grant.objects.get().pk
