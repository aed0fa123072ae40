"""Sums by what one asks for: nothing is lost between the rows and the total, and nobody sees a foreign team."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry.lib.errors import Invalid
from tenants.usage.envelope import Basis, Outcome
from tenants.usage.ingest import ingest
from tenants.usage.period import Period, read_period
from tenants.usage.summary import Question, Row, read_by, series, summarise, total, with_others
from tests import make
from tests.tenants.usage.test_ingest import NOON, call

DAY = Period(NOON - timedelta(hours=12), NOON + timedelta(hours=12))


@pytest.mark.django_db
def test_rows_by_model_add_up_to_the_total() -> None:
    team = make.team()
    ingest([call(n, team.pk, model=f"maker/m{n % 5}", tokens_in=n) for n in range(50)])
    rows = summarise(Question(DAY, ("model",)), make.admin())
    assert [row.keys["model"] for row in rows] == [f"maker/m{n}" for n in (4, 3, 2, 1, 0)]
    assert total(rows).tokens_in == sum(range(50))


@pytest.mark.django_db
def test_a_team_sees_its_own_calls_only() -> None:
    mine, other = make.team(), make.team()
    ingest([call(1, mine.pk), call(2, other.pk), call(3, other.pk)])
    question = Question(DAY, ("team",))
    assert [row.keys for row in summarise(question, make.owner_of(mine))] == [{"team": mine.slug}]
    assert total(summarise(question, make.person(roles=("ops",)))).calls == 3
    foreign = Question(DAY, ("team",), {"team": other.slug})
    assert summarise(foreign, make.owner_of(mine)) == []
    assert summarise(question, make.person()) == []


@pytest.mark.django_db
def test_refusals_and_errors_are_counted_beside_the_calls() -> None:
    team = make.team()
    free: dict[str, object] = {"cost_nanos": 0, "basis": Basis.NONE, "tokens_in": 0, "tokens_out": 0}
    ingest(
        [
            call(1, team.pk),
            call(2, team.pk, outcome=Outcome.REFUSED, code="limit.tpm", **free),
            call(3, team.pk, outcome=Outcome.UPSTREAM_ERROR, code="http_500", **free),
        ]
    )
    [row] = summarise(Question(DAY, ("team",)), make.admin())
    assert (row.calls, row.refused, row.errors, row.tokens) == (3, 1, 1, 110)


@pytest.mark.django_db
def test_the_host_of_an_offer_can_be_asked_for() -> None:
    team, offer = make.team(), make.offer(at=make.host("azure-east"))
    ingest([call(1, team.pk, offer_id=offer.pk), call(2, team.pk)])
    [row] = summarise(Question(DAY, ("host",), {"host": "azure-east"}), make.admin())
    assert (row.keys, row.calls) == ({"host": "azure-east"}, 1)


@given(st.lists(st.integers(0, 10**9), max_size=30), st.integers(1, 12))
def test_others_never_change_the_total(values: list[int], most: int) -> None:
    rows = [Row({"model": f"m{at}"}, calls=1, tokens_in=value) for at, value in enumerate(values)]
    shown = with_others(rows, most)
    assert len(shown) <= most + 1
    assert (total(shown).calls, total(shown).tokens_in) == (len(values), sum(values))


def test_a_chart_shows_every_token_that_the_rows_hold() -> None:
    stamps = [NOON + timedelta(hours=hour) for hour in range(3)]
    rows = [Row({"model": f"m{n}", "hour": stamps[n % 3]}, tokens_in=n, tokens_out=1) for n in range(20)]
    lines = series(rows, "model", stamps, "hour", value="tokens", most=4)
    assert [name for name, _ in lines][-1] == "others"
    assert sum(sum(values) for _, values in lines) == sum(range(20)) + 20


def test_the_percentile_is_the_upper_bound_of_its_bucket() -> None:
    row = Row({}, latency=[0] * 4 + [90] + [0] * 5 + [10] + [0] * 11)
    assert (row.percentile(0.5), row.percentile(0.99)) == (300, 2_000)
    assert Row({}).percentile(0.5) is None


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [("yesterday", "", "neither a date"), ("2026-03-05", "2026-03-01", "must end after"), ("2020-01-01", "", "400 days"),
     ("2026-03-01T10:00:00", "", "neither a date")],
)  # fmt: skip
def test_a_period_that_cannot_be_is_refused_in_words(start: str, end: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_period(start, end, "", NOON)


def test_a_date_stands_for_its_whole_day() -> None:
    period = read_period("2026-03-01", "2026-03-02", "", NOON)
    assert (period.start, period.end) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))


def test_an_unknown_grouping_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(Invalid, match="nothing to group by"):
        read_by("model,colour")
