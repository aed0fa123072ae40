"""What states are called on screen, and their tone. A colour never stands without its word."""

# tone: good, warn, bad, info or quiet
STATES: dict[str, tuple[str, str]] = {
    "open": ("Waiting", "info"),
    "approved": ("Approved", "good"),
    "denied": ("Denied", "bad"),
    "withdrawn": ("Withdrawn", "quiet"),
    "live": ("Live", "good"),
    "ended": ("Ended", "quiet"),
    "suspended": ("Suspended", "warn"),
    "revoked": ("Revoked", "bad"),
    "not_started": ("Not started", "info"),
    "expired": ("Expired", "quiet"),
    "paused": ("Paused", "warn"),
    "planned": ("Planned", "info"),
    "lifted": ("Lifted", "quiet"),
    "queued": ("Queued", "quiet"),
    "running": ("Running", "info"),
    "succeeded": ("Succeeded", "good"),
    "partial": ("Partial", "warn"),
    "quarantined": ("Quarantined", "warn"),
    "failed": ("Failed", "bad"),
    "applied": ("Applied", "good"),
    "waiting": ("Waiting", "warn"),
    "dismissed": ("Dismissed", "quiet"),
    "ok": ("OK", "good"),
    "refused": ("Refused", "warn"),
    "upstream_error": ("Upstream error", "bad"),
    "cancelled": ("Cancelled", "quiet"),
    "unknown": ("Unknown", "warn"),
    "fresh": ("Fresh", "good"),
    "stale": ("Stale", "bad"),
}
LIFECYCLE: dict[str, tuple[str, str]] = {
    "announced": ("Announced", "info"),
    "preview": ("Preview", "info"),
    "generally_available": ("Generally available", "good"),
    "legacy": ("Legacy", "warn"),
    "deprecated": ("Deprecated", "warn"),
    "retired": ("Retired", "bad"),
}
REACH: dict[str, tuple[str, str]] = {
    "connected": ("Connected", "good"),
    "sandbox": ("Sandbox", "info"),
    "listed": ("Listed only", "quiet"),
}


def badge_of(table: dict[str, tuple[str, str]], value: str) -> tuple[str, str]:
    """Word and tone; a value that the table does not know is shown as it is, quietly."""
    return table.get(value, (value.replace("_", " ").capitalize(), "quiet"))
