"""Read one's notices, choose how to be told, and keep hooks. One transaction each."""

import base64
import secrets as random
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from foundry.audit.actions import record
from foundry.lib import secrets
from foundry.lib.addresses import networks
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.lib.http import OutwardError, origin
from foundry.notify.models import Delivery, DeliveryState, Hook, HookKind, Notice, Preference, Preset
from foundry.notify.outbox import tell, wake
from foundry.people.models import Role, User


def mark_read(person: User, ids: list[int] | None, at: datetime) -> int:
    """Some of one's own notices, or all of them; answers how many were unread. No audit: it is nobody else's matter."""
    rows = Notice.objects.seen_by(person).unread()
    return (rows if ids is None else rows.filter(pk__in=ids)).update(read_at=at)


@transaction.atomic
def choose_preset(person: User, preset: str, *, actor: User, at: datetime) -> Preference:
    """How a person is told by mail. Raises Invalid for an unknown preset."""
    if preset not in Preset.values:
        raise Invalid(
            "notify.preset",
            f"'{preset}' is no way to be told.",
            remedy=f"Use one of {', '.join(Preset.values)}.",
        )
    chosen, _ = Preference.objects.update_or_create(person=person, defaults={"preset": preset})
    record("notify.choose", chosen, actor=actor, at=at, after={"preset": preset})
    return chosen


@dataclass(frozen=True, slots=True)
class HookFacts:
    """Everything that an admin says about a hook. `secret` is made where a signed one is given none."""

    name: str
    kind: str
    address: str
    kinds: tuple[str, ...] = ()
    scope: str = ""
    trusted_networks: tuple[str, ...] = ()


@transaction.atomic
def add_hook(facts: HookFacts, *, actor: User, at: datetime) -> tuple[Hook, str]:
    """A new hook, and the secret that signs what it gets, which is shown this once (empty for chats).

    Raises Forbidden, Invalid, Conflict when the name is taken.
    """
    require_admin(actor)
    require_usable(facts)
    if Hook.objects.filter(name=facts.name.strip()).exists():
        raise Conflict("hook.exists", f"There is a hook '{facts.name}'.", remedy="Choose another name.")
    secret = (
        "whsec_" + base64.b64encode(random.token_bytes(32)).decode() if facts.kind == HookKind.WEBHOOK else ""
    )
    scheme, host, port = origin(facts.address)
    hook = Hook.objects.create(
        name=facts.name.strip(),
        kind=facts.kind,
        place=f"{scheme}://{host}" + ("" if port in {80, 443} else f":{port}"),
        address=secrets.encrypt(facts.address),
        secret=secrets.encrypt(secret) if secret else None,
        kinds=list(facts.kinds),
        scope=facts.scope,
        trusted_networks=list(facts.trusted_networks),
        created_at=at,
    )
    told = {"kind": hook.kind, "place": hook.place, "kinds": hook.kinds, "scope": hook.scope}
    record("hook.add", hook, actor=actor, at=at, after=told)
    return hook, secret


def require_usable(facts: HookFacts) -> None:
    """Raise Invalid that names each field that is wrong."""
    errors: dict[str, str] = {}
    if not facts.name.strip():
        errors["name"] = "A hook needs a name."
    if facts.kind not in HookKind.values:
        errors["kind"] = f"Use one of {', '.join(HookKind.values)}."
    try:
        origin(facts.address)
        if urlsplit(facts.address).fragment:
            errors["address"] = "An address has no #."
    except OutwardError as error:
        errors["address"] = str(error)
    networks(facts.trusted_networks)
    if errors:
        raise Invalid(
            "hook.unusable", " ".join(errors.values()), remedy="Mend these and save again.", errors=errors
        )


@transaction.atomic
def switch_hook(hook_id: int, *, on: bool, actor: User, at: datetime) -> Hook:
    """Stop telling a hook, or begin again with what comes from now on."""
    require_admin(actor)
    hook = Hook.objects.select_for_update().get(pk=hook_id)
    hook.disabled_at = None if on else at
    hook.save(update_fields=["disabled_at"])
    record("hook.switch_on" if on else "hook.switch_off", hook, actor=actor, at=at)
    return hook


@transaction.atomic
def try_hook(hook_id: int, *, actor: User, at: datetime) -> None:
    """Send a hook one event that says it is a trial, whatever else it listens to."""
    require_admin(actor)
    hook = Hook.objects.get(pk=hook_id)
    event = tell(
        "hook.try",
        key=f"hook.try:{hook.pk}:{at.isoformat()}",
        title=f"Foundry reaches {hook.name}",
        text="This is a trial that an admin sent. Nothing happened.",
        url="/hooks/",
        at=at,
    )
    assert event is not None, "the moment makes it a new event"
    Delivery.objects.get_or_create(event=event, hook=hook, defaults={"channel": "hook", "due_at": at})
    record("hook.try", hook, actor=actor, at=at)


@transaction.atomic
def redeliver(delivery_id: int, *, actor: User, at: datetime) -> Delivery:
    """Send again what failed or was sent; the receiver sees the same `webhook-id`."""
    require_admin(actor)
    delivery = Delivery.objects.select_for_update(of=("self",)).select_related("hook").get(pk=delivery_id)
    if delivery.state == DeliveryState.WAITING:
        raise Conflict("delivery.waiting", "It is on its way already.", remedy="Reload in a moment.")
    delivery.state, delivery.due_at, delivery.attempts = DeliveryState.WAITING, at, 0
    delivery.save(update_fields=["state", "due_at", "attempts"])
    transaction.on_commit(wake)
    record("hook.redeliver", delivery, actor=actor, at=at)
    return delivery


def require_admin(actor: User) -> None:
    if not actor.is_any(Role.ADMIN):
        raise Forbidden("hook.admin_only", "Only admins keep hooks.", remedy="Ask an admin.")
