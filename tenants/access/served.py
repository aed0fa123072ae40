"""Which data may go to an offer, by its terms."""

from catalog.models import Offer
from catalog.states import Lifecycle
from foundry.lib.errors import Conflict
from tenants.access.states import DataClass

MOST_NAMED = 6
CLOSED = (Lifecycle.DEPRECATED, Lifecycle.RETIRED)


def require_served(offer: Offer, data_class: str) -> None:
    """Conflict where the offer's terms rule this class out; the remedy names an offer that fits, if there is one."""
    terms = offer.terms
    if terms is None or terms.allow(data_class):
        return
    fits, instead = that_fits(offer, data_class), "Send less sensitive data, or choose another model."
    if fits is not None:
        instead = f"{fits} allows it under “{fits.terms}”; ask for that one."
    raise Conflict(
        "offer.data_class",
        f"{DataClass(data_class).label} data may not go to {offer}: its terms “{terms}” allow only {terms.data_words}.",
        remedy=instead,
        errors={"data_class": f"Only {terms.data_words}."},
    )


def that_fits(offer: Offer, data_class: str) -> Offer | None:
    """An offer of the same model that can be called and whose terms name this class."""
    rows = Offer.objects.filter(
        model=offer.model_id, hidden=False, terms__data_classes__contains=[data_class]
    )
    usable = rows.exclude(lifecycle__in=CLOSED).with_names().order_by("host__name", "pk")
    return next((each for each in usable if each.reach.word != "listed"), None)


def ruled_out(offer: Offer, data_class: str) -> list[Offer]:
    """Other offers of the same model that are closed to this class by their terms; those without terms are open."""
    rows = Offer.objects.filter(model=offer.model_id, hidden=False, terms__isnull=False).exclude(pk=offer.pk)
    closed = rows.exclude(lifecycle__in=CLOSED).exclude(terms__data_classes__contains=[data_class])
    return list(closed.with_names().order_by("host__name", "pk")[:MOST_NAMED])
