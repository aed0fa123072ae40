"""One small company for the tables: copilot's rows are looked at by everybody."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from catalog.byhand import PREFIX
from catalog.models import CapacityPool, CapacityReading, Change, Host, Offer, SyncRun
from catalog.states import ChangeKind, ChangeState, RunState
from foundry.lib import clock
from foundry.notify.actions import HookFacts, add_hook
from foundry.notify.models import Delivery, Hook
from foundry.notify.outbox import tell
from foundry.people.actions import issue_token
from foundry.people.models import User
from tenants.access import actions as access
from tenants.access.actions import wish
from tenants.access.models import Policy, Raise
from tenants.advice.actions import open_campaign
from tenants.keys.actions import pause_caller
from tenants.levels.actions import plan_calendar, set_limit
from tenants.levels.rules import Target
from tenants.teams.models import Team
from tenants.usage.envelope import Envelope, Outcome
from tenants.usage.ingest import ingest
from tests import make

# Who asks, in the order of the tables' columns.
KINDS = ("nobody", "nina", "omar", "mia", "olga", "ada", "ops", "aud", "sam", "fin")


def made(row: Any) -> Any:
    assert row is not None
    return row


def sent(hook: Hook) -> Delivery:
    """The hook's first delivery, as if it had arrived."""
    hook.deliveries.update(state="sent")
    return hook.deliveries.earliest("pk")


def own_pool(host: Host) -> CapacityPool:
    """One that an admin set otherwise than its host tells, with an offer that was assigned to it."""
    pool = make.pool(host, "own", by_hand=True)
    CapacityReading.objects.create(pool=pool, maximum=500, source="sync", at=clock.now())
    make.offer(at=host, pool=pool, set_by_hand={"limits": {"told": ""}})
    return pool


def broken_glass(team: Team, owner: User) -> Raise:
    """Of another grant of the team, so that the first one's glass is whole."""
    grant = make.grant(of=team, app=make.application(team, "glass"), offer=make.offer())
    return access.break_glass(
        grant.pk, limits={"tpm": 61_000}, hours=1, reason="An outage.", actor=owner, at=clock.now()
    )


@dataclass(slots=True)
class World:
    """:param rows: what the addresses of the tables are made of, by name."""

    people: dict[str, User | None]
    rows: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def make(cls) -> "World":
        olga, mia, omar = make.person("olga"), make.person("mia"), make.person("omar")
        people: dict[str, User | None] = {
            "nobody": None,
            "nina": make.person("nina"),
            "omar": omar,
            "mia": mia,
            "olga": olga,
            "ada": make.person("ada", roles=("admin",)),
            "ops": make.person("ops", roles=("ops",)),
            "aud": make.person("aud", roles=("auditor",)),
            "sam": make.person("sam", roles=("security",)),
            "fin": make.person("fin", roles=("finance",)),
        }
        copilot, search = make.team("copilot", owner=olga, members=(mia,)), make.team("search", owner=omar)
        application = make.application(copilot, "chat")
        make.application(search, "ranking")
        offer = make.offer(at=make.host(listing_base_url="https://models.example/v1"))
        grant = make.grant(of=copilot, app=application, by=mia, offer=offer)
        asked = make.request(of=copilot, app=application, by=mia)
        token, _ = issue_token(mia, "script", ["read"], 30, actor=mia, at=clock.now())
        key, _ = make.key(grant, by=mia)
        host, at = grant.offer.host, clock.now()
        run = SyncRun.objects.create(
            host=host, asked_by="schedule", state=RunState.SUCCEEDED, asked_at=at, finished_at=at
        )
        sizes = {"context_tokens": 131_072, "max_output_tokens": 8_192}
        change = Change.objects.create(
            host=host, run=run, offer=grant.offer, key=grant.offer.key, kind=ChangeKind.CONTEXT, state=ChangeState.WAITING,
            before=sizes, after=sizes | {"context_tokens": 65_536}, risky=True, why_risky="Less than before.",
        )  # fmt: skip
        hook, _ = add_hook(
            HookFacts("Hook", "webhook", "https://hooks.example/x"), actor=made(people["ada"]), at=at
        )
        event = tell("request.approve", key="door", title="T", url="/", to=[mia], at=at)
        hand, manual = make.model("grok-5"), make.host(connector="manual", calling_base_url="")
        announced = make.offer(
            of=hand, at=manual, by_hand=True, key=f"{PREFIX}{hand} ||", lifecycle="announced"
        )
        Offer.objects.filter(pk=offer.pk).update(retires_at=at + timedelta(days=20))
        campaign = open_campaign(Offer.objects.with_names().get(pk=offer.pk), actor="test", at=at)
        call = Envelope(
            source="gateway", call_id="call-1", started_at=at, team_id=copilot.pk, outcome=Outcome.OK,
            grant_id=grant.pk, offer_id=offer.pk, key_id=key.pk, model=str(offer.model), tokens_in=1,
        )  # fmt: skip
        ingest([call])
        owner = access.name_offer_owner(offer, made(people["sam"]), actor=made(people["ada"]), at=at)
        lee = make.person("lee", roles=("admin",))
        delegation = access.delegate(
            lee, starts_at=at, ends_at=at + timedelta(days=1), actor=made(people["sam"]), at=at
        )
        blocked = make.team("blocked")
        rows = {
            "blocked_team": blocked,
            "block": access.suspend_team(blocked, reason="Audit.", actor=made(people["ada"]), at=at),
            "call": call,
            "campaign": campaign,
            "taker": make.grant(of=copilot, app=make.application(copilot, "batch"), offer=offer),
            "terms": make.terms("house"),
            "hand_offer": announced,
            "other_hand_offer": make.offer(at=announced.host, by_hand=True, lifecycle="announced"),
            "wish": wish(copilot, announced, why="Later.", actor=mia, at=at),
            "delegation": delegation,
            "step": asked.steps.get(),
            "policy": Policy.objects.current(),
            "offer_owner": owner,
            "hook": hook,
            "delivery": sent(hook),
            "notice": made(event).notices.get(),
            "key": key,
            "run": run,
            "change": change,
            "pool": make.pool(host),
            "own_pool": own_pool(host),
            "paused_host": make.host("paused"),
            "pause": make.pause(make.host("paused"), by=made(people["ops"])),
            "caller_pause": pause_caller(
                make.key(grant)[0],
                reason="A loop.",
                ends_at=at + timedelta(hours=1),
                actor=made(people["ops"]),
                at=at,
            ),
            "model": grant.offer.model,
            "publisher": grant.offer.model.publisher,
            "team": copilot,
            "centre": copilot.cost_centre,
            "member": mia,
            "fresh_offer": make.offer(),
            "question": access.add_question(text="Why?", required=False, actor=made(people["ada"]), at=at),
            "application": application,
            "proposal": make.proposal(make.admin(), at),
            "calendar": plan_calendar(
                zone="Asia/Tokyo",
                first_day=1,
                from_day=(at + timedelta(days=10)).date(),
                reason="Ours.",
                actor=made(people["ada"]),
                at=at,
            ),
            "level_limit": set_limit(
                Target(team=copilot),
                kind="tpm",
                maximum=90_000,
                reason="Shared.",
                actor=made(people["ada"]),
                at=at,
            ),
            "grant": grant,
            "raise": broken_glass(copilot, olga),
            "certification": access.open_certification(copilot, actor=olga, at=clock.now()),
            "request": asked,
            "offer": grant.offer,
            "host": grant.offer.host,
            "token": token,
        }
        return cls(people, rows)
