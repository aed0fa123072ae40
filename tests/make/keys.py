"""Keys for tests, made through the real action."""

from collections.abc import Sequence
from datetime import datetime

from foundry.lib import clock
from foundry.people.models import User
from tenants.access.models import Grant
from tenants.keys import actions
from tenants.keys.models import ApiKey
from tests.make.access import owner_of


def key(
    grant: Grant,
    *,
    only: Sequence[Grant] = (),
    networks: Sequence[str] = (),
    by: User | None = None,
    expires_at: datetime | None = None,
    at: datetime | None = None,
    personal: bool = False,
) -> tuple[ApiKey, str]:
    """A live key of the first application that the grant names, and its secret."""
    application = grant.applications.select_related("team")[0]
    return actions.issue_key(
        application=application,
        name="test",
        grants=only,
        networks=networks,
        expires_at=expires_at,
        personal=personal,
        actor=by or owner_of(grant.team),
        at=at or clock.now(),
    )


def keep_to(key: ApiKey, networks: Sequence[str]) -> ApiKey:
    """Only from these networks, from now on; by the team's owner."""
    return actions.change_key(
        key.pk,
        name=key.name,
        grants=list(key.grants.all()),
        networks=networks,
        expires_at=key.expires_at,
        actor=owner_of(key.application.team),
        at=clock.now(),
    )
