"""Ask, decide, end; and change who decides. One function = one transaction = one audit verb."""

from tenants.access.actions.accepting import acknowledge
from tenants.access.actions.asking import submit, withdraw
from tenants.access.actions.blocking import resume, resume_team, suspend, suspend_team
from tenants.access.actions.certifying import certify, open_certification
from tenants.access.actions.deciding import approve, deny
from tenants.access.actions.due import pass_on
from tenants.access.actions.ending import revoke
from tenants.access.actions.idling import ask_again, give_back, keep_idle, notice_idle, take_back
from tenants.access.actions.living import set_life_rules
from tenants.access.actions.moving import move_allocation
from tenants.access.actions.policies import (
    change_draft,
    discard_draft,
    drop_offer_owner,
    name_offer_owner,
    start_draft,
    switch_on,
)
from tenants.access.actions.questioning import add_question, change_question, retire_question
from tenants.access.actions.raising import break_glass, end_raise, raise_limits, review, set_raise_rules
from tenants.access.actions.renewing import renew
from tenants.access.actions.standing_in import delegate, end_delegation
from tenants.access.actions.thread import accept, answer, appeal, ask, comment, hand_on
from tenants.access.actions.waiting import open_offer, stop_waiting, wish

__all__ = [
    "accept",
    "acknowledge",
    "add_question",
    "answer",
    "appeal",
    "approve",
    "ask",
    "ask_again",
    "break_glass",
    "certify",
    "change_draft",
    "change_question",
    "comment",
    "delegate",
    "deny",
    "discard_draft",
    "drop_offer_owner",
    "end_delegation",
    "end_raise",
    "give_back",
    "hand_on",
    "keep_idle",
    "move_allocation",
    "name_offer_owner",
    "notice_idle",
    "open_certification",
    "open_offer",
    "pass_on",
    "raise_limits",
    "renew",
    "resume",
    "resume_team",
    "retire_question",
    "review",
    "revoke",
    "set_life_rules",
    "set_raise_rules",
    "start_draft",
    "stop_waiting",
    "submit",
    "suspend",
    "suspend_team",
    "switch_on",
    "take_back",
    "wish",
    "withdraw",
]
