"""Who makes models, who serves them, and under which terms.

An offer is one model version at one host, in one region and SKU. Everything a team asks for, is
granted and calls is an offer.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now

from catalog.connectors.base import NOT_CALLABLE
from catalog.models.prices import Price
from catalog.states import ChangeKind, DataClass, Lifecycle

if TYPE_CHECKING:
    from foundry.people.models import User


class Publisher(models.Model):
    """Who makes models: xAI, OpenAI, Meta."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


# What terms say, in the order in which people ask for it.
FACTS = ("hosted_by", "training", "retention", "regions", "sub_processors", "acceptable_use")


def in_order(classes: Iterable[str]) -> list[str]:
    """Data classes from the least to the most sensitive."""
    held = set(classes)
    return [each for each in DataClass.values if each in held]


class TermsQuerySet(models.QuerySet["Terms"]):
    def newest(self) -> Self:
        """Of each terms the newest version, by name."""
        return self.order_by("slug", "-version").distinct("slug")


class Terms(models.Model):
    """One version of the facts under which an offer is served; a new version is a new row.

    `facts` is flat: hosted_by, training (begins with "none" or "may train"), retention, regions,
    sub_processors, acceptable_use. `data_classes` names what may be sent there; null where nobody has said so.
    """

    slug = models.SlugField()
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=160)
    facts = models.JSONField()
    data_classes = ArrayField(models.CharField(max_length=12), null=True)
    source = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=120, blank=True)

    objects = TermsQuerySet.as_manager()

    class Meta:
        ordering = ["slug", "-version"]
        verbose_name_plural = "terms"
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="terms_version_once")]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The facts in the order in which people ask for them."""
        names = [name for name in FACTS if name in self.facts]
        return [(name, str(self.facts[name])) for name in [*names, *sorted(set(self.facts) - set(names))]]

    @property
    def data_words(self) -> str:
        """Which data may be sent, in words; empty where nobody has said so."""
        return "" if self.data_classes is None else ", ".join(in_order(self.data_classes)) or "none"

    @property
    def may_train(self) -> bool | None:
        """May somebody train on what is sent? None where the facts do not say."""
        said = str(self.facts.get("training", "")).lower()
        return False if said.startswith("none") else True if said.startswith("may train") else None

    def allow(self, data_class: str) -> bool:
        """May data of this class be sent? What nobody ruled out is allowed."""
        return self.data_classes is None or data_class in self.data_classes


class Host(models.Model):
    """A provider connection that serves models. Listing tells what there is; calling is where calls go.

    `listing_credential` and `calling_credential` are Fernet tokens; no page, API or log shows them.
    `calling_path_template` may hold {model} for hosts with a path per deployment.

    :ivar cancels_at_once: whether a call ends when its caller hangs up, instead of being read on to the host's report.
    :ivar publishes_new: whether new offers show to everybody at once; otherwise an admin publishes them.
    :ivar price_rise_percent: by how much a price may rise without a person's yes.
    :ivar gone_percent: what share of the offers may go missing at once before the listing is doubted.
    :ivar waits_for: kinds of change that always wait for a person here.
    :ivar request_gap_ms: the least time between two questions to this host.
    :ivar failures: syncs in a row that brought nothing; `retry_at`: not asked again by schedule before then.
    :ivar trouble: why the last of them failed, in words; `trouble_lasting`: only a person can mend it.
    :ivar status_url: the host's status page (Statuspage v2), without the path of its API.
    """

    BEARER, API_KEY = "bearer", "api-key"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    connector = models.CharField(max_length=40)
    region = models.CharField(max_length=60, blank=True)
    listing_base_url = models.URLField(blank=True, max_length=400)
    listing_credential = models.BinaryField(null=True)
    listing_settings = models.JSONField(default=dict, blank=True)
    calling_base_url = models.URLField(blank=True, max_length=400)
    calling_credential = models.BinaryField(null=True)
    calling_auth = models.CharField(
        max_length=8, choices=[(BEARER, "Bearer"), (API_KEY, "api-key")], default=BEARER
    )
    calling_path_template = models.CharField(max_length=200, blank=True)
    cancels_at_once = models.BooleanField(default=False)
    trusted_networks = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    default_terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, blank=True)
    is_sandbox = models.BooleanField(default=False)
    is_demo = models.BooleanField(default=False)
    sync_every_s = models.PositiveIntegerField(null=True, default=21_600)
    publishes_new = models.BooleanField(default=False)
    price_rise_percent = models.PositiveSmallIntegerField(default=25)
    gone_percent = models.PositiveSmallIntegerField(default=20)
    waits_for = ArrayField(models.CharField(max_length=16, choices=ChangeKind), default=list, blank=True)
    request_gap_ms = models.PositiveIntegerField(default=100)
    status_url = models.URLField(blank=True, max_length=400)
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=400, blank=True)
    trouble_lasting = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(calling_auth__in=["bearer", "api-key"]), name="host_auth_is_known"
            ),
            models.CheckConstraint(condition=Q(gone_percent__lte=100), name="host_gone_percent_is_a_share"),
        ]

    def __str__(self) -> str:
        return self.name


class Model(models.Model):
    """What a publisher made, whoever serves it. Callers write `publisher/slug`."""

    publisher = models.ForeignKey(Publisher, on_delete=models.PROTECT, related_name="models")
    slug = models.CharField(max_length=120)
    name = models.CharField(max_length=160)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["publisher__name", "name"]
        constraints = [models.UniqueConstraint(fields=["publisher", "slug"], name="model_once_per_publisher")]

    def __str__(self) -> str:
        return f"{self.publisher.slug}/{self.slug}"


# How supply comes in is told to those who keep or prove it; teams see what came of it.
SUPPLY_READERS = ("admin", "ops", "auditor")


class Reach(NamedTuple):
    """Whether a call to an offer would reach anything: connected, sandbox or listed; and why."""

    word: str
    why: str


class OfferQuerySet(models.QuerySet["Offer"]):
    def seen_by(self, person: "User") -> Self:
        """Hidden offers are for admins and ops."""
        return self if person.is_any("admin", "ops") else self.filter(hidden=False)

    def listed(self) -> Self:
        return self.filter(gone_at=None)

    def unpublished(self) -> Self:
        """Listed, and shown to nobody but admins and ops."""
        return self.filter(hidden=True, gone_at=None)

    def with_reach(self) -> Self:
        """Adds `reach_word` and `reach_rank` (0 reaches something), as `Offer.reach` says it."""
        nothing = (
            Q(gone_at__isnull=False)
            | Q(lifecycle__in=[Lifecycle.RETIRED, Lifecycle.ANNOUNCED])
            | Q(opened_at__isnull=False)
            | Q(capabilities__has_key=NOT_CALLABLE)
            | Q(host__disabled_at__isnull=False)
            | Q(host__connector="reference")
            | Q(host__calling_base_url="")
        )
        sandbox = Q(host__is_sandbox=True) | Q(host__is_demo=True)
        return self.annotate(
            reach_word=Case(
                When(nothing, then=Value("listed")),
                When(sandbox, then=Value("sandbox")),
                default=Value("connected"),
                output_field=models.CharField(),
            ),
            reach_rank=Case(When(nothing, then=Value(1)), default=Value(0)),
        )

    def reachable_first(self) -> Self:
        """In the order of pages; needs `with_reach()`."""
        order: tuple[str, ...] = ("reach_rank", "host__name", "region", "sku", "pk")
        return self.order_by(*order)

    def with_price_at(self, moment: datetime) -> Self:
        """Adds `input_now`: USD per million input tokens in force at `moment`, null where unknown."""
        in_force = Price.objects.at(moment).filter(offer=OuterRef("pk")).values("input_per_million")[:1]
        return self.annotate(input_now=Subquery(in_force))

    def with_names(self) -> Self:
        return self.select_related("model__publisher", "host", "terms", "pool", "successor__model__publisher")


class Offer(models.Model):
    """One model version at a host, in a region and SKU, with its lifecycle and terms.

    :ivar host_model_id: the name to send upstream.
    :ivar key: what the connector tells this row by; unique per host.
    :ivar gone_at: since when complete listings no longer name it.
    :ivar by_hand: a person entered it; no listing takes it away or changes it.
    :ivar hidden: not published: only admins and ops see it.
    :ivar opened_as: for an announced offer that can be had now: which one it became.
    :ivar terms_from: from when calls need these terms acknowledged; until then `terms_before` count. Null: at once.
    :ivar set_by_hand: what a person said otherwise than the host, by kind of change: {"told", "source", "by", "at"}.
        "told" is the host's word at that time; the person's counts until the host says something new.
    """

    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="offers")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="offers")
    version = models.CharField(max_length=60, blank=True)
    region = models.CharField(max_length=60, blank=True)
    sku = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=300)
    host_model_id = models.CharField(max_length=200)
    lifecycle = models.CharField(max_length=20, choices=Lifecycle)
    lifecycle_told = models.CharField(max_length=80, blank=True)
    deprecated_at = models.DateTimeField(null=True)
    retires_at = models.DateTimeField(null=True)
    successor = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="replaces")
    successor_told = models.CharField(max_length=200, blank=True)
    context_tokens = models.PositiveIntegerField(null=True)
    max_output_tokens = models.PositiveIntegerField(null=True)
    capabilities = models.JSONField(default=dict)
    modalities = ArrayField(models.CharField(max_length=20), default=list)
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True)
    terms_before = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, related_name="+")
    terms_from = models.DateTimeField(null=True)
    set_by_hand = models.JSONField(default=dict)
    pool = models.ForeignKey(
        "catalog.CapacityPool", on_delete=models.SET_NULL, null=True, related_name="offers"
    )
    description = models.TextField(blank=True)
    hidden = models.BooleanField(default=False)
    by_hand = models.BooleanField(default=False)
    opened_as = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="announced_as")
    opened_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=160)
    told_at = models.DateTimeField()
    first_seen_at = models.DateTimeField(db_default=Now())
    gone_at = models.DateTimeField(null=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["model__publisher__name", "model__name", "host__name", "region", "sku", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["host", "key"], name="offer_once_per_host"),
            models.CheckConstraint(
                condition=Q(lifecycle__in=Lifecycle.values), name="offer_lifecycle_is_known"
            ),
            models.CheckConstraint(
                condition=Q(terms_before=None) | Q(terms_from__isnull=False),
                name="offer_terms_before_have_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.host}"

    @property
    def call_name(self) -> str:
        """How a caller names exactly this offer: `host:publisher/model`."""
        return f"{self.host.slug}:{self.model}"

    def days_left(self, at: datetime) -> int | None:
        """Whole days until calls end; 0 on the last day and after, None where no date is told."""
        return None if self.retires_at is None else max(0, (self.retires_at - at).days)

    @property
    def reach(self) -> Reach:
        """Would a call reach anything? Judged from the host's connection; no call is made."""
        host = self.host
        if self.opened_at:
            return Reach("listed", "It opened as another offer; ask for that one.")
        if self.gone_at or self.lifecycle == Lifecycle.RETIRED:
            return Reach("listed", "The host no longer lists it.")
        if self.lifecycle == Lifecycle.ANNOUNCED:
            return Reach("listed", "Announced; no host serves it yet.")
        if why := self.capabilities.get(NOT_CALLABLE):
            return Reach("listed", f"{host.name} lists it, but {why}.")
        if host.disabled_at:
            return Reach("listed", f"{host.name} is switched off.")
        if host.connector == "reference":
            return Reach("listed", "From a price list; not verified with the host.")
        if not host.calling_base_url:
            return Reach("listed", f"{host.name} has no calling address yet; an admin can add one.")
        if host.is_sandbox or host.is_demo:
            return Reach("sandbox", "Answers come from the built-in sandbox, not from a real model.")
        return Reach("connected", f"Calls go to {host.name}.")
