"""LiteLLM's teams, keys and budgets, through its management API or from a file with its answers. Django-free.

Read at LiteLLM 1.110: `/v2/team/list`, `/key/list`, `/v1/model/info`, `/user/list`. Of a key only its alias is read: neither its
hash (`token`) nor the piece of it that LiteLLM calls `key_name` gets beyond this file.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from foundry.lib.addresses import networks
from foundry.lib.http import BadAnswer, Bounds, GuardedClient
from foundry.lib.units import nanos

PER_PAGE, MOST_PAGES, MOST_ROWS = 100, 500, 20_000
BOUNDS = Bounds(deadline_s=20.0, read_s=10.0)
COUNTS = {
    "rpm_limit": "rpm",
    "tpm_limit": "tpm",
    "tpd_limit": "tokens_per_day",
    "max_parallel_requests": "concurrency",
}
MOST = 10**15
EVERY_MODEL, OF_THE_TEAM, NO_MODEL = "all-proxy-models", "all-team-models", "no-default-models"
ITS_OWN_PAGES = "litellm-dashboard"  # the team of the keys of LiteLLM's own sign-in
PERIOD = re.compile(r"(\d{1,5})(mo|[smhdw])")
DAYS = {
    "s": Decimal(1) / 86_400,
    "m": Decimal(1) / 1_440,
    "h": Decimal(1) / 24,
    "d": Decimal(1),
    "w": Decimal(7),
    "mo": Decimal(30),
}
SECRET = re.compile(
    r"(?<![A-Za-z])sk-\S*"  # LiteLLM's own, OpenAI's, Anthropic's
    r"|eyJ[\w.-]{16,}|AIza[\w-]{20,}"
    r"|[0-9A-Fa-f]{32,}"
    r"|(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{24,}"  # one long word of letters and digits
)
UNNAMED, HIDDEN = "unnamed keys", "…"


class Unreadable(ValueError):
    """The file or an answer is not what LiteLLM sends; says which row and why."""

    def __init__(self, said: str) -> None:
        super().__init__(without_secrets(said))


@dataclass(slots=True)
class Found:
    """What one application of a team may call there: one future grant.

    :param ref: says at the next reading that it is the same. :param backs: what the model's name stands for there.
    :param limits: whole numbers by our kinds, money in nano-dollars. :param notes: how each was translated.
    :param team_limits: what the team's keys share there, likewise.
    :param keys: how many of its keys carry the alias; more than one only where a secret stood in it, or none has a name.
    """

    team_ref: str
    team: str
    owner: str
    application: str
    model: str
    backs: str
    limits: dict[str, int]
    notes: list[str]
    spent_usd: Decimal
    ends_on: date | None
    team_limits: dict[str, int] = field(default_factory=dict)
    keys: int = 1

    @property
    def ref(self) -> str:
        return f"{self.team_ref}|{self.application}|{self.model}"[:400]


@dataclass(slots=True)
class Read:
    """:param left_out: how many keys make no proposal, by reason."""

    found: list[Found] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def without_secrets(name: str) -> str:
    """The name with whatever looks like a key hidden; empty where nothing else is in it."""
    hidden = SECRET.sub(HIDDEN, name)
    return hidden if hidden.strip(f"{HIDDEN} -_/:") or not name else ""


def fetch(base_url: str, credential: str, trusted: Sequence[str] = ()) -> dict[str, Any]:
    """All answers. The credential is used for these questions and kept nowhere. Raises OutwardError, Unreadable, Invalid."""
    headers, base = {"authorization": f"Bearer {credential}"}, base_url.rstrip("/")
    with GuardedClient(base, headers=headers, trusted=networks(trusted), bounds=BOUNDS) as http:
        return {
            "teams": teams(http, base),
            "keys": pages(http, f"{base}/key/list", "keys", size=str(PER_PAGE), return_full_object="true"),
            "models": rows(ask(http, f"{base}/v1/model/info", {}), "models", "data"),
            "users": pages(http, f"{base}/user/list", "users", page_size=str(PER_PAGE)),
        }


def teams(http: GuardedClient, base: str) -> list[Any]:
    """Paged where LiteLLM knows how; older ones answer with all of them."""
    try:
        return pages(http, f"{base}/v2/team/list", "teams", page_size=str(PER_PAGE))
    except BadAnswer as old:
        if old.status != 404:
            raise
        return rows(ask(http, f"{base}/team/list", {}), "teams", "teams")


def pages(http: GuardedClient, url: str, name: str, **params: str) -> list[Any]:
    found: list[Any] = []
    for page in range(1, MOST_PAGES + 1):
        told = ask(http, url, params | {"page": str(page)})
        found += rows(told, name, name)
        if page >= count(told, "total_pages", name, 0):
            return found
    raise Unreadable(f"{name}: more than {MOST_PAGES} pages.")


def ask(http: GuardedClient, url: str, params: dict[str, str]) -> Any:
    return opened(http.get(url, params).body)


def opened(raw: bytes) -> Any:
    """JSON with decimals as they are written. Raises Unreadable."""
    try:
        return json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"This is not JSON: {error}.") from error


def read(export: Any, today: date) -> Read:
    """Raises Unreadable naming the row."""
    if not isinstance(export, dict):
        raise Unreadable("An export is an object with teams, keys, models and users.")
    if missing := [name for name in ("teams", "keys") if name not in export]:
        raise Unreadable(f"The export has no {' and no '.join(missing)}.")
    by_team: dict[str, tuple[dict[str, Any], str]] = {}
    for at, row in enumerated(export, "teams", "teams"):
        by_team[text(row, "team_id", at)] = (row, at)
    backs = {
        text(row, "model_name", at): backing(row, at) for at, row in enumerated(export, "models", "data")
    }
    people = {
        text(row, "user_id", at): text(row, "user_email", at, "")
        for at, row in enumerated(export, "users", "users")
    }
    done = Read()
    merged: dict[str, Found] = {}
    for at, key in enumerated(export, "keys", "keys"):
        if why := unusable(key, at, by_team, today):
            done.left_out[why] = done.left_out.get(why, 0) + 1
            continue
        for each in of_key(key, at, by_team, backs, people):
            held = merged.setdefault(each.ref, each)
            if held is not each:
                join(held, each)
    with_keys = {each.team_ref for each in merged.values()}
    for team_id, (team, at) in by_team.items():
        if team_id not in with_keys and not team.get("blocked") and team_id != ITS_OWN_PAGES:
            for each in of_key({"models": [OF_THE_TEAM], "team_id": team_id}, at, by_team, backs, people):
                each.keys, each.application = 0, "main"
                merged.setdefault(each.ref, each)
    done.found = sorted(merged.values(), key=lambda each: (each.team, each.application, each.model))
    if len(done.found) > MOST_ROWS:
        raise Unreadable(f"keys: they make {len(done.found):,} grants, more than {MOST_ROWS:,}.")
    return done


def unusable(key: dict[str, Any], at: str, by_team: dict[str, Any], today: date) -> str:
    """Why a key makes no proposal; empty where it does."""
    if (team := text(key, "team_id", at, "")) == ITS_OWN_PAGES:
        return "of LiteLLM's own pages"
    if key.get("blocked") or (team in by_team and by_team[team][0].get("blocked")):
        return "blocked there"
    ends = day(key, "expires", at)
    return "expired there" if ends is not None and ends <= today else ""


def of_key(
    key: dict[str, Any], at: str, by_team: dict[str, Any], backs: dict[str, str], people: dict[str, str]
) -> Iterator[Found]:
    """One for each model that the key may call."""
    team_id, user_id = text(key, "team_id", at, ""), text(key, "user_id", at, "")
    if team_id and team_id not in by_team:
        raise Unreadable(f"{at}.team_id: there is no team {team_id[:60]!r} among the teams.")
    team, team_at = by_team[team_id] if team_id else ({}, at)
    owner = owner_of(team, team_at, people) or (people.get(user_id, "") if not team_id else "")
    name = (
        text(team, "team_alias", team_at, "")
        or (team_id if team_id else owner.partition("@")[0])
        or "no team"
    )
    alias = text(key, "key_alias", at, "")
    limits, notes = limits_of(key, at)
    own, shared = bool(limits), dict[str, int]()
    if team:
        shared, told = limits_of(team, team_at)
        if filled := sorted(shared.keys() - limits.keys()):
            limits |= {kind: shared[kind] for kind in filled}
            money_too = told if any(kind.startswith("usd") for kind in filled) else []
            notes += [f"{', '.join(filled)}: the team's, which its keys share there.", *money_too]
    models = models_of(key, at, team, team_at, backs)
    if len(models) > 1 and own:
        notes.append(f"The key's {len(models)} models share its limits there; here each grant has them.")
    for model in models:
        yield Found(
            team_ref=team_id or f"user:{user_id}",
            team=(without_secrets(name) or "no name")[:120],
            owner=owner,
            application=(without_secrets(alias) or UNNAMED)[:120],
            model=(without_secrets(model) or HIDDEN)[:200],
            backs=without_secrets(backs.get(model, "")),
            limits=dict(limits),
            notes=list(notes),
            spent_usd=money(key, "spend", at) or Decimal(0),
            ends_on=day(key, "expires", at),
            team_limits=shared,
        )


def models_of(
    key: dict[str, Any], at: str, team: dict[str, Any], team_at: str, backs: dict[str, str]
) -> list[str]:
    named = texts(key, "models", at)
    if not named or OF_THE_TEAM in named:
        named = [each for each in named if each != OF_THE_TEAM] + texts(team, "models", team_at)
    if not named or EVERY_MODEL in named:
        named = [*named, *backs]
    return sorted(set(named) - {EVERY_MODEL, NO_MODEL, OF_THE_TEAM})


def owner_of(team: dict[str, Any], at: str, people: dict[str, str]) -> str:
    """The address of the team's first admin whose address is known."""
    for number, member in enumerate(team.get("members_with_roles") or []):
        if not isinstance(member, dict):
            raise Unreadable(f"{at}.members_with_roles[{number}]: must be an object.")
        if member.get("role") == "admin":
            told = text(member, "user_email", at, "") or people.get(text(member, "user_id", at, ""), "")
            if told:
                return told.lower()
    return ""


