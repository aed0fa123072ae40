"""Who asks, in tests: clients for a page as a person, and for the API with a person's token."""

from django.test import Client

from foundry.lib import clock
from foundry.people.actions import issue_token
from foundry.people.models import Scope, User


def browser(person: User | None = None, **extra: object) -> Client:
    """A client that is signed in as `person`; as nobody without one."""
    client = Client(**extra)  # type: ignore[arg-type]
    if person is not None:
        client.force_login(person)
    return client


def api(person: User, *scopes: str) -> Client:
    """A client that sends a fresh API token of `person`, with every scope unless some are named."""
    _, secret = issue_token(person, "test", list(scopes or Scope.values), 1, actor=person, at=clock.now())
    return Client(headers={"authorization": f"Bearer {secret}"})
