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
    grant: Grant, *, only: Sequence[Grant] = (), by: User | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """A live key of the first application that the grant names, and its secret."""
    application = grant.applications.select_related("team")[0]
    return actions.issue_key(
        application=application,
        name="test",
        grants=only,
        expires_at=expires_at,
        actor=by or owner_of(grant.team),
        at=clock.now(),
    )
