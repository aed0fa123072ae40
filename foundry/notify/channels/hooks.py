"""Chat webhooks and signed webhooks, through the guarded client.

Signed ones follow Standard Webhooks: `webhook-id` is the same at each try, `webhook-signature` is
`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body.
"""

from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from standardwebhooks import Webhook

from foundry.lib import secrets
from foundry.lib.addresses import networks
from foundry.lib.http import Bounds, GuardedClient
from foundry.notify.models import Delivery, Event, HookKind

BOUNDS = Bounds(body_bytes=64 * 1024, deadline_s=10, connect_s=5, read_s=10, attempts=1)


def send(delivery: Delivery, at: datetime) -> None:
    """POST one event to one hook. Raises OutwardError, or ValueError when its secret cannot be read."""
    hook = delivery.hook
    assert hook is not None, "a hook's delivery has a hook"
    body = orjson.dumps(SHAPES[HookKind(hook.kind)](delivery.event))
    headers = {"content-type": "application/json"}
    if hook.secret is not None:
        headers |= signature(secrets.decrypt(bytes(hook.secret)), str(delivery.message_id), at, body)
    address = secrets.decrypt(bytes(hook.address))
    with GuardedClient(
        address, headers=headers, trusted=networks(hook.trusted_networks), bounds=BOUNDS
    ) as http:
        http.post(address, body)


def signature(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode()),
    }


def link(event: Event) -> str:
    return settings.CONSOLE_URL + event.url


def webhook(event: Event) -> dict[str, Any]:
    """Type, time and data, as Standard Webhooks lays them out."""
    told = {"title": event.title, "text": event.text, "url": link(event), "scope": event.scope}
    return {"type": event.kind, "timestamp": event.at.isoformat(), "data": {**event.data, **told}}


def slack(event: Event) -> dict[str, Any]:
    """A fallback text and two blocks; what could be markup is escaped as Slack wants it."""
    title, text = (escaped(each) for each in (event.title, event.text))
    body = f"*{title}*\n{text}".strip()
    return {
        "text": f"{title} {link(event)}",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": body[:2900]}},
            {"type": "actions", "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Open in Foundry"}, "url": link(event)}]},
        ],
    }  # fmt: skip


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams(event: Event) -> dict[str, Any]:
    """An adaptive card, as the Workflows webhooks of Microsoft Teams take it."""
    lines = [{"type": "TextBlock", "text": event.title, "weight": "Bolder", "wrap": True}]
    lines += [{"type": "TextBlock", "text": event.text, "wrap": True}] if event.text else []
    card = {
        "type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4",
        "body": lines, "actions": [{"type": "Action.OpenUrl", "title": "Open in Foundry", "url": link(event)}],
    }  # fmt: skip
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


SHAPES = {HookKind.WEBHOOK: webhook, HookKind.SLACK: slack, HookKind.TEAMS: teams}
