"""Keys of the demo's applications: one leaked and revoked, one rotating, one never used, one whose maker left."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tenants.demo.story import Story
from tenants.keys import actions
from tenants.keys.models import ApiKey

# application: who makes its key, how many days ago
MADE = {
    "copilot/chat-prod": ("olga", 59),
    "copilot/ide-prod": ("mia", 58),
    "copilot/lab": ("mia", 57),
    "search/ranking": ("omar", 56),
    "search/answers": ("omar", 50),
    "support/ticket-triage": ("sue", 55),
    "docs/docs-bot": ("dora", 52),
    "docs/translate": ("dora", 30),
    "ads/copy-check": ("adam", 47),
    "security-graph/hunt": ("greta", 48),
    "security-graph/enrich": ("greta", 43),
    "finance-insights/forecast": ("felix", 45),
    "gaming/npc": ("gus", 39),
    "gaming/moderation": ("gus", 25),
    "hackathon/booth": ("hana", 54),
}


@dataclass(slots=True)
class Keys:
    """Each application's key by `team/application`; `secrets` are known here only while the demo loads."""

    story: Story
    made: dict[str, ApiKey] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def script(self) -> None:
        for name, (who, days_ago) in MADE.items():
            self.make(name, name, who, self.story.when(days_ago, "10:04") + timedelta(minutes=len(name)))
        self.keep_to(
            "security-graph/hunt", ["10.40.0.0/16", "2001:db8:40::/48"], self.story.when(44, "09:30")
        )
        self.make("leaked", "support/ticket-triage", "sue", self.story.when(40, "09:12"))
        self.revoke("leaked", self.story.when(17, "22:41"), "The key stood in a public repository.")
        self.make("never used", "copilot/chat-prod", "mia", self.story.when(20, "16:18"))
        self.revoke("hackathon/booth", self.story.when(21, "17:09"), "The hackathon is over.")

    def make(self, name: str, application: str, who: str, at: datetime) -> None:
        def act(at: datetime) -> None:
            self.made[name], self.secrets[name] = actions.issue_key(
                application=self.story.applications[application],
                name=name if name != application else "production",
                actor=self.story.people[who],
                at=at,
            )

        self.story.later(at, act)

    def keep_to(self, name: str, networks: list[str], at: datetime) -> None:
        def act(at: datetime) -> None:
            key = self.made[name]
            told: dict[str, Any] = {"name": key.name, "grants": [], "expires_at": None}
            actions.change_key(key.pk, **told, networks=networks, actor=self.story.people["greta"], at=at)

        self.story.later(at, act)

    def revoke(self, name: str, at: datetime, reason: str) -> None:
        self.story.later(
            at,
            lambda at: actions.revoke_key(
                self.made[name].pk, reason=reason, actor=self.story.people["ada"], at=at
            ),
        )
