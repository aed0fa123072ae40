"""What stands around every page: navigation by role, the demo strip, what is stale."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.module_loading import import_string

from foundry.lib import clock
from foundry.people.demo import PEOPLE
from foundry.people.models import User
from foundry.web.status import stale_messages


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the sidebar. `counter` names a function of the person that answers how many wait,
    `others` one that says whether somebody without the roles needs it.
    """

    name: str
    label: str
    icon: str
    roles: tuple[str, ...] = ()
    counter: str = ""
    others: str = ""

    def is_for(self, person: User) -> bool:
        if not self.roles or person.is_any(*self.roles):
            return True
        return bool(self.others) and bool(import_string(self.others)(person))


GROUPS: list[tuple[str, list[Link]]] = [
    (
        "",
        [
            Link("home", "Home", "home"),
            Link("catalog", "Catalog", "catalog"),
            Link("feed", "What changed", "status"),
            Link("requests", "Requests", "requests"),
            Link("grants", "Grants", "grants"),
            Link("keys", "Keys", "keys"),
            Link("usage", "Usage", "usage"),
            Link("retirements", "Retirements", "retirements"),
            Link("teams", "Teams", "teams"),
            Link("limits", "Limits", "policies"),
        ],
    ),
    (
        "Decide",
        [
            Link(
                "approvals",
                "Approvals",
                "approvals",
                roles=("admin", "security", "finance"),
                counter="tenants.access.rules.waiting_for",
                others="tenants.access.rules.decides_by_name",
            ),
            Link(
                "policies", "Policies", "policies", roles=("admin", "ops", "auditor", "security", "finance")
            ),
            Link("moving-in", "Moving in", "download", roles=("admin",)),
            Link("cost-centres", "Cost centres", "usage", roles=("admin", "auditor", "finance")),
        ],
    ),
    (
        "Supply",
        [
            Link("hosts", "Hosts", "hosts", roles=("admin", "ops", "auditor")),
            Link(
                "changes", "Changes", "sync", roles=("admin", "ops"), counter="catalog.rules.waiting_changes"
            ),
            Link("terms-list", "Terms", "audit", roles=("admin", "ops", "auditor", "security")),
            Link("capacity", "Capacity", "capacity", roles=("admin", "ops", "finance")),
        ],
    ),
    (
        "Prove",
        [
            Link("status", "Status", "status", roles=("admin", "ops")),
            Link("audit", "Audit", "audit", roles=("admin", "auditor")),
            Link("people", "People", "teams", roles=("admin",)),
            Link("hooks", "Hooks", "out", roles=("admin",)),
        ],
    ),
]


UNREAD = "foundry.notify.views.unread"  # a string, because pages of every slice stand in this shell


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `nav`, `demo`, `demo_people`, `stale`, `unread`."""
    person = getattr(request, "user", None)
    context: dict[str, Any] = {"demo": settings.DEMO, "nav": [], "stale": [], "demo_people": []}
    if settings.DEMO:
        context["demo_people"] = PEOPLE
    if not isinstance(person, User):
        return context
    context["nav"] = navigation(person, request.path)
    context["unread"] = import_string(UNREAD)(person)
    if person.is_any("admin", "ops"):
        context["stale"] = stale_messages(clock.now())
    return context


def navigation(person: User, here: str) -> list[dict[str, Any]]:
    """The sidebar's groups, only with what this person can use; the page they are on is marked once."""
    groups = [(label, [link for link in links if link.is_for(person)]) for label, links in GROUPS]
    urls = [reverse(link.name) for _, links in groups for link in links]
    around = [url for url in urls if here == url or (url != "/" and here.startswith(url))]
    current = max(around, key=len, default="")
    return [
        {"label": label, "items": [item(link, person, current) for link in links]}
        for label, links in groups
        if links
    ]


def item(link: Link, person: User, current: str) -> dict[str, Any]:
    url = reverse(link.name)
    return {
        "url": url,
        "label": link.label,
        "icon": link.icon,
        "count": import_string(link.counter)(person) if link.counter else None,
        "active": url == current,
    }
