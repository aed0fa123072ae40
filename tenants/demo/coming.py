"""What comes: a model that is in talks, and terms that one team has not accepted."""

from datetime import UTC, datetime, time
from functools import partial

from catalog import actions as supply
from catalog.byhand import Told
from catalog.models import Host, Terms
from catalog.seed import ANNOUNCED
from catalog.terms import TermsText
from tenants.access import actions as access
from tenants.demo.story import Story

NEW_TERMS = TermsText(
    title="Hosting only, no training",
    facts={
        "hosted_by": "Microsoft",
        "training": "none",
        "retention": "none; monitoring for abuse is switched off for us",
        "regions": "the region of the deployment; global SKUs may process anywhere",
        "sub_processors": "none; the model's maker receives nothing",
        "acceptable_use": "no decisions about people without a person",
    },
    data_classes=("public", "internal", "confidential"),
)
ACCEPTED_BY = {
    "copilot": "olga", "search": "omar", "support": "sue", "docs": "dora", "security-graph": "greta",
    "finance-insights": "felix", "gaming": "gus",
}  # fmt: skip


WAITING = [
    (
        "copilot/chat-prod",
        "mia",
        17,
        "11:20",
        "Longer conversations without losing the thread.",
        {"tpm": 120_000, "rpm": 600},
    ),
    (
        "search/answers",
        "omar",
        16,
        "09:41",
        "Answer cards for questions that need several steps.",
        {"tpm": 80_000},
    ),
    (
        "gaming/npc",
        "gus",
        11,
        "15:17",
        "Side characters that keep a joke going.",
        {"tpm": 60_000, "rpm": 200},
    ),
    ("docs/docs-bot", "dora", 9, "08:33", "Answers that quote the right version.", {"tpm": 30_000}),
    (
        "security-graph/hunt",
        "greta",
        4,
        "13:52",
        "Explain command lines that the present model gives up on.",
        {"tpm": 40_000},
    ),
]


def script(s: Story) -> None:
    new_terms(s)
    in_talks(s)


def new_terms(s: Story) -> None:
    """A second version, with a week's notice; every team accepts it but ads, which is suspended for it."""
    counts_from = datetime.combine(s.when(6, "16:00").date(), time(16), UTC)
    s.later(
        s.when(13, "09:34"),
        lambda at: supply.publish_terms(
            "hosting-only", NEW_TERMS, counts_from=counts_from, actor=s.people["lee"], at=at
        ),
    )
    for minutes, team in enumerate(ACCEPTED_BY):
        s.later(s.when(12 - minutes % 4, f"{9 + minutes}:1{minutes}"), partial(accept, s, team))


def accept(s: Story, team: str, at: datetime) -> None:
    terms = Terms.objects.get(slug="hosting-only", version=2)
    access.acknowledge(s.teams[team], terms, actor=s.people[ACCEPTED_BY[team]], at=at)


def in_talks(s: Story) -> None:
    """Announced by its maker, served by nobody yet; five teams wait."""
    told = Told(
        publisher="xai", model="grok-5", name="Grok 5", words="in talks", source="mail of the alliance manager",
        description="In talks with the maker; hosting only, like the others.",
    )  # fmt: skip
    s.later(s.when(19, "14:26"), partial(announce, s, told))
    for application, who, days_ago, clock, why, limits in WAITING:
        s.later(s.when(days_ago, clock), partial(wait, s, application, who, why, limits))


def announce(s: Story, told: Told, at: datetime) -> None:
    s.offers["grok-5"] = supply.make_offer(
        Host.objects.get(slug=ANNOUNCED), told, actor=s.people["ada"], at=at
    )


def wait(s: Story, application: str, who: str, why: str, limits: dict[str, int], at: datetime) -> None:
    access.wish(
        s.teams[application.split("/")[0]], s.offers["grok-5"], why=why, application=s.applications[application],
        data_class="internal", limits=limits, actor=s.people[who], at=at,
    )  # fmt: skip
