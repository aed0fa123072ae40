"""How a request moves, what data classes there are, and which limits can be granted."""

from django.db.models import TextChoices

from catalog.states import DataClass as DataClass  # terms name them too
from foundry.lib.states import Machine


class RequestState(TextChoices):
    OPEN = "open", "Waiting for a decision"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    WITHDRAWN = "withdrawn", "Withdrawn"


REQUEST = Machine(
    "request",
    {
        RequestState.OPEN: frozenset({RequestState.APPROVED, RequestState.DENIED, RequestState.WITHDRAWN}),
        RequestState.APPROVED: frozenset(),
        RequestState.DENIED: frozenset(),
        RequestState.WITHDRAWN: frozenset(),
    },
)


class Outcome(TextChoices):
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"


class LimitKind(TextChoices):
    """Money kinds are kept in nano-dollars and spoken of in dollars."""

    RPM = "rpm", "Calls per minute"
    TPM = "tpm", "Tokens per minute"
    CONCURRENCY = "concurrency", "Calls at once"
    TOKENS_PER_DAY = "tokens_per_day", "Tokens per day"
    TOKENS_PER_MONTH = "tokens_per_month", "Tokens per month"
    USD_PER_DAY = "usd_per_day", "USD per day"
    USD_PER_MONTH = "usd_per_month", "USD per month"


MONEY = frozenset({LimitKind.USD_PER_DAY, LimitKind.USD_PER_MONTH})

STEP_LABELS = {"admin": "Platform", "security": "Security", "finance": "Finance"}
