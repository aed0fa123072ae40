"""Supply as the API tells it. Credentials are never among the fields."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalog.actions.changes import MOST
from catalog.connectors.base import PARTS
from catalog.connectors.registry import CONNECTORS
from catalog.models import Change, Host, Model, Publisher, SyncRun
from catalog.pages import OfferFacts
from catalog.states import ChangeKind, Lifecycle
from foundry.lib import clock

POLICY = [
    "publishes_new",
    "price_rise_percent",
    "gone_percent",
    "waits_for",
    "request_gap_ms",
    "status_url",
    "cancels_at_once",
]
TROUBLE = ["failures", "retry_at", "trouble", "trouble_lasting"]
CONNECTION = ["listing", "calling", "trusted_networks", "sync_every_s", "disabled_at", *POLICY, *TROUBLE]


class PublisherSerializer(serializers.ModelSerializer[Publisher]):
    class Meta:
        model = Publisher
        fields = ["slug", "name"]


class ModelSerializer(serializers.ModelSerializer[Model]):
    name = serializers.CharField()
    full_name = serializers.CharField(source="__str__", help_text="publisher/model, as callers write it.")
    publisher = serializers.CharField(source="publisher.slug")

    class Meta:
        model = Model
        fields = ["id", "full_name", "publisher", "slug", "name", "description"]


class ListingSerializer(serializers.Serializer[Host]):
    base_url = serializers.CharField(source="listing_base_url")
    settings = serializers.DictField(source="listing_settings", child=serializers.CharField())
    has_credential = serializers.SerializerMethodField()

    def get_has_credential(self, host: Host) -> bool:
        return host.listing_credential is not None


class CallingSerializer(serializers.Serializer[Host]):
    base_url = serializers.CharField(source="calling_base_url")
    auth = serializers.CharField(source="calling_auth")
    path_template = serializers.CharField(source="calling_path_template")
    has_credential = serializers.SerializerMethodField()

    def get_has_credential(self, host: Host) -> bool:
        return host.calling_credential is not None


class HostSerializer(serializers.ModelSerializer[Host]):
    """Everybody reads what a host is; how it is connected is for those who keep or prove supply."""

    listing = ListingSerializer(source="*", required=False)
    calling = CallingSerializer(source="*", required=False)

    class Meta:
        model = Host
        fields = ["slug", "name", "connector", "region", "is_sandbox", "is_demo", *CONNECTION]
        extra_kwargs = {
            name: {"required": False} for name in CONNECTION if name not in {"listing", "calling"}
        }

    def to_representation(self, instance: Host) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(instance)
        if not self.context["may_see_connection"]:
            for name in CONNECTION:
                told.pop(name)
        return told


class NewListingSerializer(serializers.Serializer[Any]):
    base_url = serializers.CharField(max_length=400, allow_blank=True, default="")
    credential = serializers.CharField(max_length=8000, allow_blank=True, default="", write_only=True)
    settings = serializers.DictField(child=serializers.CharField(max_length=200), default=dict)


class NewCallingSerializer(serializers.Serializer[Any]):
    base_url = serializers.CharField(max_length=400, allow_blank=True, default="")
    credential = serializers.CharField(max_length=8000, allow_blank=True, default="", write_only=True)
    auth = serializers.CharField(default=Host.BEARER, help_text="bearer or api-key")
    path_template = serializers.CharField(max_length=200, allow_blank=True, default="")


class PolicySerializer(serializers.Serializer[Any]):
    """How far a host's listing is believed without a person; what is left out stays as it is."""

    publishes_new = serializers.BooleanField(
        required=False, help_text="Show new offers to everybody at once."
    )
    price_rise_percent = serializers.IntegerField(
        required=False, help_text="By how much a price may rise without a person's yes; 25 unless said."
    )
    gone_percent = serializers.IntegerField(
        required=False, help_text="What share may go missing before a listing is doubted; 20 unless said."
    )
    waits_for = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Kinds of change that always wait."
    )
    request_gap_ms = serializers.IntegerField(required=False, help_text="Least time between two questions.")
    status_url = serializers.CharField(
        max_length=400, allow_blank=True, required=False, help_text="Its status page (Statuspage v2)."
    )
    cancels_at_once = serializers.BooleanField(
        required=False,
        help_text="End its calls when their callers hang up, instead of reading on to what they cost.",
    )


class NewHostSerializer(PolicySerializer):
    slug = serializers.SlugField(max_length=50)
    name = serializers.CharField(max_length=120)
    connector = serializers.CharField(help_text=", ".join(sorted(CONNECTORS)))
    region = serializers.CharField(max_length=60, allow_blank=True, default="")
    listing = NewListingSerializer(default=dict)
    calling = NewCallingSerializer(required=False)
    trusted_networks = serializers.ListField(child=serializers.CharField(max_length=50), default=list)
    sync_every_s = serializers.IntegerField(allow_null=True, default=21_600)
    terms = serializers.CharField(
        default="", allow_blank=True, help_text="Short name of the terms of its offers."
    )


