"""Rules of a policy between people and the database: read with every mistake named, written as they are kept."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundry.lib.errors import Invalid
from tenants.access.amounts import fault, read_amount, speak_amount, speak_limits
from tenants.access.policy import LISTS, Rule
from tenants.access.states import Asks, DataClass, LimitKind, StepRole, step_label
from tenants.teams.models import Environment

RULES_AT_MOST, NAME_LENGTH, LIST_AT_MOST, DAYS_AT_MOST = 50, 80, 50, 366
DECIDING = [role for role in StepRole.values if role != StepRole.POLICY]
WORDS = {"data_classes": DataClass.values, "environments": Environment.values, "asks": Asks.values}
COSTS, DAYS = ("cost_at_least", "cost_at_most"), ("days_at_least", "days_at_most")
SIZES = ("limits_at_least", "limits_at_most")
KEYS = {*LISTS, *COSTS, *DAYS, *SIZES}


def kept(rules: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Rules as the database keeps them; they were read by `read_rules` once and are trusted."""
    return [Rule(**rule) for rule in rules]


def read_rules(spoken: Any) -> list[dict[str, Any]]:
    """Rules as people send them, to be kept. Money in decimal USD. Raises Invalid naming the rule and the mistake."""
    if not isinstance(spoken, Sequence) or isinstance(spoken, str) or not 1 <= len(spoken) <= RULES_AT_MOST:
        raise wrong("rules", f"Send a list of 1 to {RULES_AT_MOST} rules.")
    rules = [read_rule(rule, f"rules[{place}]") for place, rule in enumerate(spoken)]
    names = [rule["name"] for rule in rules]
    if len(set(names)) != len(names):
        raise wrong("rules", "Two rules have the same name; requests show it, so it has to be one rule's.")
    return rules


def wrong(where: str, why: str) -> Invalid:
    return Invalid("policy.rule", f"{where}: {why}", remedy="Mend that rule.", errors={where: why})


def read_rule(spoken: Any, where: str) -> dict[str, Any]:
    if not isinstance(spoken, Mapping):
        raise wrong(where, "A rule is an object.")
    allowed = {"name", "match", "steps", "automatic", "longest_days", "ends"}
    if unknown := sorted(set(map(str, spoken)) - allowed):
        raise wrong(where, f"There is no {unknown[0][:40]}; a rule has {', '.join(sorted(allowed))}.")
    name = spoken.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= NAME_LENGTH or "\x00" in name:
        raise wrong(f"{where}.name", f"A rule needs a name of 1 to {NAME_LENGTH} characters; people read it.")
    for flag in ("automatic", "ends"):
        if not isinstance(spoken.get(flag, False), bool):
            raise wrong(f"{where}.{flag}", "Send true or false.")
    rule: dict[str, Any] = {
        "name": name.strip(),
        "match": read_match(spoken.get("match", {}), f"{where}.match"),
        "steps": read_steps(spoken.get("steps", []), f"{where}.steps"),
        "automatic": spoken.get("automatic", False),
        "longest_days": read_days(spoken.get("longest_days"), f"{where}.longest_days"),
        "ends": spoken.get("ends", False),
    }
    require_sense(rule, where)
    return rule


def require_sense(rule: Mapping[str, Any], where: str) -> None:
    """A rule does something, and one that approves by itself bounds what it may approve."""
    if rule["automatic"] and rule["steps"]:
        raise wrong(where, "A rule approves by itself or asks for decisions, not both.")
    if rule["automatic"] and not ({"cost_at_most"} <= set(rule["match"]) and "days_at_most" in rule["match"]):
        raise wrong(where, "A rule that approves by itself needs cost_at_most and days_at_most.")
    if not (rule["automatic"] or rule["steps"] or rule["ends"] or rule["longest_days"] is not None):
        raise wrong(where, "The rule does nothing: give it steps, a longest time, or an end.")


def read_steps(spoken: Any, where: str) -> list[list[str]]:
    if not isinstance(spoken, Sequence) or isinstance(spoken, str) or len(spoken) > len(DECIDING):
        raise wrong(where, "Send a list of steps, each a list of roles.")
    for roles in spoken:
        if not isinstance(roles, Sequence) or isinstance(roles, str) or not roles:
            raise wrong(where, "A step is a list of roles; any of them decides it.")
        if any(role not in DECIDING for role in roles) or len(set(roles)) != len(roles):
            raise wrong(where, f"The roles are {', '.join(DECIDING)}, each once in a step.")
    return [list(roles) for roles in spoken]


