"""`publishers/`, `hosts/`, `models/`, `offers/`, `sync-runs/`, `changes/`, `capacity/`."""

from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from catalog import actions, pages
from catalog.asked import Asked
from catalog.capacity_api import CapacityView
from catalog.filters import ChangeFilter, FeedFilter, ModelFilter, OfferFilter, RunFilter
from catalog.hand_api import ByHand, Publishing, TermsView
from catalog.health_api import HostHealth, OfferHealth
from catalog.hosts import HostFacts, facts_of
from catalog.models import SUPPLY_READERS, Change, Host, Model, Offer, Publisher, SyncRun, Terms
from catalog.pause_api import Pausable, PauseView
from catalog.rules import require_admin
from catalog.serializers import (
    POLICY,
    ChangedHostSerializer,
    ChangedOfferSerializer,
    ChangeIdsSerializer,
    ChangeSerializer,
    CheckSerializer,
    HostSerializer,
    ModelSerializer,
    NewHostSerializer,
    NewPriceSerializer,
    NewsSerializer,
    OfferSerializer,
    PriceSerializer,
    PublisherSerializer,
    SettledSerializer,
    SyncRunSerializer,
)
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.api.paging import CursorPages
from foundry.lib import clock
from foundry.lib.errors import Invalid


class PublisherView(viewsets.ReadOnlyModelViewSet[Publisher]):
    """Who makes models."""

    serializer_class = PublisherSerializer
    queryset = Publisher.objects.all()
    lookup_field = "slug"


class ModelView(Asked, viewsets.ReadOnlyModelViewSet[Model]):
    """What publishers made, whoever serves it; filtered as offers are."""

    serializer_class = ModelSerializer
    queryset = Model.objects.none()
    filterset_class = ModelFilter

    def get_queryset(self) -> QuerySet[Model]:
        if self.nobody:
            return Model.objects.none()
        shown = Offer.objects.seen_by(self.person).values("model")
        return Model.objects.filter(pk__in=shown).select_related("publisher")


class HostView(Publishing, HostHealth, Pausable, viewsets.ReadOnlyModelViewSet[Host]):
    """Hosts. Admins connect and change them; admins and ops sync them."""

    serializer_class = HostSerializer
    queryset = Host.objects.all()
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"

    def get_queryset(self) -> QuerySet[Host]:
        return Host.objects.select_related("default_terms")

    def get_serializer_context(self) -> dict[str, Any]:
        may = not self.nobody and self.person.is_any(*SUPPLY_READERS)
        return {**super().get_serializer_context(), "may_see_connection": may}

    def told(self, host: Host, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(host).data, status=code)

    @needs_scope("admin")
    @extend_schema(request=NewHostSerializer, responses={201: HostSerializer})
    def create(self, request: Request) -> Response:
        require_admin(self.person)
        facts, credentials = host_facts(HostFacts("", "", ""), read(NewHostSerializer, request))
        host = actions.save_host(facts, **credentials, actor=self.person, at=clock.now())
        return self.told(host, status.HTTP_201_CREATED)

    @needs_scope("admin")
    @extend_schema(request=ChangedHostSerializer, responses=HostSerializer)
    def partial_update(self, request: Request, slug: str) -> Response:
        require_admin(self.person)
        host, body, at = self.get_object(), read(ChangedHostSerializer, request), clock.now()
        on = body.pop("on", None)
        if body:
            facts, credentials = host_facts(facts_of(host), body)
            host = actions.update_host(host.pk, facts, **credentials, actor=self.person, at=at)
        if on is not None and on == bool(host.disabled_at):
            host = actions.switch_host(host.pk, on=on, actor=self.person, at=at)
        return self.told(host)

    @extend_schema(request=None, responses={202: SyncRunSerializer})
    @action(detail=True, methods=["post"])
    def sync(self, request: Request, slug: str) -> Response:
        """Queue a sync; look at `sync-runs/{id}/` for how it goes."""
        run = actions.ask_sync(self.get_object(), actor=self.person, at=clock.now())
        return Response(SyncRunSerializer(run).data, status=status.HTTP_202_ACCEPTED)

    @needs_scope("admin")
    @extend_schema(request=None, responses=CheckSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, slug: str) -> Response:
        """Try the listing's credential; changes nothing."""
        why_not = actions.check_host(self.get_object(), actor=self.person, at=clock.now())
        return Response({"works": not why_not, "why": why_not})


