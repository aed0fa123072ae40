"""Rows of access, in eleven rooms."""

from tenants.access.models.certifying import Certification, Certified
from tenants.access.models.drafts import Draft
from tenants.access.models.grants import Grant, GrantApplication, GrantQuerySet, Limit, LimitQuerySet
from tenants.access.models.idles import Idle, Return
from tenants.access.models.lasting import Grace, LifeRules
from tenants.access.models.moves import MOVABLE, Move
from tenants.access.models.policies import OfferOwner, Policy
from tenants.access.models.questions import Question
from tenants.access.models.raises import Raise, RaiseRules
from tenants.access.models.requests import Decision, Request, Step, in_order
from tenants.access.models.standing import Block, Span, blocked, terms_overdue
from tenants.access.models.thread import Delegation, Note
from tenants.access.models.wishes import Acknowledgement, Wish

__all__ = [
    "MOVABLE",
    "Acknowledgement",
    "Block",
    "Certification",
    "Certified",
    "Decision",
    "Delegation",
    "Draft",
    "Grace",
    "Grant",
    "GrantApplication",
    "GrantQuerySet",
    "Idle",
    "LifeRules",
    "Limit",
    "LimitQuerySet",
    "Move",
    "Note",
    "OfferOwner",
    "Policy",
    "Question",
    "Raise",
    "RaiseRules",
    "Request",
    "Return",
    "Span",
    "Step",
    "Wish",
    "blocked",
    "in_order",
    "terms_overdue",
]
