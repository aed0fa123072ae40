"""What the demo company limits beside its grants: all its money, a team's budget, and a soft limit that tells."""

from foundry.people.models import User
from tenants.demo.story import Story
from tenants.levels.actions import set_limit
from tenants.levels.rules import Target

USD = 10**9  # nano-dollars


def add(story: Story) -> None:
    """After the calls are booked: each begins with what its day and month have used."""
    ada, fin, teams = story.people["ada"], story.people["fin"], story.teams

    def limit(target: Target, kind: str, maximum: int, reason: str, by: User, days: int, **more: str) -> None:
        at = story.when(days, "09:41")
        set_limit(target, kind=kind, maximum=maximum, reason=reason, actor=by, at=at, **more)  # type: ignore[arg-type]

    limit(Target(), "usd_per_month", 6_500 * USD, "What the board approved for models.", ada, 45)
    limit(
        Target(team=teams["copilot"]),
        "usd_per_month",
        3_000 * USD,
        "The assistants' share of the year.",
        fin,
        38,
    )
    limit(
        Target(team=teams["search"]),
        "tokens_per_day",
        6_000_000,
        "Tell us before it grows.",
        fin,
        12,
        mode="soft",
    )
