"""Writing an entry: inside the act's own transaction, in one order, with who and by which token."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from foundry.audit.actions import record
from foundry.audit.models import Entry
from foundry.audit.verify import verify
from foundry.lib import clock
from foundry.people.models import User
from tests import make
from tests.servers import Urls


def test_an_entry_outside_a_transaction_is_a_mistake(committed: Urls) -> None:
    with pytest.raises(AssertionError, match="inside the action's transaction"):
        record("person.add", make.person(), actor="test", at=clock.now())


def test_an_act_that_fails_leaves_no_entry(committed: Urls) -> None:
    @transaction.atomic
    def act() -> None:
        record("person.add", make.person(), actor="test", at=clock.now())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_the_entry_names_the_token_that_acted() -> None:
    mia = make.person("mia")
    mia.__dict__["acting_token"] = "nightly (fdy_abc…)"
    entry = record("person.add", mia, actor=mia, at=clock.now())
    assert (entry.actor, entry.token) == (mia, "nightly (fdy_abc…)")


@pytest.mark.django_db
def test_a_name_that_is_longer_than_its_column_still_verifies(tmp_path: object) -> None:
    long = User.objects.create_user("long@foundry.example", "N" * 120)
    long.__dict__["acting_token"] = "t" * 130
    record("person.add", long, actor=long, at=clock.now())
    assert verify(tmp_path / "none").bad_seq is None  # type: ignore[operator]


def test_acts_at_the_same_time_form_one_chain(committed: Urls, tmp_path: object) -> None:
    people = [make.person() for _ in range(4)]

    def act(number: int) -> None:
        for _ in range(10):
            with transaction.atomic():
                record("person.add", people[number], actor=people[number], at=clock.now())
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, range(4)))
    verdict = verify(tmp_path / "none")  # type: ignore[operator]
    assert (verdict.entries, verdict.bad_seq) == (40, None)
