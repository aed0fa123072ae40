"""Change who decides what: a draft is edited, tried, and switched on; what was asked before keeps its policy."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from catalog.models import Offer
from foundry.audit.actions import record
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.people.models import Role, User
from tenants.access.models import OfferOwner, Policy
from tenants.access.policy_rules import read_rules, speak_rules

NOTE_LENGTH = 200


def require_admin(actor: User) -> None:
    if not actor.is_any(Role.ADMIN):
        raise Forbidden("policy.admin_only", "Only an admin changes policies.", remedy="Ask an admin.")


@transaction.atomic
def start_draft(
    *,
    of: int | None = None,
    rules: Sequence[Mapping[str, Any]] | None = None,
    note: str = "",
    actor: User,
    at: datetime,
) -> Policy:
    """A draft with these rules, or with those of version `of` (None is the one in force).

    :param rules: as people send them, money in decimal USD.

    Raises Forbidden, Invalid, and Conflict while there is a draft.
    """
    require_admin(actor)
    base = Policy.objects.current() if of is None else Policy.objects.filter(number=of).first()
    if base is None:
        raise Invalid(
            "policy.unknown",
            f"There is no policy {of}.",
            remedy="Choose one of the versions.",
            errors={"of": "Unknown."},
        )
    try:
        with transaction.atomic():
            draft = Policy.objects.create(
                rules=base.rules if rules is None else read_rules(rules),
                note=clean_note(note),
                editor_ids=sorted({*base.editor_ids, actor.pk}),
                created_at=at,
            )
    except IntegrityError as there:
        raise Conflict(
            "policy.draft", "There is a draft already.", remedy="Change that one, or discard it first."
        ) from there
    record(
        "policy.draft",
        draft,
        actor=actor,
        at=at,
        after={"from": base.number, "rules": speak_rules(draft.rules)},
    )
    return draft


def clean_note(note: str) -> str:
    note = " ".join(note.split())
    if len(note) > NOTE_LENGTH or "\x00" in note:
        raise Invalid(
            "policy.note",
            f"The note has at most {NOTE_LENGTH} characters.",
            remedy="Shorten it.",
            errors={"note": "Too long."},
        )
    return note


@transaction.atomic
def change_draft(
    draft_id: int,
    *,
    rules: Sequence[Mapping[str, Any]] | None = None,
    note: str | None = None,
    actor: User,
    at: datetime,
) -> Policy:
    """Replace the draft's rules or its note. Whoever does has a hand in the policy from then on."""
    require_admin(actor)
    draft = locked_draft(draft_id)
    before = speak_rules(draft.rules)
    if rules is not None:
        draft.rules = read_rules(rules)
    if note is not None:
        draft.note = clean_note(note)
    draft.editor_ids = sorted({*draft.editor_ids, actor.pk})
    draft.save(update_fields=["rules", "note", "editor_ids"])
    told = {"rules": speak_rules(draft.rules), "note": draft.note}
    record("policy.change", draft, actor=actor, at=at, before={"rules": before}, after=told)
    return draft


def locked_draft(draft_id: int) -> Policy:
    """The draft, locked. Conflict when it is in force or gone."""
    draft = Policy.objects.select_for_update().filter(pk=draft_id).first()
    if draft is None or not draft.is_draft:
        raise Conflict(
            "policy.in_force",
            "A policy that was switched on never changes." if draft else "This draft is gone.",
            remedy="Start a draft from it.",
        )
    return draft


@transaction.atomic
def discard_draft(draft_id: int, *, actor: User, at: datetime) -> None:
    """Throw the draft away; the audit keeps what it said."""
    require_admin(actor)
    draft = locked_draft(draft_id)
    record("policy.discard", draft, actor=actor, at=at, before={"rules": speak_rules(draft.rules)})
    draft.delete()


@transaction.atomic
def switch_on(draft_id: int, *, actor: User, at: datetime) -> Policy:
    """Put the draft in force for what is asked from now on. Open requests keep the steps they have."""
    require_admin(actor)
    draft = locked_draft(draft_id)
    before = Policy.objects.current()
    assert before.number is not None
    draft.number = before.number + 1
    draft.editor_ids = sorted({*draft.editor_ids, actor.pk})
    draft.switched_on_at, draft.switched_on_by = at, actor
    draft.save(update_fields=["number", "editor_ids", "switched_on_at", "switched_on_by"])
    told = {"number": draft.number, "rules": speak_rules(draft.rules), "note": draft.note}
    record("policy.switch_on", draft, actor=actor, at=at, before={"number": before.number}, after=told)
    return draft


@transaction.atomic
def name_offer_owner(offer: Offer, user: User, *, actor: User, at: datetime) -> OfferOwner:
    """Somebody with a site role, who may therefore read requests, answers for an offer."""
    require_admin(actor)
    if not user.sees_everything:
        raise Conflict(
            "offer.owner",
            f"{user} has no site role and could not read requests.",
            remedy="Give the role first.",
        )
    owner, new = OfferOwner.objects.get_or_create(offer=offer, user=user)
    if not new:
        raise Conflict(
            "offer.owner_exists", f"{user} answers for it already.", remedy="Nothing is left to do."
        )
    record(
        "offer.name_owner", owner, actor=actor, at=at, after={"offer": offer.call_name, "owner": user.email}
    )
    return owner


@transaction.atomic
def drop_offer_owner(owner_id: int, *, actor: User, at: datetime) -> None:
    """They no longer answer for the offer; steps that wait for them wait for its other owners."""
    require_admin(actor)
    owner = (
        OfferOwner.objects.select_related("offer__model__publisher", "offer__host", "user")
        .filter(pk=owner_id)
        .first()
    )
    if owner is None:
        raise Conflict("offer.owner_gone", "They answer for it no longer.", remedy="Reload the page.")
    record(
        "offer.drop_owner",
        owner,
        actor=actor,
        at=at,
        before={"offer": owner.offer.call_name, "owner": owner.user.email},
    )
    owner.delete()
