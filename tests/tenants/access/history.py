"""A machine that does to grants whatever people can do to them, in any order, by a clock of its own.

`check()` then asks for grants as of each moment of that history and compares it with a replay of the audit.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from catalog import actions as supply
from catalog.models import Terms
from catalog.terms import TermsText
from foundry.audit.models import Entry
from foundry.lib.errors import Refused
from foundry.people.models import User
from tenants.access import actions
from tenants.access.models import Block, Grant, Raise, Request
from tenants.keys import actions as keys
from tenants.keys.models import ApiKey
from tenants.teams import actions as teams
from tests import make
from tests.people import api, browser
from tests.tenants.access.replay import Replay

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SIZES = ({"tpm": 20_000}, {"tpm": 60_000, "rpm": 60}, {"tpm": 40_000, "usd_per_month": 50_000_000_000})
STEPS = (
    timedelta(seconds=1),
    timedelta(minutes=20),
    timedelta(hours=5),
    timedelta(days=3),
    timedelta(days=11),
)
MOMENTS = {"suspended_at", "starts_at", "ends_at", "since", "until"}
PAGE_EACH = 8  # of so many moments, the page is asked for one
PICK, FEW = st.integers(0, 11), st.integers(0, 2)
done = {"histories": 0, "acts": 0, "refused": 0, "moments": 0, "rows": 0}
refusals: Counter[str] = Counter()


class History(RuleBasedStateMachine):
    """Each history is one transaction that is rolled back; what a commit would check is checked after each act."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = transaction.atomic()
        self.whole.__enter__()
        self.now = START

    @initialize()
    def a_company(self) -> None:
        self.first = Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
        self.admins = [make.person(roles=("admin",)), make.person(roles=("admin",))]
        self.stand_in = make.person(roles=("ops",))
        self.security, self.finance = make.person(roles=("security",)), make.person(roles=("finance",))
        self.teams = [make.team(members=(make.person(),), at=START) for _ in range(2)]
        self.applications = [make.application(team, at=START) for team in self.teams for _ in range(2)]
        self.offers = [make.offer(), make.offer()]
        actions.delegate(
            to=self.stand_in,
            starts_at=START,
            ends_at=START + timedelta(days=80),
            actor=self.admins[0],
            at=START,
        )
        supply.add_terms("house-rules", words("house-rules", 0), actor=self.admins[0], at=START)
        supply.add_terms("other-rules", words("other-rules", 0), actor=self.admins[0], at=START)
        for application in self.applications[:3]:
            self.opened(
                make.request(of=application.team, offer=self.offers[0], app=application, at=START), START
            )
        self.now += timedelta(hours=1)
        self.setup = Entry.objects.filter(seq__gt=self.first).count()

    def opened(self, asked: Request, at: datetime) -> None:
        """Every step of it approved as asked."""
        while asked.steps.filter(decision=None).exists():
            actions.approve(asked.pk, actor=self.decider(asked, False), at=at)

    def act(self, what: Callable[[], object]) -> None:
        """One act a moment later; what is refused leaves nothing."""
        self.now += timedelta(milliseconds=10)
        try:
            with transaction.atomic():
                what()
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        except Refused as refused:
            done["refused"] += 1
            refusals[refused.code] += 1

    @rule(step=st.sampled_from(STEPS))
    def time_goes_on(self, step: timedelta) -> None:
        self.now += step

    # Asking and deciding

    @rule(n=PICK, offer=FEW, size=FEW, days=st.sampled_from((3, 10, 40, 100)), small=st.booleans())
    def ask(self, n: int, offer: int, size: int, days: int, small: bool) -> None:
        application, wanted = self.applications[n % 4], self.offers[offer % 2]
        wanted.refresh_from_db()
        asked: dict[str, Any] = {
            "team": application.team, "offer": wanted, "application": application, "purpose": "Answer", "limits": SIZES[size],
            "data_class": "public" if small else "internal", "ends_on": (self.now + timedelta(days=days)).date(),
            "terms_version": wanted.terms.version if wanted.terms else None, "actor": make.owner_of(application.team),
        }  # fmt: skip
        self.act(lambda: actions.submit(**asked, at=self.now))

    @rule(n=PICK, size=FEW, days=st.sampled_from((10, 100)))
    def get_more(self, n: int, size: int, days: int) -> None:
        """A change of what is held, decided at once, a minute later."""
        if (held := self.held(n)) is not None:
            self.ask(
                self.applications.index(held.applications.get()),
                self.offers.index(held.offer),
                size,
                days,
                False,
            )
            self.now += timedelta(minutes=1)
            if (asked := held.change_requests.open().first()) is not None:
                self.act(lambda: self.opened(asked, self.now))

    @rule(n=PICK, size=st.none() | FEW, days=st.none() | st.sampled_from((2, 20)), lent=st.booleans())
    def approve(self, n: int, size: int | None, days: int | None, lent: bool) -> None:
        if (asked := self.one(Request.objects.open(), n)) is not None:
            changes: dict[str, Any] = {"limits": SIZES[size] if size is not None else None}
            changes["ends_on"] = (self.now + timedelta(days=days)).date() if days else None
            by = self.decider(asked, lent)
            self.act(lambda: actions.approve(asked.pk, **changes, reason="Enough.", actor=by, at=self.now))

    @rule(n=PICK)
    def deny(self, n: int) -> None:
        if (asked := self.one(Request.objects.open(), n)) is not None:
            by = self.decider(asked, False)
            self.act(lambda: actions.deny(asked.pk, reason="No.", actor=by, at=self.now))

    @rule(n=PICK)
    def withdraw(self, n: int) -> None:
        if (asked := self.one(Request.objects.open(), n)) is not None:
            self.act(lambda: actions.withdraw(asked.pk, actor=asked.requester, at=self.now))

    @rule(n=PICK)
    def appeal(self, n: int) -> None:
        if (asked := self.one(Request.objects.exclude(state="open"), n)) is not None:
            self.act(lambda: actions.appeal(asked.pk, reason="Please.", actor=asked.requester, at=self.now))

    @rule(n=PICK, days=st.sampled_from((5, 90)))
    def renew(self, n: int, days: int) -> None:
        if (held := self.held(n)) is not None:
            by = make.owner_of(held.team)
            self.act(lambda: actions.renew(held.pk, days=days, actor=by, at=self.now))

    @rule(n=PICK, to=FEW, kind=st.sampled_from(("tpm", "tpm", "rpm")), part=st.integers(2, 9))
    def move(self, n: int, to: int, kind: str, part: int) -> None:
        """Of what one grant of a team has to another, of whatever offer."""
        if (giver := self.held(n)) is None:
            return
        team = Grant.objects.in_force(self.now).filter(team=giver.team_id).exclude(pk=giver.pk)
        taker, has = self.one(team, to), giver.limits.filter(ends_at=None, kind=kind).first()
        if taker is not None and has is not None:
            told: dict[str, Any] = {"kind": kind, "amount": has.maximum // part, "reason": "Batch."}
            by = make.owner_of(giver.team)
            self.act(lambda: actions.move_allocation(giver.pk, to=taker.pk, **told, actor=by, at=self.now))

    # Raising

    @rule(n=PICK, times=st.integers(2, 4), hours=st.sampled_from((1, 30, 200)))
    def raise_limits(self, n: int, times: int, hours: int) -> None:
        if (held := self.held(n)) is not None:
            limits, until = self.more(held, times), self.now + timedelta(hours=hours)
            made = {"limits": limits, "ends_at": until, "reason": "A launch.", "actor": self.admins[n % 2]}
            self.act(lambda: actions.raise_limits(held.pk, **made, at=self.now))

    @rule(n=PICK, hours=st.integers(1, 8))
    def break_glass(self, n: int, hours: int) -> None:
        if (held := self.held(n)) is not None:
            made = {
                "limits": self.more(held, 2),
                "hours": hours,
                "reason": "Fire.",
                "actor": make.owner_of(held.team),
            }
            self.act(lambda: actions.break_glass(held.pk, **made, at=self.now))

    @rule(n=PICK)
    def end_raise(self, n: int) -> None:
        if (made := self.one(Raise.objects.filter(ended_at=None), n)) is not None:
            self.act(lambda: actions.end_raise(made.pk, actor=self.admins[0], at=self.now))

    @rule(n=PICK)
    def review(self, n: int) -> None:
        if (made := self.one(Raise.objects.to_review(), n)) is not None:
            told = {"justified": bool(n % 2), "finding": "Seen.", "actor": self.security}
            self.act(lambda: actions.review(made.pk, **told, at=self.now))

    # Taking, and giving back

    @rule(n=PICK, by=FEW)
    def suspend(self, n: int, by: int) -> None:
        if (held := self.held(n)) is not None:
            self.act(
                lambda: actions.suspend(held.pk, reason=f"Leak {by}.", actor=self.admins[by % 2], at=self.now)
            )

    @rule(n=PICK)
    def suspend_team(self, n: int) -> None:
        team, by = self.teams[n % 2], self.admins[n // 2 % 2]
        self.act(lambda: actions.suspend_team(team, reason="Audit.", actor=by, at=self.now))

    @rule(n=PICK)
    def lift(self, n: int) -> None:
        if (block := self.one(Block.objects.filter(until=None), n)) is None:
            return
        if block.grant_id is None:
            self.act(lambda: actions.resume_team(block.pk, actor=self.admins[0], at=self.now))
        else:
            grant = block.grant_id
            self.act(lambda: actions.resume(grant, block=block.pk, actor=self.admins[1], at=self.now))

    @rule(n=PICK)
    def revoke(self, n: int) -> None:
        if (held := self.held(n)) is not None:
            by = self.admins[0] if n % 2 else make.owner_of(held.team)
            self.act(lambda: actions.revoke(held.pk, reason="Over.", actor=by, at=self.now))

    # What else changes around a grant

    @rule(which=st.integers(0, 6), n=PICK, after=st.none() | st.sampled_from((1, 15)))
    def around_it(self, which: int, n: int, after: int | None) -> None:
        acts = (
            self.acknowledge, self.new_terms, self.acknowledge, self.make_or_end_a_key, self.somebody_comes_or_leaves,
            self.other_rules_of_grace, self.put_under_terms,
        )  # fmt: skip
        acts[which](n, after)

    def new_terms(self, n: int, after: int | None) -> None:
        slug = ("house-rules", "other-rules")[n % 2]
        newest = Terms.objects.filter(slug=slug).order_by("-version")[0].version
        told: dict[str, Any] = {"counts_from": self.now + timedelta(days=after) if after else None}
        self.act(
            lambda: supply.publish_terms(slug, words(slug, newest), **told, actor=self.admins[0], at=self.now)
        )

    def put_under_terms(self, n: int, after: int | None) -> None:
        told: dict[str, Any] = {"counts_from": self.now + timedelta(days=after) if after else None}
        told["offers"] = [self.offers[n // 2 % 2].pk]
        slug = ("house-rules", "other-rules")[n % 2]
        self.act(lambda: supply.assign_terms(slug, **told, actor=self.admins[0], at=self.now))

    def acknowledge(self, n: int, _: int | None) -> None:
        team, offer = self.teams[n % 2], self.offers[n // 2 % 2]
        offer.refresh_from_db()
        if (terms := offer.terms) is not None and not team.acknowledgements.filter(terms=terms).exists():
            self.act(lambda: actions.acknowledge(team, terms, actor=make.owner_of(team), at=self.now))

    def make_or_end_a_key(self, n: int, _: int | None) -> None:
        application = self.applications[n % 4]
        by = make.owner_of(application.team)
        key = self.one(ApiKey.objects.filter(application=application, revoked_at=None), n)
        if key is None:
            self.act(lambda: keys.issue_key(application=application, name="k", actor=by, at=self.now))
        else:
            self.act(lambda: keys.revoke_key(key.pk, reason="Over.", actor=by, at=self.now))

    def somebody_comes_or_leaves(self, n: int, _: int | None) -> None:
        team = self.teams[n % 2]
        by, other = make.owner_of(team), team.memberships.filter(role="member").first()
        if other is None:
            self.act(lambda: teams.add_member(team, make.person(), "member", actor=by, at=self.now))
        else:
            self.act(lambda: teams.remove_member(team, other.user, actor=by, at=self.now))

    def other_rules_of_grace(self, n: int, _: int | None) -> None:
        self.act(
            lambda: actions.set_life_rules(grace_days=(0, 4, 14)[n % 3], actor=self.admins[0], at=self.now)
        )

    # Who and what

    def one(self, rows: Any, n: int) -> Any:
        """The n-th of this history's, from the newest on; None where there is none."""
        found = list(rows.order_by("-pk")[:6])
        return found[n % len(found)] if found else None

    def held(self, n: int) -> Grant | None:
        grant: Grant | None = self.one(Grant.objects.in_force(self.now).with_names(), n)
        return grant

    def more(self, held: Grant, times: int) -> dict[str, int]:
        granted = held.limits.filter(ends_at=None).in_order().values_list("kind", "maximum")
        return {kind: maximum * times for kind, maximum in list(granted)[: 1 + times % 2]}

    def decider(self, asked: Request, lent: bool) -> User:
        step = asked.steps.filter(decision=None).order_by("position")[0]
        if lent:
            return self.stand_in
        people = {"security": self.security, "finance": self.finance, "admin": self.admins[1]}
        return people.get(step.role) or make.owner_of(asked.team)

    # The comparison

    def teardown(self) -> None:
        try:
            if hasattr(self, "setup"):
                self.check()
        finally:
            transaction.set_rollback(True)
            self.whole.__exit__(None, None, None)

    def check(self) -> None:
        """`grants/?at=t`, in the API and on the page, is what the audit up to t says, for every t."""
        entries = [entry.content for entry in Entry.objects.filter(seq__gt=self.first).order_by("seq")]
        done["histories"] += 1
        done["acts"] += len(entries) - self.setup
        auditor = make.person(roles=("auditor",))
        asks, opens = api(auditor), browser(auditor)
        for number, at in enumerate(moments_of(entries, self.now)):
            replayed = Replay(each for each in entries if datetime.fromisoformat(each["at"]) <= at).at(at)
            told = answered(asks, at)
            assert told == replayed, f"as of {at.isoformat()}: {differences(told, replayed)}"
            done["moments"] += 1
            done["rows"] += len(told)
            if number % PAGE_EACH == 0:
                page = opens.get("/grants/", {"at": at.isoformat()}).context["page"].object_list
                assert [(row.pk, row.state_now) for row in page] == [
                    (row["id"], row["state"]) for row in replayed
                ]


def words(slug: str, number: int) -> TermsText:
    return TermsText(slug, {"hosted_by": "Us", "training": "none", "retention": f"{number} days"})


def moments_of(entries: list[dict[str, Any]], now: datetime) -> list[datetime]:
    """Before all, each act's, half-way to the next after each second one, and long after all."""
    acts = sorted({datetime.fromisoformat(each["at"]) for each in entries})
    between = [
        one + (other - one) / 2 for one, other in zip(acts, [*acts[1:], now], strict=True) if one < other
    ]
    ends = [now + timedelta(days=days) for days in (1, 20, 400)]
    return sorted({acts[0] - timedelta(hours=1), *acts, *between[::2], *ends})


def differences(told: list[dict[str, Any]], replayed: list[dict[str, Any]]) -> str:
    """What the API says and the audit does not, by grant and field."""
    said, known = ({row["id"]: row for row in rows} for rows in (told, replayed))
    if list(said) != list(known) or len(said) < len(told):
        return f"the API has {[row['id'] for row in told]}, the audit {list(known)}"
    return "; ".join(
        f"{name} of {pk} is {said[pk].get(name)}, and by the audit {known[pk].get(name)}"
        for pk in said
        for name in {**said[pk], **known[pk]}
        if said[pk].get(name) != known[pk].get(name)
    )


def answered(client: Any, at: datetime) -> list[dict[str, Any]]:
    """Every page of `grants/?at=`, with its moments read."""
    found, url = [], "/api/v1/grants/"
    query: dict[str, str] | None = {"at": at.isoformat()}
    while url:
        answer = client.get(url, query)
        assert answer.status_code == 200, answer.content
        found += answer.json()["results"]
        url, query = answer.json()["next"], None
    return [read(row) for row in found]


def read(said: Any) -> Any:
    """JSON with its moments as moments."""
    if isinstance(said, list):
        return [read(each) for each in said]
    if not isinstance(said, dict):
        return said
    return {
        name: datetime.fromisoformat(value) if name in MOMENTS and value else read(value)
        for name, value in said.items()
    }
