"""Rows for tests: plain functions with good defaults. `from tests import make`, then `make.person()`."""

from tests.make.access import admin, application, approved, approved_step, grant, owner_of, request, team
from tests.make.calendar import berlin
from tests.make.keys import keep_to, key
from tests.make.moving import proposal
from tests.make.people import person
from tests.make.supply import host, model, offer, pause, pool, price, publisher, terms

__all__ = [
    "admin",
    "application",
    "approved",
    "approved_step",
    "berlin",
    "grant",
    "host",
    "keep_to",
    "key",
    "model",
    "offer",
    "owner_of",
    "pause",
    "person",
    "pool",
    "price",
    "proposal",
    "publisher",
    "request",
    "team",
    "terms",
]
