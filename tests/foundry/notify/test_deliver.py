"""Notices leave by real protocols: SMTP to a server on loopback, POST to an address there."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from foundry.lib import clock
from foundry.notify import tasks
from foundry.notify.actions import redeliver
from foundry.notify.models import Delivery, Preference
from tests import make
from tests.fakes.receivers import Mailbox, mail_server, webhook
from tests.foundry.notify.make import hook, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as (box, url):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, _, settings.EMAIL_PORT = url.removeprefix("smtp://").partition(":")
        settings.MAIL_ON = True
        yield box


def texts(mail: Any) -> dict[str, str]:
    return {
        part.get_content_type(): part.get_payload(decode=True).decode()
        for part in mail.walk()
        if not part.is_multipart()
    }


def test_a_mail_says_it_in_text_and_html_and_leads_to_the_page(mailbox: Mailbox) -> None:
    told(make.person("mia"), title="Ada approved <grok-3>", text="Half of it & no more.")
    tasks.deliver_due()
    [mail] = mailbox.mails
    said = texts(mail)
    assert mail["to"] == "mia@foundry.example"
    assert "Ada approved <grok-3>" in said["text/plain"]
    assert "Half of it & no more." in said["text/plain"]
    assert "Ada approved &lt;grok-3&gt;" in said["text/html"]
    assert all("/requests/1/" in each for each in said.values())
    assert Delivery.objects.get().state == "sent"


def test_a_title_with_a_line_break_forges_no_header(mailbox: Mailbox) -> None:
    told(make.person("mia"), title="Hello\nBcc: all@foundry.example")
    tasks.deliver_due()
    assert mailbox.mails[0]["bcc"] is None


def test_a_day_comes_in_one_mail(mailbox: Mailbox) -> None:
    mia, at = make.person("mia"), clock.now() - timedelta(days=2)
    Preference.objects.create(person=mia, preset="digest")
    for number in range(5):
        told(mia, title=f"Thing {number}", at=at)
    tasks.deliver_due()
    [mail] = mailbox.mails
    assert re.findall(r"Thing \d", texts(mail)["text/plain"]) == [f"Thing {number}" for number in range(5)]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_a_mail_server_that_is_away_gets_it_later(settings: Any, mailbox: Mailbox) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    told(make.person("mia"))
    tasks.deliver_due()
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == ("waiting", 1)
    assert waiting.error
    settings.EMAIL_PORT = port
    Delivery.objects.update(due_at=clock.now())
    tasks.deliver_due()
    assert (len(mailbox.mails), Delivery.objects.get().state) == (1, "sent")


def test_a_signed_webhook_is_verified_by_the_receivers_library() -> None:
    with webhook() as ear:
        _, secret = hook(ear.url)
        event = told(data={"request": 17}, scope="team:copilot")
        tasks.deliver_due()
    [got] = ear.heard
    content = Webhook(secret).verify(got.body.decode(), got.headers)
    assert (content["type"], content["data"]["request"], content["data"]["scope"]) == (
        event.kind,
        17,
        "team:copilot",
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body.decode().replace("17", "18"), got.headers)


def test_a_repetition_carries_the_same_id() -> None:
    with webhook() as ear:
        hook(ear.url)
        told()
        ear.statuses = [500]
        tasks.deliver_due()
        failed = Delivery.objects.get()
        assert (failed.state, "answered 500" in failed.error) == ("waiting", True)
        Delivery.objects.update(due_at=clock.now())
        tasks.deliver_due()
        redeliver(failed.pk, actor=make.person(roles=("admin",)), at=clock.now())
        tasks.deliver_due()
    assert len(ear.heard) == 3
    assert {each.headers["webhook-id"] for each in ear.heard} == {str(failed.message_id)}


def test_a_hook_that_never_takes_it_has_failed_in_the_end() -> None:
    with webhook() as ear:
        hook(ear.url)
        told()
        ear.statuses = [500] * 20
        for _ in range(len(tasks.WAITS_S) + 3):
            Delivery.objects.update(due_at=clock.now())
            tasks.deliver_due()
    assert Delivery.objects.get().state == "failed"
    assert len(ear.heard) == len(tasks.WAITS_S) + 1


@pytest.mark.parametrize(
    ("kind", "where"),
    [("slack", ["blocks", 0, "text", "text"]), ("teams", ["attachments", 0, "content", "body", 0, "text"])],
)
def test_a_chat_gets_its_own_shape(kind: str, where: list[Any]) -> None:
    with webhook() as ear:
        _, secret = hook(ear.url, kind)
        told(title="Ada approved <!channel>")
        tasks.deliver_due()
    shown = ear.heard[0].content
    for step in where:
        shown = shown[step]
    assert secret == ""
    assert "Ada approved" in shown
    assert kind != "slack" or "<!channel>" not in shown


def test_a_hook_inside_the_walls_is_not_called_unless_an_admin_named_the_network() -> None:
    with webhook() as ear:
        made, _ = hook(ear.url)
        made.trusted_networks = []
        made.save()
        told()
        tasks.deliver_due()
    assert ear.heard == []
    assert "forbidden address" in Delivery.objects.get().error


def test_an_error_never_names_the_hooks_address() -> None:
    with webhook() as ear:
        hook(ear.url + "?token=canary")
        told()
        ear.statuses = [500]
        tasks.deliver_due()
    assert "canary" not in Delivery.objects.get().error
