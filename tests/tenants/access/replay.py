"""What grants were at a moment, told from the audit alone: no other row is read, and no code of the product but its words."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

Content = dict[str, Any]
ORDER = ("rpm", "tpm", "concurrency", "tokens_per_day", "tokens_per_month", "usd_per_day", "usd_per_month")
REASONS = {"grant": "Suspended", "team": "Team suspended", "terms": "Terms not acknowledged"}


def moment(said: str) -> datetime:
    return datetime.fromisoformat(said)


def name_of(actor: str) -> str:
    return actor.split(" <")[0]


@dataclass
class Raised:
    pk: int
    kind: str
    limits: dict[str, Any]
    ends_at: datetime
    carried: set[str]


@dataclass
class Held:
    """A grant as its entries made it."""

    pk: int
    team: str
    offer: int
    offer_name: str
    application: str
    request: int
    starts_at: datetime
    ends_at: datetime
    data_class: str
    terms_version: int | None
    decided_by: str
    limits: dict[str, Any]
    revoked: bool = False
    raises: list[Raised] = field(default_factory=list)
    grace: dict[int, tuple[datetime, datetime]] = field(
        default_factory=dict
    )  # by the request that is undecided


@dataclass
class Terms:
    name: str
    before: str | None = None
    counts_from: datetime | None = None


class Replay:
    """Feed it entries in their order, then ask."""

    def __init__(self, entries: Iterable[Content]) -> None:
        self.grants: dict[int, Held] = {}
        self.blocks: dict[int, dict[str, Any]] = {}
        self.offers: dict[int, Terms] = {}
        self.slugs: dict[str, str] = {}
        self.acknowledged: set[tuple[str, str]] = set()
        self.asked_on: dict[int, int] = {}
        for entry in entries:
            act = getattr(self, entry["verb"].replace(".", "_"), None)
            if act is not None:
                act(entry, entry["before"] or {}, entry["after"] or {}, moment(entry["at"]))

    # What was asked

    def request_submit(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        self.ask(int(entry["object"][1]), after)

    request_appeal = request_submit

    def grant_renew(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        self.ask(after["request"], after)

    def ask(self, request: int, said: Content) -> None:
        if said["terms"]:
            self.acknowledged.add((said["team"], said["terms"]))
        if "grace" in said:
            held = self.grants[said["changes_grant"]]
            held.grace[request] = moment(said["grace"]["from"]), moment(said["grace"]["until"])

    def over(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        for held in self.grants.values():
            held.grace.pop(int(entry["object"][1]), None)

    request_deny = request_withdraw = over

    def request_approve(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        if after["grant"] is None:
            return
        self.over(entry, before, after, at)
        stands_for = after.get("on_behalf_of")
        decided_by = name_of(entry["actor"]) + (f" for {stands_for}" if stands_for else "")
        held = self.grants.get(after["grant"])
        if held is None:
            held = self.grants[after["grant"]] = Held(
                pk=after["grant"], team=before["team"], offer=before["offer_id"], offer_name=before["offer"],
                application=before["application"].split("/")[1], request=int(entry["object"][1]), starts_at=at, ends_at=at,
                data_class="", terms_version=None, decided_by="", limits={},
            )  # fmt: skip
        self.overrule(held, after["limits"], at)
        held.limits, held.decided_by = after["limits"], decided_by
        held.ends_at, held.data_class = moment(after["ends_at"]), after["data_class"]
        held.terms_version = after["terms_version"]

    def overrule(self, held: Held, granted: dict[str, Any], at: datetime) -> None:
        """The decision has the last word on limits that it changes."""
        changed = {kind for kind in ORDER if held.limits.get(kind) != granted.get(kind)}
        for each in held.raises:
            each.carried -= changed

    # What was taken, and given back

    def grant_revoke(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        self.grants[int(entry["object"][1])].revoked = True

    def grant_suspend(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        grant = int(entry["object"][1]) if entry["verb"] == "grant.suspend" else None
        self.blocks[after["block"]] = {
            "kind": "grant" if grant else "team", "grant": grant, "team": after["team"], "why": after["reason"],
            "since": moment(after["since"]), "by": name_of(entry["actor"]), "block": after["block"],
        }  # fmt: skip

    def grant_resume(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        del self.blocks[before["block"]]

    team_suspend, team_unsuspend = grant_suspend, grant_resume

    def grant_move(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        for grant, side in ((after["from"], "giver"), (after["to"], "taker")):
            held = self.grants[grant]
            assert held.limits[after["kind"]] == before[side], "each move begins with what was there"
            held.limits = held.limits | {after["kind"]: after[side]}

    def grant_raise(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        kind = "raise" if entry["verb"] == "grant.raise" else "break_glass"
        limits = after["limits"]
        raised = Raised(after["raise"], kind, limits, moment(after["until"]), set(limits))
        self.grants[int(entry["object"][1])].raises.append(raised)

    grant_break_glass = grant_raise

    def grant_end_raise(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        for each in self.grants[int(entry["object"][1])].raises:
            if each.pk == after["raise"]:
                each.carried = set()

    # Terms

    def terms_acknowledge(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        self.acknowledged.add((after["team"], after["terms"]))

    def terms_publish(self, entry: Content, before: Content, after: Content, at: datetime) -> None:
        counts_from = moment(after["counts_from"]) if after["counts_from"] else None
        for offer in after["moved"]:
            was, new = self.offers.get(offer), Terms(entry["object"][2], None, counts_from)
            if was is not None and counts_from is not None:
                waits = was.counts_from is not None and was.counts_from > at
                new.before = was.before if waits else was.name
            self.offers[offer] = new

    terms_assign = terms_publish

    # Asked

    def at(self, at: datetime) -> list[dict[str, Any]]:
        """Grants in force, as the API says them."""
        told = [self.say(held, at) for held in self.grants.values() if self.in_force(held, at)]
        return sorted(told, key=lambda each: -each["id"])

    def in_force(self, held: Held, at: datetime) -> bool:
        graced = any(start <= at < end for start, end in held.grace.values())
        return not held.revoked and (at < held.ends_at or graced)

    def say(self, held: Held, at: datetime) -> dict[str, Any]:
        blocks = self.reasons(held, at)
        words = ". ".join(f"{REASONS[each['kind']]}: {each['why']}".rstrip(".") for each in blocks)
        running = [each for each in held.raises if each.carried and at < each.ends_at]
        grace = [
            {"request": request, "until": end}
            for request, (start, end) in held.grace.items()
            if start <= at < end
        ]
        return {
            "id": held.pk, "state": "suspended" if blocks else "live", "team": held.team, "offer": held.offer,
            "offer_name": held.offer_name, "model": held.offer_name.split(":", 1)[1], "applications": [held.application],
            "data_class": held.data_class, "limits": self.limits(held, running), "starts_at": held.starts_at,
            "ends_at": held.ends_at, "grace": grace[0] if grace else None, "idle": None, "blocks": blocks,
            "suspended_at": min((each["since"] for each in blocks if each["since"]), default=None),
            "suspended_why": words, "revoked_at": None, "revoked_why": "", "terms_version": held.terms_version,
            "request": held.request, "decided_by": held.decided_by,
            "raises": [
                {"id": each.pk, "kind": each.kind, "limits": each.limits, "ends_at": each.ends_at}
                for each in sorted(running, key=lambda each: -each.pk)
            ],
        }  # fmt: skip

    def limits(self, held: Held, running: list[Raised]) -> dict[str, Any]:
        """What was granted, or the highest raise over it."""
        found = {}
        for kind in ORDER:
            amounts = [each.limits[kind] for each in running if kind in each.carried]
            if kind in held.limits:
                found[kind] = max([held.limits[kind], *amounts], key=Decimal)
        return found

    def reasons(self, held: Held, at: datetime) -> list[dict[str, Any]]:
        mine = [
            {name: each[name] for name in ("kind", "why", "since", "by", "block")}
            for each in sorted(self.blocks.values(), key=lambda each: (each["since"], each["block"]))
            if each["team"] == held.team and each["grant"] in (None, held.pk)
        ]
        return mine + self.terms_due(held, at)

    def terms_due(self, held: Held, at: datetime) -> list[dict[str, Any]]:
        under = self.offers.get(held.offer)
        if under is None or (held.team, under.name) in self.acknowledged:
            return []
        due, since = under.name, under.counts_from
        if since is not None and since > at:
            if under.before is None or (held.team, under.before) in self.acknowledged:
                return []
            due, since = under.before, None
        return [{"kind": "terms", "why": due, "since": since, "by": "", "block": None}]
