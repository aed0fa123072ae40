"""The stages of an offer's life, in the order in which they usually come."""

from django.db.models import TextChoices


class Lifecycle(TextChoices):
    """deprecated: no new use, existing use goes on. retired: calls fail."""

    ANNOUNCED = "announced", "Announced"
    PREVIEW = "preview", "Preview"
    GENERALLY_AVAILABLE = "generally_available", "Generally available"
    LEGACY = "legacy", "Legacy"
    DEPRECATED = "deprecated", "Deprecated"
    RETIRED = "retired", "Retired"


class RunState(TextChoices):
    """quarantined: the listing looked broken, so nothing was taken from it until a person decides."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    PARTIAL = "partial", "Partial"
    QUARANTINED = "quarantined", "Quarantined"
    FAILED = "failed", "Failed"


class ChangeKind(TextChoices):
    NEW = "new", "New"
    GONE = "gone", "Gone"
    BACK = "back", "Back"
    PRICE = "price", "Price"
    CONTEXT = "context", "Context"
    CAPABILITY = "capability", "Capability"
    LIFECYCLE = "lifecycle", "Lifecycle"
    RETIREMENT_DATE = "retirement_date", "Retirement date"
    SUCCESSOR = "successor", "Successor"
    LIMITS = "limits", "Limits"
    TERMS = "terms", "Terms"


SUCCESSION = {ChangeKind.NEW, ChangeKind.SUCCESSOR}  # after these an offer's successor is looked up


class ChangeState(TextChoices):
    APPLIED = "applied", "Applied"
    WAITING = "waiting", "Waiting"
    DISMISSED = "dismissed", "Dismissed"


class Health(TextChoices):
    """From best to worst, but for maintenance, which was planned, and unknown, which says nothing."""

    OK = "ok", "Works"
    DEGRADED = "degraded", "Degraded"
    PARTIAL = "partial", "Partly down"
    DOWN = "down", "Down"
    MAINTENANCE = "maintenance", "Maintenance"
    UNKNOWN = "unknown", "Not known"


class DataClass(TextChoices):
    """What kind of data a call may carry, from the least to the most sensitive."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    RESTRICTED = "restricted", "Restricted"
