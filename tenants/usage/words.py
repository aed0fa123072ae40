"""Why a call was refused, in words; the gateway's code stays beside them, as callers see it."""

from tenants.access.states import LimitKind

REFUSALS = {
    "grant_ended": "The grant had ended",
    "grant_not_started": "The grant had not started",
    "grant_suspended": "The grant was suspended",
    "invalid_api_key": "No valid key",
    "model_not_granted": "The model was not granted",
    "model_not_found": "No such model",
    "price_unknown": "A budget in money, and no known price",
    "terms_not_acknowledged": "New terms were not acknowledged",
    "host_left_alone": "The host had failed again and again",
    "host_not_callable": "The host could not be called",
    "unavailable": "The gateway could not check the call",
    "body_too_large": "The call was too large",
    "team_paused": "The team was paused",
    "key_paused": "The key was paused",
    "invalid_request": "The call could not be read",
}


def refusal_words(code: str) -> str:
    """A code that has no words yet stands for itself."""
    kind = code.removeprefix("limit.")
    if kind != code and kind in LimitKind.values:
        return f"Limit reached: {LimitKind(kind).label}"
    return REFUSALS.get(code, code or "not told")
