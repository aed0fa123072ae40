"""Terms: new ones, new versions, and which offers are under them. No version is ever edited."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from catalog.models import Change, Host, Offer, PastTerms, Terms
from catalog.rules import Actor, label_of, require_admin
from catalog.states import ChangeKind, ChangeState
from catalog.terms import TermsText, require_future, require_sense, require_slug, terms_fact
from foundry.audit.actions import record
from foundry.lib.errors import Conflict

BATCH = 500


@transaction.atomic
def add_terms(slug: str, text: TermsText, *, actor: Actor, at: datetime) -> Terms:
    """The first version of new terms; no offer is under them yet. Raises Forbidden, Invalid, Conflict."""
    require_admin(actor)
    require_slug(slug)
    require_sense(text)
    if Terms.objects.filter(slug=slug).exists():
        raise Conflict("terms.exists", f"There are terms '{slug}'.", remedy="Make a new version of them.")
    made = write(slug, 1, text, actor, at)
    record("terms.add", made, actor=actor, at=at, after=text.values())
    return made


@transaction.atomic
def publish_terms(
    slug: str, text: TermsText, *, counts_from: datetime | None = None, actor: Actor, at: datetime
) -> tuple[Terms, int]:
    """A new version: every offer under an older one, and every host's default, moves to it. Answers it and how many moved.

    :param counts_from: until then calls need only what they needed before; None: calls need it at once.

    Raises Forbidden, Invalid; Conflict where nothing differs.
    """
    require_admin(actor)
    require_sense(text)
    require_future(counts_from, at)
    newest = Terms.objects.select_for_update().filter(slug=slug).order_by("-version").first()
    if newest is None:
        raise Conflict("terms.unknown", f"There are no terms '{slug}'.", remedy="Make them first.")
    if TermsText.of(newest).values() == text.values():
        raise Conflict("terms.same", f"{newest} says the same.", remedy="Change something, or leave it.")
    made = write(slug, newest.version + 1, text, actor, at)
    Host.objects.filter(default_terms__slug=slug).update(default_terms=made)
    moved = put_terms(Offer.objects.filter(terms__slug=slug), made, counts_from, actor=actor, at=at)
    told = text.values() | {"version": made.version, "counts_from": counts_from, "moved": moved}
    record("terms.publish", made, actor=actor, at=at, before=TermsText.of(newest).values(), after=told)
    return made, len(moved)


@transaction.atomic
def assign_terms(
    slug: str,
    *,
    offers: list[int],
    host: Host | None = None,
    counts_from: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> int:
    """Put offers under the newest version of these terms, and make it a host's default; answers how many moved.

    Raises Forbidden, Invalid; Conflict where nothing would change.
    """
    require_admin(actor)
    require_future(counts_from, at)
    terms = Terms.objects.filter(slug=slug).order_by("-version").first()
    if terms is None:
        raise Conflict("terms.unknown", f"There are no terms '{slug}'.", remedy="Make them first.")
    moved = put_terms(Offer.objects.filter(pk__in=offers), terms, counts_from, actor=actor, at=at)
    newly = host is not None and Host.objects.filter(pk=host.pk).exclude(default_terms=terms).update(
        default_terms=terms
    )
    if not moved and not newly:
        raise Conflict("terms.assigned", f"They are under {terms} already.", remedy="Nothing is left to do.")
    told = {
        "offers": sorted(offers),
        "version": terms.version,
        "moved": moved,
        "host": host.slug if host else None,
        "counts_from": counts_from,
    }
    record("terms.assign", terms, actor=actor, at=at, after=told)
    return len(moved)


def write(slug: str, version: int, text: TermsText, actor: Actor, at: datetime) -> Terms:
    return Terms.objects.create(
        slug=slug, version=version, created_at=at, created_by=label_of(actor), **text.values()
    )


def put_terms(
    offers: QuerySet[Offer], terms: Terms | None, counts_from: datetime | None, *, actor: Actor, at: datetime
) -> list[int]:
    """Move those that are not under `terms` yet, with a Change each; a fixed number of queries. Answers which, by id.

    What calls need until `counts_from` is what they needed before: an earlier move that does not count yet is skipped.
    """
    rows = list(offers.select_for_update(of=("self",)).exclude(terms=terms).select_related("terms"))
    moving = Offer.objects.filter(pk__in=[row.pk for row in rows])
    keep_terms(rows, until=at)
    if counts_from is None:
        moving.update(terms=terms, terms_before=None, terms_from=None)
    else:
        settled = moving.exclude(terms_from__gt=at)
        settled.update(terms_before=F("terms"), terms=terms, terms_from=counts_from)
        moving.update(terms=terms, terms_from=counts_from)
    source, after = (terms.source[:160] if terms else ""), terms_fact(terms, counts_from)
    Change.objects.bulk_create(
        (
            Change(
                host_id=row.host_id, offer=row, key=row.key, kind=ChangeKind.TERMS, before=terms_fact(row.terms),
                after=after, source=source, state=ChangeState.APPLIED, at=at, settled_at=at, settled_by=label_of(actor),
            )
            for row in rows
        ),
        batch_size=BATCH,
    )  # fmt: skip
    return sorted(row.pk for row in rows)


def keep_terms(rows: Iterable[Offer], *, until: datetime) -> None:
    """What they are under, before it changes."""
    PastTerms.objects.bulk_create(
        (
            PastTerms(
                offer=row, terms_id=row.terms_id, terms_before_id=row.terms_before_id, terms_from=row.terms_from, until=until
            )
            for row in rows
        ),
        batch_size=BATCH,
    )  # fmt: skip