def host_facts(before: HostFacts, body: dict[str, Any]) -> tuple[HostFacts, dict[str, str]]:
    """The host as the body says, and the credentials it brings. Raises Invalid for unknown terms."""
    listing, calling = body.get("listing"), body.get("calling")
    told: dict[str, Any] = {
        name: body[name]
        for name in ("slug", "name", "connector", "region", "sync_every_s", *POLICY)
        if name in body
    }
    if listing:
        told |= {"listing_base_url": listing["base_url"], "listing_settings": listing["settings"]}
    if calling:
        told |= {f"calling_{name}": calling[name] for name in ("base_url", "auth", "path_template")}
    for name in {"trusted_networks", "waits_for"} & set(body):
        told[name] = tuple(body[name])
    if slug := body.get("terms"):
        told["default_terms"] = newest_terms(slug)
    credentials = {
        "listing_credential": (listing or {}).get("credential", ""),
        "calling_credential": (calling or {}).get("credential", ""),
    }
    return replace(before, **told), credentials


def newest_terms(slug: str) -> Terms:
    found = Terms.objects.filter(slug=slug).order_by("-version").first()
    if found is None:
        raise Invalid(
            "terms.unknown", f"There are no terms '{slug}'.", remedy="Use terms that are recorded.",
            errors={"terms": "Unknown."},
        )  # fmt: skip
    return found


