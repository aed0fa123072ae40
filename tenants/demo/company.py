"""Who the demo company is: cost centres, teams, their people and applications."""

from typing import NamedTuple

from tenants.teams.models import Environment

LIVE, STAGING, LAB = Environment.PRODUCTION, Environment.STAGING, Environment.DEVELOPMENT

COST_CENTRES = {
    "4410": "Assistants",
    "4420": "Search and ranking",
    "4430": "Customer support",
    "4440": "Advertising",
    "4450": "Documentation",
    "4460": "Security products",
    "4470": "Finance systems",
    "4480": "Gaming",
    "4490": "Experiments",
}


class Crew(NamedTuple):
    """A team: `people` are short names, the first its owner; applications are (slug, name, environment)."""

    slug: str
    name: str
    cost_centre: str
    people: tuple[str, ...]
    applications: tuple[tuple[str, str, str], ...]


# Beside the people on the sign-in page; nobody signs in as these.
COLLEAGUES = {
    "sue": "Sue Okafor",
    "adam": "Adam Reyes",
    "dora": "Dora Lindqvist",
    "greta": "Greta Vogel",
    "felix": "Felix Marin",
    "gus": "Gus Tanaka",
    "hana": "Hana Silva",
}

TEAMS = [
    Crew(
        "copilot",
        "Copilot",
        "4410",
        ("olga", "mia"),
        (("chat-prod", "Chat", LIVE), ("ide-prod", "Editor extension", LIVE), ("lab", "Prompt lab", LAB)),
    ),
    Crew(
        "search",
        "Search",
        "4420",
        ("omar",),
        (("ranking", "Ranking", LIVE), ("answers", "Answer cards", LIVE)),
    ),
    Crew(
        "support",
        "Support",
        "4430",
        ("sue",),
        (("ticket-triage", "Ticket triage", LIVE), ("reply-drafts", "Reply drafts", STAGING)),
    ),
    Crew(
        "ads",
        "Ads",
        "4440",
        ("adam",),
        (("copy-check", "Copy check", LIVE), ("audience", "Audience notes", STAGING)),
    ),
    Crew(
        "docs",
        "Docs",
        "4450",
        ("dora", "ada"),
        (("docs-bot", "Docs bot", LIVE), ("translate", "Translation", LIVE)),
    ),
    Crew(
        "security-graph",
        "Security Graph",
        "4460",
        ("greta",),
        (("hunt", "Threat hunt", LIVE), ("enrich", "Alert enrichment", LIVE)),
    ),
    Crew(
        "finance-insights",
        "Finance Insights",
        "4470",
        ("felix",),
        (("forecast", "Forecast notes", LIVE), ("close", "Month close", STAGING)),
    ),
    Crew(
        "gaming",
        "Gaming",
        "4480",
        ("gus",),
        (("npc", "Dialogue", LIVE), ("moderation", "Chat moderation", LIVE)),
    ),
    Crew("hackathon", "Hackathon", "4490", ("hana",), (("booth", "Booth", LAB), ("demo", "Stage demo", LAB))),
]
