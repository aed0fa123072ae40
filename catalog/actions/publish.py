"""Show new offers to everybody, many at once."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from catalog.models import Host, Offer
from catalog.rules import Actor, require_admin
from foundry.audit.actions import record
from foundry.lib.errors import Conflict


@transaction.atomic
def publish_offers(
    host: Host,
    offers: Collection[int] | None = None,
    *,
    from_now_on: bool | None = None,
    actor: Actor,
    at: datetime,
) -> int:
    """Publish a host's offers that wait, and say what happens to those that come later; answers how many.

    :param offers: which; None publishes all that wait.
    :param from_now_on: whether later ones are published as they come; None leaves that as it is.

    Raises Forbidden; Conflict where nothing would change.
    """
    require_admin(actor)
    host = Host.objects.select_for_update(of=("self",)).get(pk=host.pk)
    waiting = Offer.objects.unpublished().filter(host=host)
    if offers is not None:
        waiting = waiting.filter(pk__in=offers)
    ids = sorted(waiting.values_list("pk", flat=True))
    Offer.objects.filter(pk__in=ids).update(hidden=False)
    switched = from_now_on is not None and from_now_on != host.publishes_new
    if not ids and not switched:
        raise Conflict(
            "offers.published", f"Nothing of that waits at {host.name}.", remedy="Reload the page."
        )
    if from_now_on is not None and switched:
        host.publishes_new = from_now_on
        host.save(update_fields=["publishes_new"])
    told = {"offers": ids} | ({"publishes_new": from_now_on} if switched else {})
    record("host.publish", host, actor=actor, at=at, after=told)
    return len(ids)
