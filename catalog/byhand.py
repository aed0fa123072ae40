"""What a person says of an offer that no listing tells. Pure but for looking names up."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.models import Host, Model, Offer, Publisher, Terms
from catalog.rules import require_sane_price
from catalog.states import Lifecycle
from foundry.lib.errors import Invalid

PREFIX = "by hand: "  # no listing's key starts so
NAME = {"publisher": 50, "model": 120, "name": 160, "version": 60, "region": 60, "sku": 60, "words": 80}


@dataclass(frozen=True, slots=True)
class Told:
    """An offer in a person's words. `publisher`, `model`, `version`, `region` and `sku` say which; they stay.

    :param publisher: short name; `publisher_name` names a maker that is new here. :param model: its short name.
    :param host_model_id: the name to send upstream; the model's own unless said.
    :param words: what is said of its stage: "in talks", "hosted soon".
    :param source: the page, mail or contract that says so.
    :param input_per_million, output_per_million: USD; both or neither.
    """

    publisher: str
    model: str
    source: str
    publisher_name: str = ""
    name: str = ""
    version: str = ""
    region: str = ""
    sku: str = ""
    host_model_id: str = ""
    lifecycle: str = Lifecycle.ANNOUNCED
    words: str = ""
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    modalities: tuple[str, ...] = ()
    terms: Terms | None = None
    description: str = ""
    input_per_million: Decimal | None = None
    output_per_million: Decimal | None = None

    @property
    def key(self) -> str:
        """What tells it apart at its host."""
        return f"{PREFIX}{self.publisher}/{self.model} {self.version}|{self.region}|{self.sku}"[:300]

    @classmethod
    def of(cls, offer: Offer) -> "Told":
        """As it stands, without its price."""
        model = offer.model
        return cls(
            publisher=model.publisher.slug, publisher_name=model.publisher.name, model=model.slug, name=model.name,
            version=offer.version, region=offer.region, sku=offer.sku, host_model_id=offer.host_model_id,
            lifecycle=offer.lifecycle, words=offer.lifecycle_told, deprecated_at=offer.deprecated_at,
            retires_at=offer.retires_at, context_tokens=offer.context_tokens, max_output_tokens=offer.max_output_tokens,
            modalities=tuple(offer.modalities), terms=offer.terms, description=offer.description, source=offer.source,
        )  # fmt: skip

    def put_on(self, offer: Offer, at: datetime) -> None:
        """Set what may change on a row; its terms are set apart."""
        offer.host_model_id = self.host_model_id or self.model
        offer.lifecycle, offer.lifecycle_told = self.lifecycle, self.words
        offer.deprecated_at, offer.retires_at = self.deprecated_at, self.retires_at
        offer.context_tokens, offer.max_output_tokens = self.context_tokens, self.max_output_tokens
        offer.modalities, offer.description = list(self.modalities), self.description.strip()[:2000]
        offer.source, offer.told_at = self.source, at


def new_row(host: Host, told: Told) -> Offer:
    """An unsaved offer of the named model; maker and model are made where they are new."""
    maker, _ = Publisher.objects.get_or_create(
        slug=told.publisher, defaults={"name": told.publisher_name.strip() or told.publisher}
    )
    model, _ = Model.objects.get_or_create(
        publisher=maker, slug=told.model, defaults={"name": told.name.strip() or told.model}
    )
    return Offer(
        host=host,
        model=model,
        key=told.key,
        version=told.version,
        region=told.region,
        sku=told.sku,
        by_hand=True,
    )


def require_sense(told: Told) -> None:
    """Raise Invalid that names each field that cannot be used."""
    errors = {
        name: f"At most {most} characters on one line."
        for name, most in NAME.items()
        if len(text := getattr(told, name)) > most or not text.isprintable()
    }
    for name in ("publisher", "model"):
        value = getattr(told, name)
        if not value or not all(sign.isalnum() or sign in "-_." for sign in value):
            errors[name] = "Letters, digits, dots, dashes and underscores."
    if told.publisher and told.publisher != told.publisher.lower():
        errors["publisher"] = "A maker's short name is in lower case."
    if (told.input_per_million is None) != (told.output_per_million is None):
        errors["output_per_million"] = "Give both prices or neither."
    if errors:
        raise Invalid(
            "offer.told", " ".join(errors.values()), remedy="Mend these and save again.", errors=errors
        )
    require_sane_price(told.input_per_million, told.output_per_million)