def join(held: Found, other: Found) -> None:
    """Keys without a name are one application: of each limit the largest, of the ends the latest."""
    held.keys += 1
    held.spent_usd += other.spent_usd
    held.limits = {
        kind: max(held.limits[kind], other.limits[kind]) for kind in held.limits.keys() & other.limits.keys()
    }
    held.ends_on = max(held.ends_on, other.ends_on) if held.ends_on and other.ends_on else None


def limits_of(row: dict[str, Any], at: str) -> tuple[dict[str, int], list[str]]:
    """In our units, with words for what had to be translated. A limit of nothing is no limit that could be granted."""
    beside = row.get("litellm_budget_table") if isinstance(row.get("litellm_budget_table"), dict) else {}
    row = {**(beside or {}), **{name: value for name, value in row.items() if value is not None}}
    limits = {kind: told for name, kind in COUNTS.items() if (told := count(row, name, at, 0))}
    budget, every = money(row, "max_budget", at), text(row, "budget_duration", at, "")
    if not budget:
        return limits, []
    if not every:
        left = max(budget - (money(row, "spend", at) or 0), Decimal(0))
        said = f"{budget} USD in all, never reset; {left} are left and become the month's."
        return limits | ({"usd_per_month": nanos(left)} if left else {}), [said]
    period = PERIOD.fullmatch(every)
    if period is None or not int(period[1]):
        raise Unreadable(f"{at}.budget_duration: {every[:30]!r} is no time such as 30d or 1mo.")
    days = int(period[1]) * DAYS[period[2]]
    if days == 1:
        return limits | {"usd_per_day": nanos(budget)}, [f"{budget} USD each {every}: a day's budget."]
    is_month = 28 <= days <= 31
    month = (budget if is_month else budget * 30 / days).quantize(Decimal("0.01"))
    said = f"{budget} USD each {every}: a month's budget{'' if is_month else ', brought to 30 days'}."
    return limits | ({"usd_per_month": nanos(month)} if month else {}), [said]


