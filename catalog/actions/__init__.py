"""What people and machines do to supply. Each function is one transaction and one audit entry."""

from catalog.actions.changes import apply_change, dismiss_change, settle_run
from catalog.actions.hosts import check_host, note_check, save_host, switch_host, update_host
from catalog.actions.offers import describe_offer, show_offer
from catalog.actions.prices import set_price
from catalog.actions.runs import ask_sync, close_run

__all__ = [
    "apply_change",
    "ask_sync",
    "check_host",
    "close_run",
    "describe_offer",
    "dismiss_change",
    "note_check",
    "save_host",
    "set_price",
    "settle_run",
    "show_offer",
    "switch_host",
    "update_host",
]
