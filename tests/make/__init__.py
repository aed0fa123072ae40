"""Rows for tests: plain functions with good defaults. `from tests import make`, then `make.person()`."""

from tests.make.access import admin, application, approved, grant, owner_of, request, team
from tests.make.people import person

__all__ = ["admin", "application", "approved", "grant", "owner_of", "person", "request", "team"]
