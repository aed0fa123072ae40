"""What a URL asks of the ledger: from when to when, by what, and only of whom. Nothing in it is ignored in silence."""

from collections.abc import Iterable, Mapping

from catalog.models import Host
from foundry.lib import clock
from foundry.lib.errors import Invalid
from foundry.people.models import User
from tenants.teams.models import Application, Team
from tenants.usage.envelope import Outcome
from tenants.usage.period import Period, read_period
from tenants.usage.summary import IDS, Question, read_by

FILTERS = ("team", "model", "host", "offer", "key", "grant", "application", "tag", "outcome")
WHEN = ("from", "to", "range")


def read_question(query: Mapping[str, str], by: str) -> Question:
    """The question in a URL. Raises Invalid."""
    return Question(period_of(query), read_by(by), read_only(query))


def period_of(query: Mapping[str, str]) -> Period:
    return read_period(query.get("from", ""), query.get("to", ""), query.get("range", ""), clock.now())


def read_only(query: Mapping[str, str]) -> dict[str, str]:
    """The filters with a value that can be one. Raises Invalid."""
    only = {name: query[name] for name in FILTERS if query.get(name)}
    for name, value in only.items():
        if name in IDS and not (value.isascii() and value.isdigit() and len(value) < 19):
            raise wrong(name, f"'{value[:40]}' is no number of a {name}.", f"Write the {name}'s id, say 12.")
        if name == "outcome" and value not in set(Outcome):
            raise wrong(name, f"'{value[:40]}' is no outcome.", f"Use one of {', '.join(Outcome)}.")
    return only


def require_names(query: Iterable[str], known: Iterable[str]) -> None:
    """A script's misspelt filter is refused, since its answer would be of more than was asked for. Raises Invalid."""
    known = list(known)
    if unknown := [name for name in query if name not in known]:
        raise wrong(
            unknown[0][:40],
            f"'{unknown[0][:40]}' is nothing to ask for here.",
            f"Use some of {', '.join(known)}.",
        )


def require_seen(only: Mapping[str, str], person: User) -> None:
    """Named teams, applications and hosts are seen by the person; a foreign one is as one that is not. Raises Invalid."""
    teams = Team.objects.seen_by(person)
    seen = {
        "team": teams.filter(slug=only.get("team", "")),
        "application": Application.objects.filter(slug=only.get("application", ""), team__in=teams),
        "host": Host.objects.filter(slug=only.get("host", "")),
    }
    for name, rows in seen.items():
        if name in only and not rows.exists():
            raise wrong(
                name, f"There is no {name} '{only[name][:40]}' that you may see.", f"Write the {name}'s slug."
            )


def wrong(name: str, message: str, remedy: str) -> Invalid:
    return Invalid(f"usage.{name}", message, remedy=remedy, errors={name: remedy})
