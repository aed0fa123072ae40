"""What people and machines do to supply. Each function is one transaction and one audit entry."""

from catalog.actions.byhand import change_offer, make_offer, withdraw_offer
from catalog.actions.capacity import (
    assign_offers,
    leave_pool,
    make_pool,
    release_offers,
    set_overcommit,
    set_pool,
)
from catalog.actions.changes import Settled, apply_change, dismiss_change, settle_changes, settle_run
from catalog.actions.hosts import check_host, note_check, save_host, switch_host, update_host
from catalog.actions.lifecycle import leave_to_host, set_lifecycle
from catalog.actions.offers import describe_offer, show_offer
from catalog.actions.pauses import lift_pause, pause, prolong_pause
from catalog.actions.prices import set_price
from catalog.actions.publish import publish_offers
from catalog.actions.runs import ask_sync, close_run, take_anyway
from catalog.actions.terms import add_terms, assign_terms, publish_terms

__all__ = [
    "Settled",
    "add_terms",
    "apply_change",
    "ask_sync",
    "assign_offers",
    "assign_terms",
    "change_offer",
    "check_host",
    "close_run",
    "describe_offer",
    "dismiss_change",
    "leave_pool",
    "leave_to_host",
    "lift_pause",
    "make_offer",
    "make_pool",
    "note_check",
    "pause",
    "prolong_pause",
    "publish_offers",
    "publish_terms",
    "release_offers",
    "save_host",
    "set_lifecycle",
    "set_overcommit",
    "set_pool",
    "set_price",
    "settle_changes",
    "settle_run",
    "show_offer",
    "switch_host",
    "take_anyway",
    "update_host",
    "withdraw_offer",
]
