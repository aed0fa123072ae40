"""How long a refusal waits for what others have free."""

import pytest

from tenants.quotas.leases import Recalling
from tenants.quotas.recalls import Recalls


@pytest.mark.parametrize(
    ("waited_s", "questions", "last"),
    [(0.09, 25, False), (0.11, 25, True), (0.11, 9, False), (0.3, 3, False), (0.51, 3, True)],
)
def test_a_tenth_of_a_second_unless_the_one_who_asks_is_too_busy_to_ask(
    waited_s: float, questions: int, last: bool
) -> None:
    assert Recalling(since=100.0, questions=questions).is_last(100.0 + waited_s) is last


def test_nothing_is_the_last_question_before_a_recall_began() -> None:
    recalling = Recalling()
    assert not recalling.is_last(10**6)
    recalling.goes_on(5.0, {1})
    recalling.goes_on(5.2, {2})
    assert (recalling.since, recalling.questions, recalling.told) == (5.0, 2, {1, 2})
    recalling.end()
    assert not recalling.is_last(10**6)


def test_times_are_told_as_a_histogram() -> None:
    recalls = Recalls()
    for seconds, late in ((0.004, False), (0.03, False), (2.0, True)):
        recalls.note(seconds, late=late)
    assert dict(recalls.upto()) | {"late": recalls.late} == {
        "0.005": 1, "0.01": 1, "0.025": 1, "0.05": 2, "0.1": 2, "0.25": 2, "0.5": 2, "+Inf": 3, "late": 1,
    }  # fmt: skip
