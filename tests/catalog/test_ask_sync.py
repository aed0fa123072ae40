"""Asking for a sync: who may, once at a time, and handed to a worker after commit."""

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from catalog import actions, tasks
from catalog.models import SyncRun
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden
from tests import make

pytestmark = pytest.mark.django_db


def test_admins_and_ops_may_and_nobody_else() -> None:
    for roles in ((), ("auditor",), ("security",), ("finance",)):
        with pytest.raises(Forbidden):
            actions.ask_sync(make.host(), actor=make.person(roles=roles), at=clock.now())
    for role in ("admin", "ops"):
        assert (
            actions.ask_sync(make.host(), actor=make.person(roles=(role,)), at=clock.now()).state == "queued"
        )


def test_a_second_sync_waits_for_the_first() -> None:
    host = make.host()
    actions.ask_sync(host, actor="test", at=clock.now())
    with pytest.raises(Conflict) as caught:
        actions.ask_sync(host, actor="test", at=clock.now())
    assert "already under way" in caught.value.detail
    assert SyncRun.objects.count() == 1


def test_a_worker_is_told_after_the_commit(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    sent: list[int] = []
    monkeypatch.setattr(tasks.run_sync, "delay", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        run = actions.ask_sync(make.host(), actor="test", at=clock.now())
        assert sent == []
    assert sent == [run.pk]
