"""What auditors ask, each answered as one table: who may read it all, and the same rows as CSV. Reads only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from foundry.audit.models import Entry
from tenants.access.amounts import speak_limits
from tenants.access.models import Acknowledgement, Decision, Grant, Raise
from tenants.access.states import RaiseKind
from tenants.keys.models import ApiKey
from tenants.teams.models import Membership, Team

Row = list[Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What narrows an answer. :param at: the moment that counts; `since` and `until` bound what happened."""

    at: datetime
    since: datetime
    until: datetime
    person: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """:param fields: which parts of `Asked` it uses. :param rows: the answer, one list per line of `header`."""

    name: str
    title: str
    what: str
    fields: tuple[str, ...]
    header: tuple[str, ...]
    rows: Callable[[Asked], Iterator[Row]]


def access(asked: Asked) -> Iterator[Row]:
    """Every grant that existed at the moment, with its limits, decision, terms and keys as of then."""
    rows = Grant.objects.in_force(asked.at).filter(**team_is("team__slug", asked))
    for grant in rows.with_everything(asked.at).order_by("team__slug", "offer__host__slug", "pk"):
        yield [
            grant.pk,
            grant.team.slug,
            " ".join(sorted(named.application.slug for named in grant.named.all())),
            grant.offer.call_name,
            grant.then.data_class,
            grant.state_then,
            limits({limit.kind: limit.maximum for limit in grant.limits_then}),
            grant.then.decision.actor,
            stamp(grant.then.decision.at),
            str(grant.then.terms or ""),
            stamp(grant.starts_at),
            stamp(grant.then.ends_at),
        ]


def decisions(asked: Asked) -> Iterator[Row]:
    """What was decided between two moments, by one person or by anybody: asked against granted, and why."""
    rows = Decision.objects.filter(at__gte=asked.since, at__lt=asked.until).filter(
        **team_is("request__team__slug", asked)
    )
    if asked.person:
        rows = rows.filter(Q(by__email=asked.person) | Q(on_behalf_of__email=asked.person))
    for row in with_names(rows).order_by("at", "pk"):
        yield [
            stamp(row.at),
            row.actor,
            row.step.role,
            row.outcome,
            row.request.team.slug,
            row.request.offer.call_name,
            limits(row.request.asked),
            limits(row.granted or {}),
            row.request.requester.email,
            row.reason,
            row.request_id,
        ]


def exceptions(asked: Asked) -> Iterator[Row]:
    """What an auditor looks at first: no person decided, or one too close to the asker; rules that changed; keys of leavers."""
    yield from sorted(
        [*decided_oddly(asked), *raised(asked), *changed_rules(asked), *keys_of_leavers(asked)],
        key=lambda row: row[0],
    )


def decided_oddly(asked: Asked) -> Iterator[Row]:
    """Decisions by a policy, and decisions by a member of the team that asked."""
    inside = Membership.objects.filter(team=OuterRef("request__team"), user=OuterRef("by"))
    rows = Decision.objects.filter(at__gte=asked.since, at__lt=asked.until).filter(
        **team_is("request__team__slug", asked)
    )
    rows = rows.annotate(inside=Exists(inside)).filter(Q(by=None) | Q(inside=True))
    for row in with_names(rows).order_by("at", "pk"):
        kind = "decided by a policy" if row.by is None else "decided by a member of the team that asked"
        about = f"request {row.request_id}: {row.request.offer.call_name} for {row.request.team.slug}, {row.outcome}"
        yield [stamp(row.at), kind, row.actor, about]


def raised(asked: Asked) -> Iterator[Row]:
    """Limits that were higher for a while: by an approver, or by the team itself, and what the review found."""
    rows = Raise.objects.filter(at__gte=asked.since, at__lt=asked.until).filter(
        **team_is("grant__team__slug", asked)
    )
    for row in rows.with_names().order_by("at", "pk"):
        kind = "raised for a while"
        if row.kind == RaiseKind.BREAK_GLASS:
            found = {None: "not reviewed", True: "justified", False: "not justified"}[row.justified]
            kind = f"broken glass, {found}"
        about = f"grant {row.grant_id}: {row.grant.offer.call_name} for {row.grant.team.slug}, "
        yield [stamp(row.at), kind, str(row.by), about + f"{limits(row.limits)} until {stamp(row.over_at)}"]


