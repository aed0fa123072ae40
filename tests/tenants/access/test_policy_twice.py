"""The database judges automatic rules once more; for every rule and request its answer is Python's."""

import json
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Offer
from foundry.lib import clock
from tenants.access.estimate import committed_nanos
from tenants.access.policy import Facts, Rule, plan
from tests import make

CLASSES, PLACES = ["public", "internal", "restricted"], ["production", "development"]
SIZES = st.integers(1, 5)
LIMITS = st.dictionaries(st.sampled_from(["tpm", "rpm", "tokens_per_month"]), SIZES, max_size=3)
MATCH = st.fixed_dictionaries(
    {},
    optional={
        "data_classes": st.lists(st.sampled_from(CLASSES), max_size=2),
        "environments": st.lists(st.sampled_from(PLACES), max_size=2),
        "offers": st.lists(st.sampled_from(["a:b/c", "d:e/f"]), max_size=2),
        "cost_at_least": SIZES,
        "cost_at_most": SIZES,
        "days_at_least": SIZES,
        "days_at_most": SIZES,
        "limits_at_least": LIMITS,
        "limits_at_most": LIMITS,
    },
)
RULES = st.fixed_dictionaries(
    {
        "name": st.just("rule"),
        "match": MATCH,
        "steps": st.sampled_from([[], [["admin"]]]),
        "automatic": st.booleans(),
        "ends": st.booleans(),
        "longest_days": st.none(),
    }
).map(lambda rule: rule | {"steps": []} if rule["automatic"] else rule)
FACTS = st.builds(
    Facts,
    offer=st.sampled_from(["a:b/c", "d:e/f"]),
    publisher=st.just("b"),
    host=st.just("a"),
    lifecycle=st.just("preview"),
    data_class=st.sampled_from(CLASSES),
    environment=st.sampled_from(PLACES),
    team=st.just("copilot"),
    cost_centre=st.just("4410"),
    asks=st.just("first"),
    limits=LIMITS,
    cost_nanos=st.none() | SIZES,
    days=SIZES,
    owner_asks=st.just(False),
    editor_asks=st.just(False),
)


@pytest.mark.django_db
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(RULES, min_size=1, max_size=5), facts=FACTS)
def test_both_give_the_same_answer(rules: list[dict[str, Any]], facts: Facts) -> None:
    told = {
        name: getattr(facts, name) for name in Facts.__slots__ if name not in {"owner_asks", "editor_asks"}
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT access_rules_approve(%s, %s)", [json.dumps(rules), json.dumps(told)])
        approved = cursor.fetchone()[0]
    assert approved == (plan([Rule(**rule) for rule in rules], facts).automatic is not None)


@pytest.mark.django_db
def test_both_reckon_the_same_cost() -> None:
    offer = make.offer(priced=False)
    make.price(offer, "0.150000000001", "0.6")
    price = Offer.objects.get(pk=offer.pk).prices.get()
    cases: list[dict[str, int]] = [
        {}, {"tpm": 5}, {"tokens_per_month": 1}, {"tokens_per_month": 1_000_003},
        {"tokens_per_day": 77, "tokens_per_month": 10**9},
        {"usd_per_day": 10**9}, {"usd_per_month": 5, "usd_per_day": 10**9, "tokens_per_day": 3}, {"tokens_per_month": 10**15},
    ]  # fmt: skip
    for limits in cases:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT access_committed_nanos(%s, %s, %s)", [json.dumps(limits), offer.pk, clock.now()]
            )
            assert cursor.fetchone()[0] == committed_nanos(limits, price), limits
