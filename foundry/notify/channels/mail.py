"""Mail, as text and HTML, through the server that `FOUNDRY_MAIL_URL` names."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from foundry.notify.models import Delivery, Event


def send_one(delivery: Delivery) -> None:
    """Raises OSError (smtplib's errors are of that kind) when the server does not take it."""
    send(delivery, delivery.event.title, [delivery.event])


def send_digest(deliveries: Sequence[Delivery]) -> None:
    """One mail with everything that waited for this person. Raises OSError."""
    events = [delivery.event for delivery in deliveries]
    title = events[0].title if len(events) == 1 else f"{len(events)} things at Foundry since yesterday"
    send(deliveries[0], title, events)


def send(delivery: Delivery, title: str, events: Sequence[Event]) -> None:
    assert delivery.person is not None, "mail goes to a person"
    context = {"person": delivery.person, "events": events, "console": settings.CONSOLE_URL}
    message = EmailMultiAlternatives(
        subject=" ".join(title.split()),
        body=render_to_string("notify/mail.txt", context),
        to=[delivery.person.email],
        headers={
            "Message-ID": f"<{delivery.message_id}@{settings.MAIL_DOMAIN}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("notify/mail.html", context), "text/html")
    message.send()
