"""Rows of access, in five rooms."""

from tenants.access.models.grants import Grant, GrantApplication, Limit, LimitQuerySet
from tenants.access.models.policies import OfferOwner, Policy
from tenants.access.models.requests import Decision, Request, Step, in_order
from tenants.access.models.thread import Delegation, Note
from tenants.access.models.wishes import Acknowledgement, Wish

__all__ = [
    "Acknowledgement",
    "Decision",
    "Delegation",
    "Grant",
    "GrantApplication",
    "Limit",
    "LimitQuerySet",
    "Note",
    "OfferOwner",
    "Policy",
    "Request",
    "Step",
    "Wish",
    "in_order",
]