class ChangedHostSerializer(PolicySerializer):
    """What is left out stays; a part that is sent (listing, calling) is sent whole, but for its credential."""

    name = serializers.CharField(max_length=120, required=False)
    region = serializers.CharField(max_length=60, allow_blank=True, required=False)
    listing = NewListingSerializer(required=False)
    calling = NewCallingSerializer(required=False)
    trusted_networks = serializers.ListField(child=serializers.CharField(max_length=50), required=False)
    sync_every_s = serializers.IntegerField(allow_null=True, required=False)
    terms = serializers.CharField(required=False, allow_blank=True)
    on = serializers.BooleanField(required=False, help_text="false switches the host off")


class CheckSerializer(serializers.Serializer[Any]):
    works = serializers.BooleanField()
    why = serializers.CharField()


def units() -> str:
    """The parts of a price by what they are for."""
    by_unit: dict[str, list[str]] = {}
    for part, unit in PARTS.items():
        by_unit.setdefault(unit, []).append(part)
    return "; ".join(f"{', '.join(names)} per {unit}" for unit, names in by_unit.items())


class TierSerializer(serializers.Serializer[Any]):
    """Prices that stand in for the base ones while a condition holds; what is not named keeps its base."""

    prices = serializers.DictField(child=serializers.CharField(), help_text="USD by part.")
    over_input_tokens = serializers.IntegerField(
        allow_null=True, default=None, help_text="For calls with more input than this."
    )
    utc_from = serializers.CharField(default="", help_text="HH:MM; empty at any hour.")
    utc_to = serializers.CharField(default="", help_text="HH:MM; may pass midnight.")


class PriceSerializer(serializers.Serializer[Any]):
    """USD per million tokens; basis: admin, negotiated, host or reference."""

    input_per_million = serializers.DecimalField(max_digits=30, decimal_places=18, normalize_output=True)
    output_per_million = serializers.DecimalField(max_digits=30, decimal_places=18, normalize_output=True)
    cached_input_per_million = serializers.DecimalField(
        max_digits=30, decimal_places=18, normalize_output=True, allow_null=True
    )
    parts = serializers.DictField(
        child=serializers.CharField(), help_text=f"What is priced apart, USD per unit: {units()}."
    )
    tiers = TierSerializer(many=True)
    basis = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    starts_at = serializers.DateTimeField()


class NewPriceSerializer(serializers.Serializer[Any]):
    input_per_million = serializers.DecimalField(max_digits=30, decimal_places=18, min_value=0)
    output_per_million = serializers.DecimalField(max_digits=30, decimal_places=18, min_value=0)
    cached_input_per_million = serializers.DecimalField(
        max_digits=30, decimal_places=18, min_value=0, allow_null=True, default=None
    )
    basis = serializers.CharField(default="admin", help_text="admin or negotiated")
    starts_at = serializers.DateTimeField(
        required=False, help_text="Now where it is left out; never in the past."
    )
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=160, help_text="Where it stands, for example a contract's number."
    )


class TermsSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    version = serializers.IntegerField()
    facts = serializers.DictField(child=serializers.CharField())
    data_classes = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="What may be sent; null where nobody has ruled.",
    )


class AccessSerializer(serializers.Serializer[Any]):
    word = serializers.CharField()
    tone = serializers.CharField()
    url = serializers.CharField()


