"""Ask, decide, end; and change who decides. One function = one transaction = one audit verb."""

from tenants.access.actions.accepting import acknowledge
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
from tenants.access.actions.renewing import renew
from tenants.access.actions.standing_in import delegate, end_delegation
from tenants.access.actions.thread import accept, answer, appeal, ask, comment, hand_on
from tenants.access.actions.waiting import open_offer, stop_waiting, wish

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
    "open_offer",
    "pass_on",
    "renew",
    "resume",
    "revoke",
    "start_draft",
    "stop_waiting",
    "submit",
    "suspend",
    "switch_on",
    "wish",
    "withdraw",
]