def backing(row: dict[str, Any], at: str) -> str:
    params = row.get("litellm_params") or {}
    if not isinstance(params, dict):
        raise Unreadable(f"{at}.litellm_params: must be an object.")
    return text(params, "model", f"{at}.litellm_params", "")


def enumerated(export: dict[str, Any], name: str, inner: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with what it is called in an error. Raises Unreadable."""
    for number, row in enumerate(rows(export.get(name, []), name, inner)):
        if not isinstance(row, dict):
            wants = ", with `return_full_object=true`" if name == "keys" else ""
            raise Unreadable(f"{name}[{number}]: must be an object{wants}.")
        yield f"{name}[{number}]", row


def rows(told: Any, name: str, inner: str) -> list[Any]:
    """A list, or an answer of LiteLLM's with the list in it."""
    found = told.get(inner) if isinstance(told, dict) else told
    if not isinstance(found, list):
        raise Unreadable(f"{name}: must be a list, or an answer with `{inner}`.")
    return found


def text(row: dict[str, Any], name: str, at: str, default: str | None = None) -> str:
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or "\x00" in value or len(value) > 500 or (not value and default is None):
        raise Unreadable(f"{at}.{name}: must be a text.")
    return value.strip()


def texts(row: dict[str, Any], name: str, at: str) -> list[str]:
    value = row.get(name) or []
    if not isinstance(value, list) or not all(
        isinstance(each, str) and each and "\x00" not in each for each in value
    ):
        raise Unreadable(f"{at}.{name}: must be a list of names.")
    return value


def count(row: Any, name: str, at: str, default: int) -> int:
    value = row.get(name) if isinstance(row, dict) else None
    if value is None:
        return default
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"{at}.{name}: must be a whole number of 0 or more.")
    return min(value, MOST)


def money(row: dict[str, Any], name: str, at: str) -> Decimal | None:
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= 10**9:
        raise Unreadable(f"{at}.{name}: must be USD from 0 to 1,000,000,000.")
    return Decimal(value)


def day(row: dict[str, Any], name: str, at: str) -> date | None:
    value = text(row, name, at, "")
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).date() if value else None
    except ValueError as error:
        raise Unreadable(f"{at}.{name}: {value[:40]!r} is no time.") from error
