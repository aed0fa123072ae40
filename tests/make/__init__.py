"""Rows for tests: plain functions with good defaults. `from tests import make`, then `make.person()`."""

from tests.make.people import person

__all__ = ["person"]
