"""What happened in the demo company's last sixty days, through the real actions, in the order it happened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from catalog.models import Offer
from foundry.lib.units import nanos
from foundry.people.models import User
from tenants.access import actions as access
from tenants.access.models import Grant, Request
from tenants.teams.models import Application, Team

MONEY_KINDS = ("usd_per_day", "usd_per_month")


@dataclass(slots=True)
class Story:
    """A day-by-day script: `later` notes what happens when, `play` does it in order.

    :param loaded_at: the moment of loading; days are counted back from its date.
    """

    loaded_at: datetime
    people: dict[str, User]
    teams: dict[str, Team]
    applications: dict[str, Application]
    offers: dict[str, Offer]
    requests: dict[str, Request] = field(default_factory=dict)
    scenes: list[tuple[datetime, int, Callable[[datetime], Any]]] = field(default_factory=list)

    def when(self, days_ago: int, clock: str) -> datetime:
        """`clock` (HH:MM, UTC) of the day that many days ago; never in the future."""
        hour, minute = map(int, clock.split(":"))
        day = self.loaded_at.date() - timedelta(days=days_ago)
        return min(datetime.combine(day, time(hour, minute), UTC), self.loaded_at - timedelta(minutes=1))

    def on(self, days: int) -> date:
        """The date that many days after the load."""
        return self.loaded_at.date() + timedelta(days=days)

    def later(self, at: datetime, act: Callable[[datetime], Any]) -> None:
        self.scenes.append((at, len(self.scenes), act))

    def play(self) -> None:
        for at, _, act in sorted(self.scenes, key=lambda scene: scene[:2]):
            act(at)

    def ask(
        self,
        name: str,
        at: datetime,
        who: str,
        application: str,
        offer: str,
        purpose: str,
        ends: date,
        data_class: str = "internal",
        **limits: int | str,
    ) -> None:
        """`who` asks for `offer`; the request is known as `name` from then on."""

        def act(at: datetime) -> None:
            wanted = Offer.objects.with_names().get(pk=self.offers[offer].pk)  # its terms of that day
            self.requests[name] = access.submit(
                team=self.teams[application.split("/")[0]],
                offer=wanted,
                application=self.applications[application],
                purpose=purpose,
                data_class=data_class,
                limits=internal(limits),
                ends_on=ends,
                terms_version=wanted.terms.version if wanted.terms else None,
                actor=self.people[who],
                at=at,
            )

        self.later(at, act)

    def approve(self, name: str, at: datetime, who: str, reason: str = "", **limits: int | str) -> None:
        def act(at: datetime) -> None:
            request = self.requests[name]
            granted = dict(request.asked) | internal(limits) if limits else None
            access.approve(request.pk, limits=granted, reason=reason, actor=self.people[who], at=at)

        self.later(at, act)

    def deny(self, name: str, at: datetime, who: str, reason: str) -> None:
        self.later(
            at, lambda at: access.deny(self.requests[name].pk, reason=reason, actor=self.people[who], at=at)
        )

    def withdraw(self, name: str, at: datetime, who: str) -> None:
        self.later(at, lambda at: access.withdraw(self.requests[name].pk, actor=self.people[who], at=at))

    def grant(self, name: str) -> Grant:
        """The grant that the request opened or changed."""
        request = self.requests[name]
        return request.grant or Grant.objects.get(request=request)


def internal(limits: dict[str, int | str]) -> dict[str, int]:
    """Limits as they are stored: money, written in dollars as text, becomes nano-dollars."""
    return {
        kind: nanos(Decimal(value)) if kind in MONEY_KINDS else int(value) for kind, value in limits.items()
    }


def script(story: Story, search_usd: str) -> None:
    """Everything that was asked and decided."""
    held(story, search_usd)
    ended(story)
    waiting(story)


def held(s: Story, search_usd: str) -> None:
    """What the teams hold today. `search_usd` is a monthly budget that is nearly used."""
    s.ask("copilot-chat", s.when(60, "08:12"), "olga", "copilot/chat-prod", "gpt-4.1",
          "Chat answers in the product. Pilot with 400 people, then all customers of the enterprise plan.",
          s.on(120), "internal", tpm=150_000, rpm=600, tokens_per_month=400_000_000, usd_per_month="2400")  # fmt: skip
    s.approve(
        "copilot-chat",
        s.when(60, "09:47"),
        "ada",
        "Start at two thirds; ask again when the pilot grows.",
        tpm=100_000,
    )
    s.ask("copilot-ide", s.when(59, "13:05"), "mia", "copilot/ide-prod", "gpt-4.1-mini",
          "Short completions in the editor extension.", s.on(200), tpm=120_000, rpm=900, usd_per_month="400")  # fmt: skip
    s.approve("copilot-ide", s.when(59, "15:31"), "lee")
    s.ask("copilot-echo", s.when(58, "07:58"), "mia", "copilot/lab", "echo",
          "Trying the gateway from the lab before anything real.", s.on(300), "public",
          rpm=120, tpm=200_000, tokens_per_month=20_000_000, usd_per_month="50")  # fmt: skip
    s.approve("copilot-echo", s.when(58, "08:03"), "ada", "Sandbox, nothing leaves the building.")
    s.ask("search-ranking", s.when(58, "10:22"), "omar", "search/ranking", "grok-3-mini",
          "Second-pass ranking of long-tail queries.", s.on(90), tpm=90_000, rpm=500, usd_per_month="520")  # fmt: skip
    s.approve(
        "search-ranking",
        s.when(57, "08:41"),
        "ada",
        "Less until the first month is measured.",
        usd_per_month="210",
    )
    s.ask("search-answers", s.when(52, "14:17"), "omar", "search/answers", "gpt-4o",
          "Answer cards above the results.", s.on(36), tpm=60_000, rpm=200, usd_per_month="260")  # fmt: skip
    s.approve(
        "search-answers",
        s.when(51, "09:09"),
        "lee",
        "Less until a month is measured.",
        usd_per_month=search_usd,
    )
    s.ask("support-triage", s.when(57, "11:36"), "sue", "support/ticket-triage", "gpt-4.1",
          "Sort incoming tickets and draft a first summary.", s.on(150), "confidential",
          tpm=140_000, rpm=700, usd_per_month="1900")  # fmt: skip
    s.approve("support-triage", s.when(56, "08:20"), "ada")
    s.approve(
        "support-triage",
        s.when(56, "12:55"),
        "sam",
        "Customer text is masked before the call; agreed with privacy.",
    )
    s.ask("docs-bot", s.when(54, "09:51"), "dora", "docs/docs-bot", "llama-3.3",
          "Answers on the documentation site.", s.on(1), "public", tpm=60_000, rpm=300, usd_per_month="300")  # fmt: skip
    s.approve("docs-bot", s.when(53, "10:13"), "lee")
    s.ask("gaming-npc", s.when(41, "15:02"), "gus", "gaming/npc", "mistral-large",
          "Dialogue of side characters; load test before the autumn update.", s.on(60),
          tpm=200_000, rpm=400, usd_per_month="800")  # fmt: skip
    s.approve("gaming-npc", s.when(40, "09:33"), "ada")
    s.ask("ads-copy", s.when(49, "08:44"), "adam", "ads/copy-check", "gpt-4.1",
          "Check advertisers' copy against our policy.", s.on(75), tpm=80_000, rpm=300, usd_per_month="700")  # fmt: skip
    s.approve("ads-copy", s.when(48, "13:28"), "ada")
    s.later(s.when(6, "16:12"), lambda at: access.suspend(
        s.grant("ads-copy").pk, reason="New data terms are not acknowledged yet.", actor=s.people["lee"], at=at))  # fmt: skip
    s.ask("security-hunt", s.when(50, "12:40"), "greta", "security-graph/hunt", "grok-3",
          "Explain suspicious command lines to analysts.", s.on(-12), tpm=50_000, rpm=120, usd_per_month="600")  # fmt: skip
    s.approve("security-hunt", s.when(49, "09:26"), "lee")
    s.ask("security-enrich", s.when(45, "10:19"), "greta", "security-graph/enrich", "gpt-4o",
          "Summaries of alerts for the morning review.", s.on(36), tpm=40_000, rpm=120, usd_per_month="450")  # fmt: skip
    s.approve("security-enrich", s.when(44, "11:02"), "ada")
    s.ask("finance-forecast", s.when(47, "09:07"), "felix", "finance-insights/forecast", "deepseek-v3",
          "Notes beside the quarterly forecast.", s.on(100), tpm=40_000, rpm=60, usd_per_month="250")  # fmt: skip
    s.approve("finance-forecast", s.when(46, "14:38"), "lee")


def ended(s: Story) -> None:
    """What came to an end: a closed team, a denial that led to the right offer, a race, a change of mind."""
    s.ask("hackathon-booth", s.when(55, "08:30"), "hana", "hackathon/booth", "gpt-4.1-mini",
          "Booth at the summer hackathon.", s.on(-20), "public", tpm=30_000, rpm=100, usd_per_month="120")  # fmt: skip
    s.approve("hackathon-booth", s.when(55, "08:52"), "ada")
    s.later(s.when(21, "17:05"), lambda at: access.revoke(
        s.grant("hackathon-booth").pk, reason="The hackathon is over.", actor=s.people["ada"], at=at))  # fmt: skip
    s.ask("docs-translate-r1", s.when(33, "13:12"), "dora", "docs/translate", "deepseek-r1",
          "Translate the handbook.", s.on(60), "public", tpm=80_000, rpm=100, usd_per_month="900")  # fmt: skip
    s.deny("docs-translate-r1", s.when(32, "09:54"), "lee",
           "A reasoning model is slow and dear for translation. Phi-4 on the same host fits; ask for that.")  # fmt: skip
    s.ask("docs-translate-phi", s.when(31, "08:36"), "dora", "docs/translate", "phi-4",
          "Translate the handbook, as advised.", s.on(60), "public", tpm=80_000, rpm=100, usd_per_month="150")  # fmt: skip
    s.approve("docs-translate-phi", s.when(31, "09:18"), "lee")
    s.ask("support-drafts", s.when(28, "10:47"), "sue", "support/reply-drafts", "o4-mini",
          "Drafts of replies, staging only.", s.on(30), tpm=40_000, rpm=60, usd_per_month="300")  # fmt: skip
    s.withdraw("support-drafts", s.when(27, "08:15"), "sue")
    race = s.when(26, "14:03")
    s.ask("gaming-moderation", s.when(27, "16:21"), "gus", "gaming/moderation", "gpt-4.1-mini",
          "First look at reported chat messages.", s.on(120), tpm=60_000, rpm=600, usd_per_month="350")  # fmt: skip
    s.approve("gaming-moderation", race + timedelta(seconds=11), "lee", "Fine for the size of the queue.")


def waiting(s: Story) -> None:
    """What is open today."""
    s.ask("copilot-launch", s.when(1, "15:44"), "mia", "copilot/chat-prod", "gpt-4.1",
          f"Launch to all customers on {s.on(6):%d %B}. The pilot reached its limit last week; we expect four times the load.",
          s.on(180), tpm=400_000, rpm=2_400, tokens_per_month=1_600_000_000, usd_per_month="4800")  # fmt: skip
    s.ask("ads-audience", s.when(2, "11:08"), "adam", "ads/audience", "grok-3-direct",
          "Summaries of audience research; the notes hold names of research partners.",
          s.on(90), "confidential", tpm=30_000, rpm=60, usd_per_month="280")  # fmt: skip
    s.approve("ads-audience", s.when(1, "09:17"), "lee")
    s.ask("search-grok", s.when(2, "13:39"), "omar", "search/ranking", "grok-3",
          "Replace the second-pass ranker before the season; measured 9 % better than the small one.",
          s.on(120), tpm=500_000, rpm=2_000, usd_per_month="9000")  # fmt: skip
    s.approve("search-grok", s.when(1, "10:26"), "ada")
    s.ask("docs-search", s.when(5, "09:25"), "dora", "docs/docs-bot", "gpt-4.1-mini",
          "Answers on the documentation site, when the present grant ends.", s.on(150), "public",
          tpm=40_000, rpm=200, usd_per_month="90")  # fmt: skip
    s.ask("gaming-grok", s.when(4, "16:50"), "gus", "gaming/npc", "grok-3-mini",
          "Try another voice for the side characters.", s.on(60), tpm=90_000, rpm=200, usd_per_month="400")  # fmt: skip
    s.ask("ada-own", s.when(1, "13:13"), "ada", "docs/translate", "gpt-4.1-mini",
          "Second reader for machine-translated pages.", s.on(30), "public",
          tpm=10_000, rpm=30, usd_per_month="20")  # fmt: skip
    s.ask("support-more", s.when(0, "07:26"), "sue", "support/ticket-triage", "gpt-4.1",
          "The queue doubled with release 2.18; calls were refused at the minute limit.",
          s.on(150), "confidential", tpm=220_000, rpm=1_100, usd_per_month="2600")  # fmt: skip
