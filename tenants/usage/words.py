"""Why a call was refused or how it failed, in words; the gateway's code stays beside them, as callers see it."""

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
    "key_network": "The key was used from outside its networks",
    "host_paused": "The host was paused",
    "offer_paused": "The offer was paused",
    "dialect_not_spoken": "The host does not speak this way of asking",
    "model_retired": "The model was retired",
    "gateway_failed": "The gateway failed before the call was sent",
    "gateway_stopped": "The gateway stopped before the call was sent",
    "client_closed": "The caller hung up before the call was sent",
    "not_found": "No such address at the gateway",
    "method_not_allowed": "The address is not asked that way",
}
# Of calls that a host was asked; `http_503` and the like are what it answered.
ENDINGS = {
    "client_closed": "The caller hung up",
    "gateway_failed": "The gateway failed while the call ran",
    "gateway_stopped": "The gateway stopped while the call ran",
    "gateway_killed": "The gateway died while the call ran",
    "usage_missing": "The host told no tokens",
    "upstream_unreachable": "The host could not be reached",
    "upstream_timeout": "The host did not answer in time",
    "upstream_broken": "The host broke off",
    "upstream_malformed": "The host sent nothing that is an answer",
    "upstream_failed_midway": "The host failed in the middle of its answer",
}


def refusal_words(code: str) -> str:
    """A code that has no words yet stands for itself."""
    kind = code.removeprefix("limit.")
    if kind != code and kind in LimitKind.values:
        return f"Limit reached: {LimitKind(kind).label}"
    return REFUSALS.get(code, code or "not told")


def ending_words(code: str) -> str:
    """How a call ended that was not refused; empty where there is nothing to say."""
    if (status := code.removeprefix("http_")) != code:
        return f"The host answered with status {status}"
    return ENDINGS.get(code, code)
