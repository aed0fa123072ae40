"""Ask, decide, end; and change who decides. One function = one transaction = one audit verb."""

from tenants.access.actions.accepting import acknowledge, wish
from tenants.access.actions.asking import submit, withdraw
from tenants.access.actions.deciding import approve, deny
from tenants.access.actions.due import pass_on
from tenants.access.actions.ending import resume, revoke, suspend
from tenants.access.actions.policies import (
    change_draft,
    discard_draft,
    drop_offer_owner,
    name_offer_owner,
    start_draft,
    switch_on,
)
from tenants.access.actions.standing_in import delegate, end_delegation
from tenants.access.actions.thread import accept, answer, appeal, ask, comment, hand_on

__all__ = [
    "accept",
    "acknowledge",
    "answer",
    "appeal",
    "approve",
    "ask",
    "change_draft",
    "comment",
    "delegate",
    "deny",
    "discard_draft",
    "drop_offer_owner",
    "end_delegation",
    "hand_on",
    "name_offer_owner",
    "pass_on",
    "resume",
    "revoke",
    "start_draft",
    "submit",
    "suspend",
    "switch_on",
    "wish",
    "withdraw",
]