class OfferSerializer(serializers.Serializer[Any]):
    """One model version at one host, in a region and SKU, as of now."""

    id = serializers.IntegerField(source="offer.pk")
    model = serializers.CharField(source="offer.model.__str__", help_text="publisher/model")
    publisher = serializers.CharField(source="offer.model.publisher.slug")
    host = serializers.CharField(source="offer.host.slug")
    call_name = serializers.CharField(source="offer.call_name", help_text="host:publisher/model")
    version = serializers.CharField(source="offer.version")
    region = serializers.CharField(source="offer.region")
    sku = serializers.CharField(source="offer.sku")
    lifecycle = serializers.CharField(source="offer.lifecycle", help_text=", ".join(Lifecycle.values))
    lifecycle_told = serializers.CharField(source="offer.lifecycle_told", help_text="In the host's own word.")
    deprecated_at = serializers.DateTimeField(
        source="offer.deprecated_at", allow_null=True, help_text="No new use since then."
    )
    retires_at = serializers.DateTimeField(source="offer.retires_at", allow_null=True)
    days_left = serializers.SerializerMethodField()
    successor = serializers.SerializerMethodField()
    successor_offer = serializers.IntegerField(source="offer.successor_id", allow_null=True)
    by_hand = serializers.BooleanField(source="offer.by_hand", help_text="A person made it; no listing does.")
    set_by_hand = serializers.DictField(
        source="offer.set_by_hand",
        child=serializers.JSONField(),
        help_text="What a person said otherwise than the host, by kind.",
    )
    opened_as = serializers.IntegerField(source="offer.opened_as_id", allow_null=True)
    terms_from = serializers.DateTimeField(
        source="offer.terms_from", allow_null=True, help_text="From when calls need these terms acknowledged."
    )
    context_tokens = serializers.IntegerField(source="offer.context_tokens", allow_null=True)
    max_output_tokens = serializers.IntegerField(source="offer.max_output_tokens", allow_null=True)
    modalities = serializers.ListField(source="offer.modalities", child=serializers.CharField())
    capabilities = serializers.DictField(source="offer.capabilities", child=serializers.CharField())
    pool = serializers.IntegerField(source="offer.pool_id", allow_null=True)
    price = PriceSerializer(allow_null=True)
    terms = TermsSerializer(source="offer.terms", allow_null=True)
    reach = serializers.CharField(source="offer.reach.word", help_text="connected, sandbox or listed")
    reach_why = serializers.CharField(source="offer.reach.why")
    paused_until = serializers.DateTimeField(source="paused.ends_at", default=None, allow_null=True)
    paused_why = serializers.CharField(source="paused.reason", default=None, allow_null=True)
    my_access = serializers.SerializerMethodField()
    description = serializers.CharField(source="offer.description")
    hidden = serializers.BooleanField(source="offer.hidden")
    gone_at = serializers.DateTimeField(source="offer.gone_at", allow_null=True)
    source = serializers.CharField(source="offer.source")  # type: ignore[assignment]
    told_at = serializers.DateTimeField(source="offer.told_at")

    def get_days_left(self, facts: OfferFacts) -> int | None:
        """Whole days until calls end."""
        return facts.offer.days_left(clock.now())

    def get_successor(self, facts: OfferFacts) -> str | None:
        return facts.successor or None

    @extend_schema_field(AccessSerializer(allow_null=True))
    def get_my_access(self, facts: OfferFacts) -> dict[str, Any] | None:
        return facts.access or None


class ChangedOfferSerializer(serializers.Serializer[Any]):
    hidden = serializers.BooleanField(required=False)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)


class ProblemRowSerializer(serializers.Serializer[Any]):
    where = serializers.CharField()
    why = serializers.CharField()


class SyncRunSerializer(serializers.ModelSerializer[SyncRun]):
    host = serializers.CharField(source="host.slug")
    state = serializers.CharField(help_text="queued, running, succeeded, partial, quarantined, failed")
    quarantined = serializers.BooleanField()
    waivable = serializers.BooleanField(help_text="Somebody who looked may take its listing anyway.")
    lasting = serializers.BooleanField(help_text="Only a person can mend why it failed.")
    waives = serializers.IntegerField(source="waives_id", allow_null=True)
    problems = ProblemRowSerializer(many=True)

    class Meta:
        model = SyncRun
        fields = [
            "id", "host", "state", "asked_by", "asked_at", "started_at", "finished_at", "pages", "expected",
            "seen", "new", "changed", "gone", "rejected", "quarantined", "waivable", "lasting", "waives", "problems",
        ]  # fmt: skip


class ChangeSerializer(serializers.ModelSerializer[Change]):
    host = serializers.CharField(source="host.slug")
    offer = serializers.IntegerField(source="offer_id", allow_null=True)
    run = serializers.IntegerField(source="run_id", allow_null=True)
    kind = serializers.CharField()
    state = serializers.CharField(help_text="applied, waiting, dismissed")
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)

    class Meta:
        model = Change
        fields = [
            "id", "host", "offer", "run", "key", "kind", "before", "after", "risky", "why_risky", "source",
            "state", "at",
            "settled_at", "settled_by",
        ]  # fmt: skip


class NewsSerializer(serializers.Serializer[Change]):
    """One change of an offer that everybody sees, as it counts now."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField(source="settled_at")
    host = serializers.CharField(source="host.slug")
    offer = serializers.IntegerField(source="offer_id")
    model = serializers.CharField(source="offer.model.__str__", help_text="publisher/model")
    kind = serializers.CharField(help_text=", ".join(ChangeKind.values))
    title = serializers.CharField(
        source="news.title", help_text="In a few words: New, Dearer, Retires 30 Jun 2027."
    )
    detail = serializers.CharField(source="news.detail")
    tone = serializers.CharField(source="news.tone", help_text="good, warn, bad or info")
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    source = serializers.CharField(help_text="Who told it.")  # type: ignore[assignment]


class ChangeIdsSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=MOST
    )


class SettledSerializer(serializers.Serializer[Any]):
    """What came of one change of several."""

    id = serializers.IntegerField()
    state = serializers.CharField(help_text="applied, waiting, dismissed; empty where there is none such.")
    why_not = serializers.CharField(help_text="Empty when it was settled now.")