CHANGES = Q(verb__startswith="policy.")


def changed_rules(asked: Asked) -> Iterator[Row]:
    """Acts on the rules themselves; left out where one team is asked for."""
    if asked.team:
        return
    rows = Entry.objects.filter(CHANGES, occurred_at__gte=asked.since, occurred_at__lt=asked.until)
    for entry in rows.order_by("seq"):
        yield [stamp(entry.occurred_at), entry.verb, entry.actor_label, entry.object_label]


def keys_of_leavers(asked: Asked) -> Iterator[Row]:
    """Keys that open something today and whose maker is no longer in the team."""
    there = Membership.objects.filter(team=OuterRef("application__team"), user=OuterRef("created_by"))
    rows = ApiKey.objects.filter(~Exists(there), revoked_at=None, application__team__closed_at=None)
    rows = rows.filter(Q(expires_at=None) | Q(expires_at__gt=asked.at)).filter(
        **team_is("application__team__slug", asked)
    )
    for key in rows.select_related("application__team", "created_by").order_by("pk"):
        about = f"key {key.prefix}… of {key.application.team.slug}/{key.application.slug}"
        yield [stamp(key.created_at), "key of somebody who left the team", str(key.created_by), about]


def acknowledgements(asked: Asked) -> Iterator[Row]:
    """Which team accepted which version of which terms, and which holds something under terms that it did not."""
    rows = Acknowledgement.objects.filter(at__lt=asked.until).filter(**team_is("team__slug", asked))
    for row in rows.select_related("team", "terms", "by").order_by("team__slug", "at", "pk"):
        yield [row.team.slug, str(row.terms), "acknowledged", stamp(row.at), row.by.email]
    done = Acknowledgement.objects.filter(team=OuterRef("team"), terms=OuterRef("offer__terms"))
    open_ = (
        Grant.objects.in_force(asked.at)
        .exclude(offer__terms=None)
        .filter(~Exists(done), **team_is("team__slug", asked))
    )
    terms = open_.order_by("team__slug", "offer__terms__slug").values_list(
        "team__slug", "offer__terms__title", "offer__terms__version"
    )
    for team, title, version in terms.distinct():
        yield [team, f"{title} v{version}", "missing", "", ""]


def with_names(rows: Any) -> Any:
    return rows.select_related(
        "by", "on_behalf_of", "policy", "step", "request__team", "request__requester",
        "request__offer__model__publisher", "request__offer__host",
    )  # fmt: skip


def team_is(path: str, asked: Asked) -> Mapping[str, str]:
    return {path: asked.team} if asked.team else {}


def limits(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {amount}" for kind, amount in speak_limits(amounts).items())


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


QUESTIONS = {
    each.name: each
    for each in (
        Question(
            "access",
            "Who could call what",
            "Every right as of one moment: its limits then, by whose decision, under which terms.",
            ("at", "team"),
            ("grant", "team", "applications", "offer", "data class", "state", "limits", "decided by", "decided at",
             "terms", "from", "to"),
            access,
        ),
        Question(
            "decisions",
            "What somebody decided",
            "Asked against granted, with the reason, between two moments.",
            ("person", "since", "until", "team"),
            ("at", "by", "step", "outcome", "team", "offer", "asked", "granted", "asked by", "reason", "request"),
            decisions,
        ),
        Question(
            "exceptions",
            "What was out of the ordinary",
            "No person decided, or one of the asking team; rules changed; limits raised past them; keys of people who left.",
            ("since", "until", "team"),
            ("at", "what", "by", "about"),
            exceptions,
        ),
        Question(
            "acknowledgements",
            "Who accepted which terms",
            "Each team and version, and what is still missing.",
            ("until", "team"),
            ("team", "terms", "state", "at", "by"),
            acknowledgements,
        ),
    )
}  # fmt: skip


def teams() -> list[tuple[str, str]]:
    return list(Team.objects.order_by("name").values_list("slug", "name")[:500])