class OfferView(ByHand, OfferHealth, Pausable, mixins.ListModelMixin, viewsets.GenericViewSet[Offer]):
    """What teams can ask for: model, host, price, terms, reach, and what I may already do."""

    serializer_class = OfferSerializer
    filterset_class = OfferFilter
    queryset = Offer.objects.none()

    def get_queryset(self) -> QuerySet[Offer]:
        if self.nobody:
            return Offer.objects.none()
        seen = Offer.objects.seen_by(self.person).with_reach().with_price_at(clock.now())
        return seen.with_names()

    @extend_schema(responses=OfferSerializer(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        facts = pages.gather(page, self.person, clock.now())
        return self.get_paginated_response(OfferSerializer(facts, many=True).data)

    @extend_schema(responses=OfferSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        return self.told(self.any_offer())

    @needs_scope("admin")
    @extend_schema(request=ChangedOfferSerializer, responses=OfferSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Publish, hide or describe an offer."""
        offer, body, at = self.any_offer(), read(ChangedOfferSerializer, request), clock.now()
        require_admin(self.person)
        if "hidden" in body:
            actions.show_offer(offer.pk, hidden=body["hidden"], actor=self.person, at=at)
        if "description" in body:
            actions.describe_offer(offer.pk, body["description"], actor=self.person, at=at)
        return self.told(self.any_offer())

    @needs_scope("admin")
    @extend_schema(request=NewPriceSerializer, responses={201: PriceSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def price(self, request: Request, pk: str) -> Response:
        """Set the price from now or a later moment on; calls that were made keep theirs."""
        require_admin(self.person)
        body, at = read(NewPriceSerializer, request), clock.now()
        starts_at = body.pop("starts_at", None) or at
        price = actions.set_price(self.any_offer(), **body, starts_at=starts_at, actor=self.person, at=at)
        return Response(PriceSerializer(price).data, status=status.HTTP_201_CREATED)

    def any_offer(self) -> Offer:
        """The offer of the address, also when it is gone. Raises 404 for one that is not shown."""
        self.filter_backends = []  # one row is named by its id, not filtered
        return self.get_object()

    def offer_told(self, number: int, code: int = status.HTTP_200_OK) -> Response:
        """The offer as it stands now."""
        return Response(self.told(self.get_queryset().get(pk=number)).data, status=code)

    def told(self, offer: Offer) -> Response:
        [facts] = pages.gather([offer], self.person, clock.now())
        return Response(OfferSerializer(facts).data)


class SyncRunView(Asked, viewsets.ReadOnlyModelViewSet[SyncRun]):
    """What came with each sync; for admins, ops and auditors."""

    serializer_class = SyncRunSerializer
    filterset_class = RunFilter
    queryset = SyncRun.objects.none()

    def get_queryset(self) -> QuerySet[SyncRun]:
        if self.nobody:
            return SyncRun.objects.none()
        return SyncRun.objects.seen_by(self.person).select_related("host")

    @needs_scope("admin")
    @extend_schema(request=None, responses={202: SyncRunSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def take(self, request: Request, pk: str) -> Response:
        """Take a doubted listing anyway: sync again, and let go what was seen missing."""
        run = actions.take_anyway(self.get_object().pk, actor=self.person, at=clock.now())
        return Response(SyncRunSerializer(run).data, status=status.HTTP_202_ACCEPTED)


class NewsPages(CursorPages):
    ordering = ("-settled_at", "-pk")


class ChangeView(Asked, viewsets.ReadOnlyModelViewSet[Change]):
    """What differs between two listings; waiting ones are for an admin to apply or dismiss."""

    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter
    queryset = Change.objects.none()

    def get_queryset(self) -> QuerySet[Change]:
        if self.nobody:
            return Change.objects.none()
        return Change.objects.seen_by(self.person).select_related("host")

    @needs_scope("admin")
    @extend_schema(request=None, responses=ChangeSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def apply(self, request: Request, pk: str) -> Response:
        change = actions.apply_change(self.get_object().pk, actor=self.person, at=clock.now())
        return Response(ChangeSerializer(change).data)

    @needs_scope("admin")
    @extend_schema(request=None, responses=ChangeSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def dismiss(self, request: Request, pk: str) -> Response:
        change = actions.dismiss_change(self.get_object().pk, actor=self.person, at=clock.now())
        return Response(ChangeSerializer(change).data)

    @extend_schema(responses=NewsSerializer(many=True))
    @action(detail=False, methods=["get"], filterset_class=FeedFilter)
    def feed(self, request: Request) -> Response:
        """What came true for offers that everybody sees, the latest first: for everybody."""
        rows = Change.objects.of_the_catalog().select_related("host", "offer__model__publisher")
        page = NewsPages()
        told = page.paginate_queryset(self.filter_queryset(rows), request, view=self) or []
        return page.get_paginated_response(NewsSerializer(list(told), many=True).data)  # type: ignore[arg-type]  # a list, as many=True says

    @needs_scope("admin")
    @extend_schema("changes_apply_many", request=ChangeIdsSerializer, responses=SettledSerializer(many=True))
    @action(detail=False, methods=["post"], url_path="apply", filter_backends=[], pagination_class=None)
    def apply_many(self, request: Request) -> Response:
        """Apply several at once; each row says what came of it."""
        return self.settle(request, yes=True)

    @needs_scope("admin")
    @extend_schema(
        "changes_dismiss_many", request=ChangeIdsSerializer, responses=SettledSerializer(many=True)
    )
    @action(detail=False, methods=["post"], url_path="dismiss", filter_backends=[], pagination_class=None)
    def dismiss_many(self, request: Request) -> Response:
        """Dismiss several at once; each row says what came of it."""
        return self.settle(request, yes=False)

    def settle(self, request: Request, *, yes: bool) -> Response:
        require_admin(self.person)
        ids = read(ChangeIdsSerializer, request)["ids"]
        came = actions.settle_changes(ids, yes=yes, actor=self.person, at=clock.now())
        return Response(SettledSerializer(came, many=True).data)


def routes(router: BaseRouter) -> None:
    router.register("publishers", PublisherView, basename="publisher")
    router.register("hosts", HostView, basename="host")
    router.register("models", ModelView, basename="model")
    router.register("terms", TermsView, basename="terms")
    router.register("offers", OfferView, basename="offer")
    router.register("sync-runs", SyncRunView, basename="sync-run")
    router.register("changes", ChangeView, basename="change")
    router.register("pauses", PauseView, basename="pause")
    router.register("capacity", CapacityView, basename="pool")
