"""How a request moves, what data classes there are, and which limits can be granted."""

from collections.abc import Iterable

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


class StepRole(TextChoices):
    """Who decides a step. A policy's own step is decided by it, at once."""

    ADMIN = "admin", "Platform"
    SECURITY = "security", "Security"
    FINANCE = "finance", "Finance"
    TEAM_OWNER = "team_owner", "Team owner"
    OFFER_OWNER = "offer_owner", "Offer's owner"
    POLICY = "policy", "Policy"


def step_label(roles: Iterable[str]) -> str:
    """The name of a step on screen: `Platform`, or `Security or Finance`."""
    return " or ".join(StepRole(role).label for role in roles)


class NoteKind(TextChoices):
    """What an entry of a request's thread is."""

    COMMENT = "comment", "Comment"
    QUESTION = "question", "Question"
    ANSWER = "answer", "Answer"
    HANDED_ON = "handed_on", "Handed on"
    PASSED_ON = "passed_on", "Passed on"
    ACCEPTED = "accepted", "Accepted"
    APPEAL = "appeal", "Appeal"


class BlockKind(TextChoices):
    """What a row blocks. An overdue acknowledgement blocks, too, and is derived."""

    GRANT = "grant", "Suspended"
    TEAM = "team", "Team suspended"


class DenyReason(TextChoices):
    """Why a request is denied, to count them by; words say the rest."""

    OTHER_FITS = "other_fits", "Another offer fits better"
    TOO_MUCH = "too_much", "Too much for what it is for"
    DATA = "data", "This data may not go there"
    NO_BUDGET = "no_budget", "No budget for it"
    UNCLEAR = "unclear", "What it is for is not clear"
    OTHER = "other", "Something else"


class ReturnKind(TextChoices):
    """Why a grant went back before its end."""

    IDLE = "idle", "Nobody called it"
    OWNER = "owner", "Given back"
    REVIEW = "review", "Given back in a review"


class Answer(TextChoices):
    """What a review says of a grant."""

    KEEP = "keep", "Keep"
    REDUCE = "reduce", "Reduce"
    GIVE_BACK = "give_back", "Give back"


class RaiseKind(TextChoices):
    """Who raised limits for a while: an approver, or the team itself, to be reviewed."""

    RAISE = "raise", "Raise"
    BREAK_GLASS = "break_glass", "Break-glass"


class QuestionKind(TextChoices):
    """How a question of the form is answered."""

    TEXT = "text", "Words"
    CHOICE = "choice", "A choice"
    YES_NO = "yes_no", "Yes or no"


class Asks(TextChoices):
    """What a request is to what its application has had of the offer."""

    FIRST = "first", "A first grant"
    AGAIN = "again", "A grant after one that ended"
    CHANGE = "change", "A change of a grant"