def read_match(spoken: Any, where: str) -> dict[str, Any]:
    if not isinstance(spoken, Mapping):
        raise wrong(where, "Send an object.")
    if unknown := sorted(set(map(str, spoken)) - KEYS):
        raise wrong(where, f"There is no {unknown[0][:40]}; a rule can be about {', '.join(sorted(KEYS))}.")
    match: dict[str, Any] = {}
    for name, value in spoken.items():
        read = read_condition(name, value, f"{where}.{name}")
        if read not in (None, [], {}):
            match[name] = read
    return match


def read_condition(name: str, value: Any, where: str) -> Any:
    if name in LISTS:
        return read_list(name, value, where)
    if name in COSTS:
        return None if value is None else read_cost(value, where)
    return read_days(value, where) if name in DAYS else read_sizes(value, where)


def read_list(name: str, value: Any, where: str) -> list[str]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > LIST_AT_MOST:
        raise wrong(where, f"Send a list of at most {LIST_AT_MOST}.")
    for each in value:
        if not isinstance(each, str) or not 1 <= len(each) <= 300 or "\x00" in each:
            raise wrong(where, "Send names as text.")
        if name in WORDS and each not in WORDS[name]:
            raise wrong(where, f"'{each[:20]}' is unknown; use {', '.join(WORDS[name])}.")
    return list(value)


def read_cost(value: Any, where: str) -> int:
    try:
        amount = read_amount(LimitKind.USD_PER_MONTH, value)
    except ValueError as error:
        raise wrong(where, str(error)) from error
    if why := fault(LimitKind.USD_PER_MONTH, amount):
        raise wrong(where, why)
    return amount


def read_days(value: Any, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= DAYS_AT_MOST:
        raise wrong(where, f"Send 1 to {DAYS_AT_MOST} days.")
    return value


def read_sizes(value: Any, where: str) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise wrong(where, "Send limits by kind.")
    sizes = {}
    for kind, amount in value.items():
        try:
            sizes[kind] = read_amount(kind, amount)
        except ValueError as error:
            raise wrong(where, f"{str(kind)[:20]}: {error}") from error
        if why := fault(kind, sizes[kind]):
            raise wrong(where, f"{kind}: {why}")
    return sizes


def speak_rules(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Kept rules as the API says them: money as decimal strings of USD."""
    return [dict(rule) | {"match": speak_match(rule["match"])} for rule in rules]


def speak_match(match: Mapping[str, Any]) -> dict[str, Any]:
    spoken = dict(match)
    for name in COSTS:
        if name in spoken:
            spoken[name] = str(speak_amount(LimitKind.USD_PER_MONTH, spoken[name]))
    for name in SIZES:
        if name in spoken:
            spoken[name] = speak_limits(spoken[name])
    return spoken


def describe(rule: Mapping[str, Any]) -> str:
    """When the rule applies, in words: `data class public; at most $50.00 a month`."""
    match, told = rule["match"], []
    for name, about in LISTS.items():
        if match.get(name):
            told.append(
                f"{about.replace('_', ' ')} {' or '.join(each.replace('_', ' ') for each in match[name])}"
            )
    for name, word in (("cost_at_least", "at least"), ("cost_at_most", "at most")):
        if name in match:
            told.append(f"{word} ${Decimal(speak_amount(LimitKind.USD_PER_MONTH, match[name])):,} a month")
    for name, word in (("days_at_least", "at least"), ("days_at_most", "at most")):
        if name in match:
            told.append(f"{word} {match[name]} days")
    for name, word in (("limits_at_least", "at least"), ("limits_at_most", "at most")):
        if name in match:
            parts = [
                f"{size} {LimitKind(kind).label.lower()}" for kind, size in speak_limits(match[name]).items()
            ]
            told.append(f"{word} {(' or ' if word == 'at least' else ' and ').join(parts)}")
    return "; ".join(told) or "everything"


def outcome_of(rule: Mapping[str, Any]) -> str:
    """What the rule does, in words."""
    told = ["approves at once"] if rule["automatic"] else []
    told += [f"{step_label(roles)} decides" for roles in rule["steps"]]
    if rule["longest_days"] is not None:
        told.append(f"at most {rule['longest_days']} days")
    if rule["ends"] and not rule["automatic"]:
        told.append("no later rule is looked at")
    return "; ".join(told)
