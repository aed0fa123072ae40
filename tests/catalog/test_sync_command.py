"""`manage.py sync`: one host or all, waiting or not, and an exit code to script against."""

import pytest
from django.core.management import CommandError, call_command

from catalog.models import SyncRun
from tests import make
from tests.catalog import syncing
from tests.fakes.azure import region
from tests.fakes.provider import HTML, always, serve

pytestmark = pytest.mark.django_db


def test_with_wait_it_runs_here_and_prints_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    with region() as azure:
        syncing.azure(azure.url)
        call_command("sync", "azure-east", "--wait")
    assert "azure-east: succeeded, 9 seen, 9 new, 0 changed, 0 gone, 0 rejected" in capsys.readouterr().out


def test_it_fails_when_one_of_all_did_not_succeed(capsys: pytest.CaptureFixture[str]) -> None:
    with region() as azure, serve(always(HTML)) as broken:
        syncing.azure(azure.url)
        syncing.compatible(broken.url)
        with pytest.raises(CommandError, match="1 of 2"):
            call_command("sync", "--all", "--wait")
    assert "vllm: quarantined" in capsys.readouterr().out


def test_without_wait_it_only_queues(capsys: pytest.CaptureFixture[str]) -> None:
    host = make.host("vllm")
    call_command("sync", "vllm")
    assert SyncRun.objects.get(host=host).state == "queued"
    assert "is queued" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nowhere"], ["vllm", "--all"]])
def test_a_wrong_call_says_what_there_is(arguments: list[str]) -> None:
    make.host("vllm")
    with pytest.raises(CommandError):
        call_command("sync", *arguments)
