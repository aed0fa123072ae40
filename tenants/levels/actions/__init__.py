"""What can be done to limits beside grants, and to the calendar that all budgets keep to."""

from tenants.levels.actions.calendar import plan_calendar, withdraw_calendar
from tenants.levels.actions.limits import end_limit, is_less, levels_of, require_usable, set_limit, target_of

__all__ = [
    "end_limit",
    "is_less",
    "levels_of",
    "plan_calendar",
    "require_usable",
    "set_limit",
    "target_of",
    "withdraw_calendar",
]
