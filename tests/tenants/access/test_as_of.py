"""Grants as of any moment equal a replay of the audit, whatever was done before; and a planted bug shows."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from catalog.models.past import PastTermsQuerySet
from tenants.access.actions import blocking
from tenants.access.models.grants import LimitQuerySet
from tests.tenants.access.history import History, done

LONG = settings.get_current_profile_name() == "soak"  # `make soak`: histories of up to 500 steps each
pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(7200 if LONG else 600)]
ACTS, STEPS, HISTORIES = (5_000, 500, 4) if LONG else (500, 60, 5)  # histories at a time, until so many acts


def run(*, histories: int = HISTORIES) -> None:
    checks = settings(
        max_examples=histories, stateful_step_count=STEPS, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck), print_blob=True,
    )  # fmt: skip
    run_state_machine_as_test(History, settings=checks)


def test_after_five_hundred_acts_every_moment_is_what_the_audit_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done.update(dict.fromkeys(done, 0))
    while done["acts"] < ACTS:
        run()
    with capsys.disabled():
        print(f" {done}", end="")
    assert done["moments"] > done["acts"]
    assert done["rows"] > done["moments"] / 4, "most moments have grants to compare"


def forget_the_end(*_: Any, **__: Any) -> None:
    """A suspension that nobody closes."""


def limits_of_now(self: Any, _: object) -> Any:
    """A change that writes over what was."""
    return self.filter(ends_at=None)


def terms_of_now(self: Any, _: object) -> Any:
    """New terms that count for the past, too."""
    return self.none()


@pytest.mark.parametrize(
    ("where", "name", "bug"),
    [
        (blocking, "close_block", forget_the_end),
        (LimitQuerySet, "between", limits_of_now),
        (PastTermsQuerySet, "at", terms_of_now),
    ],
)
def test_a_planted_bug_fails_it(
    where: Any, name: str, bug: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, bug)
    with pytest.raises(AssertionError, match="as of"):
        run(histories=60)
