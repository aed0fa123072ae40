"""`terms/`, and what people say of offers: made by hand, stages and dates, terms, publishing. Through the pages' actions."""

from dataclasses import fields, replace
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import actions
from catalog.actions.lifecycle import Life
from catalog.byhand import Told
from catalog.models import Host, Offer, Terms
from catalog.rules import require_admin
from catalog.states import DataClass, Lifecycle
from catalog.terms import TermsText
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.errors import Invalid
from foundry.people.access import signed_in

LARGEST_ID = 2**63 - 1


class VersionSerializer(serializers.ModelSerializer[Terms]):
    """One version of terms; it never changes."""

    facts = serializers.DictField(child=serializers.CharField())
    data_classes = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="What may be sent; null where nobody has ruled.",
    )
    may_train = serializers.BooleanField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]

    class Meta:
        model = Terms
        fields = [
            "slug", "version", "title", "facts", "data_classes", "may_train", "source", "created_at", "created_by",
        ]  # fmt: skip


class TermsDetailSerializer(VersionSerializer):
    """The newest version, with the ones before it."""

    offers = serializers.IntegerField(default=0, help_text="Listed offers under any version.")
    versions = serializers.SerializerMethodField()

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "offers", "versions"]

    @extend_schema_field(VersionSerializer(many=True))
    def get_versions(self, terms: Terms) -> list[dict[str, Any]]:
        rows = Terms.objects.filter(slug=terms.slug).order_by("-version")
        return list(VersionSerializer(rows, many=True).data)


class TermsTextSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    facts = serializers.DictField(
        child=serializers.CharField(max_length=1000), help_text="hosted_by and training at least."
    )
    data_classes = serializers.ListField(
        child=serializers.CharField(), allow_null=True, default=None, help_text=", ".join(DataClass.values)
    )
    source = serializers.CharField(max_length=300, allow_blank=True, default="")  # type: ignore[assignment]


class NewTermsSerializer(TermsTextSerializer):
    slug = serializers.SlugField(max_length=50)


class NextTermsSerializer(TermsTextSerializer):
    counts_from = serializers.DateTimeField(
        allow_null=True,
        default=None,
        help_text="From when calls need it acknowledged; at once where left out.",
    )


def text_of(body: dict[str, Any]) -> TermsText:
    classes = body["data_classes"]
    return TermsText(
        body["title"], body["facts"], None if classes is None else tuple(classes), body["source"]
    )


class TermsView(viewsets.ReadOnlyModelViewSet[Terms]):
    """Under what offers are served. A new version is a new row; offers under an older one move to it."""

    serializer_class = VersionSerializer
    queryset = Terms.objects.none()
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]+"

    def get_queryset(self) -> QuerySet[Terms]:
        return Terms.objects.filter(pk__in=Terms.objects.newest().values("pk")).order_by("slug")

    @extend_schema(responses=TermsDetailSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        return Response(self.whole(slug))

    def whole(self, slug: str) -> Any:
        under = Offer.objects.listed().filter(terms__slug=OuterRef("slug")).order_by().values("terms__slug")
        counted = under.annotate(count=Count("pk")).values("count")
        return TermsDetailSerializer(
            get_object_or_404(self.get_queryset().annotate(offers=Subquery(counted)), slug=slug)
        ).data

    @needs_scope("admin")
    @extend_schema(request=NewTermsSerializer, responses={201: TermsDetailSerializer})
    def create(self, request: Request) -> Response:
        person = signed_in(request._request)
        require_admin(person)
        body = read(NewTermsSerializer, request)
        made = actions.add_terms(body["slug"], text_of(body), actor=person, at=clock.now())
        return Response(self.whole(made.slug), status=status.HTTP_201_CREATED)

    @needs_scope("admin")
    @extend_schema(request=NextTermsSerializer, responses={201: TermsDetailSerializer})
    @action(detail=True, methods=["post"])
    def versions(self, request: Request, slug: str) -> Response:
        """Publish the next version; teams have to acknowledge it, at once or from a date."""
        person = signed_in(request._request)
        require_admin(person)
        get_object_or_404(self.get_queryset(), slug=slug)
        body = read(NextTermsSerializer, request)
        actions.publish_terms(
            slug, text_of(body), counts_from=body["counts_from"], actor=person, at=clock.now()
        )
        return Response(self.whole(slug), status=status.HTTP_201_CREATED)


class LifeSerializer(serializers.Serializer[Any]):
    """What is left out stays."""

    lifecycle = serializers.CharField(required=False, help_text=", ".join(Lifecycle.values))
    deprecated_at = serializers.DateTimeField(required=False, allow_null=True)
    retires_at = serializers.DateTimeField(required=False, allow_null=True)
    successor = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST_ID, help_text="An offer's id."
    )
    source = serializers.CharField(max_length=160, help_text="The page, mail or contract that says so.")  # type: ignore[assignment]


class SourceSerializer(serializers.Serializer[Any]):
    source = serializers.CharField(max_length=160, help_text="The page, mail or contract that says so.")  # type: ignore[assignment]


class AssignSerializer(serializers.Serializer[Any]):
    terms = serializers.CharField(max_length=50, help_text="Short name; the newest version counts.")
    counts_from = serializers.DateTimeField(allow_null=True, default=None)


class ToldSerializer(serializers.Serializer[Any]):
    """An offer in a person's words; maker, model, version, region and SKU say which and stay."""

    host = serializers.SlugField(max_length=50)
    publisher = serializers.CharField(max_length=50)
    publisher_name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    model = serializers.CharField(max_length=120)
    name = serializers.CharField(max_length=160, required=False, allow_blank=True)
    version = serializers.CharField(max_length=60, required=False, allow_blank=True)
    region = serializers.CharField(max_length=60, required=False, allow_blank=True)
    sku = serializers.CharField(max_length=60, required=False, allow_blank=True)
    host_model_id = serializers.CharField(max_length=200, required=False, allow_blank=True)
    lifecycle = serializers.CharField(required=False, help_text=", ".join(Lifecycle.values))
    words = serializers.CharField(
        max_length=80, required=False, allow_blank=True, help_text="in talks, hosted soon"
    )
    deprecated_at = serializers.DateTimeField(required=False, allow_null=True)
    retires_at = serializers.DateTimeField(required=False, allow_null=True)
    context_tokens = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**31 - 1
    )
    max_output_tokens = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**31 - 1
    )
    modalities = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    input_per_million = serializers.DecimalField(
        max_digits=30, decimal_places=18, required=False, allow_null=True
    )
    output_per_million = serializers.DecimalField(
        max_digits=30, decimal_places=18, required=False, allow_null=True
    )
    terms = serializers.CharField(max_length=50, required=False, allow_blank=True)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    source = serializers.CharField(max_length=160)  # type: ignore[assignment]


def told_of(body: dict[str, Any]) -> Told:
    """Raises Invalid for terms that nobody recorded."""
    names = {each.name for each in fields(Told)} - {"terms", "modalities"}
    said = {name: value for name, value in body.items() if name in names}
    found = Terms.objects.newest().filter(slug=body["terms"]).first() if body.get("terms") else None
    if body.get("terms") and found is None:
        raise unknown("terms")
    return Told(**said, terms=found, modalities=tuple(body.get("modalities", ())))


def unknown(field: str) -> Invalid:
    return Invalid(
        f"{field}.unknown",
        f"There is no such {field}.",
        remedy="Use one that is there.",
        errors={field: "Unknown."},
    )


def answer(view: Any, number: int, code: int = status.HTTP_200_OK) -> Response:
    """The offer as it stands now, as `offers/` tells it."""
    told: Response = view.offer_told(number, code)
    return told


class ByHand:
    """What admins say of offers; mixed into `offers/`."""

    @needs_scope("admin")
    @extend_schema(request=ToldSerializer, responses={201: None})
    def create(self: Any, request: Request) -> Response:
        """Make an offer by hand, announced or not, at any host; no listing touches it."""
        require_admin(self.person)
        body = read(ToldSerializer, request)
        host = Host.objects.select_related("default_terms").filter(slug=body["host"]).first()
        if host is None:
            raise unknown("host")
        made = actions.make_offer(host, told_of(body), actor=self.person, at=clock.now())
        return answer(self, made.pk, status.HTTP_201_CREATED)

    @needs_scope("admin")
    @extend_schema(request=ToldSerializer)
    def update(self: Any, request: Request, pk: str) -> Response:
        """Change an offer that was made by hand: the whole of it."""
        require_admin(self.person)
        offer, body = self.any_offer(), read(ToldSerializer, request)
        actions.change_offer(offer.pk, told_of(body), actor=self.person, at=clock.now())
        return answer(self, offer.pk)

    @needs_scope("admin")
    @extend_schema(request=SourceSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def withdraw(self: Any, request: Request, pk: str) -> Response:
        """Take an offer that was made by hand out of the catalog."""
        require_admin(self.person)
        offer, body = self.any_offer(), read(SourceSerializer, request)
        actions.withdraw_offer(offer.pk, **body, actor=self.person, at=clock.now())
        return answer(self, offer.pk)

    @needs_scope("admin")
    @extend_schema(request=LifeSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def lifecycle(self: Any, request: Request, pk: str) -> Response:
        """Say stage, dates or successor otherwise than the host; counts until it says something new."""
        require_admin(self.person)
        offer, body = self.any_offer(), read(LifeSerializer, request)
        source, number = body.pop("source"), body.pop("successor", offer.successor_id)
        after = (
            Offer.objects.filter(pk=number).select_related("host", "model__publisher").first()
            if number
            else None
        )
        if number and after is None:
            raise unknown("successor")
        life = replace(Life.of(offer), **body, successor=after)
        actions.set_lifecycle(offer.pk, life, source=source, actor=self.person, at=clock.now())
        return answer(self, offer.pk)

    @needs_scope("admin")
    @extend_schema(request=None)
    @action(detail=True, methods=["post"], filter_backends=[], url_path="leave-to-host")
    def leave_to_host(self: Any, request: Request, pk: str) -> Response:
        """Take back what was set by hand."""
        require_admin(self.person)
        offer = self.any_offer()
        actions.leave_to_host(offer.pk, actor=self.person, at=clock.now())
        return answer(self, offer.pk)

    @needs_scope("admin")
    @extend_schema(request=AssignSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def terms(self: Any, request: Request, pk: str) -> Response:
        """Put it under the newest version of other terms, at once or from a date."""
        require_admin(self.person)
        offer, body = self.any_offer(), read(AssignSerializer, request)
        actions.assign_terms(
            body["terms"],
            offers=[offer.pk],
            counts_from=body["counts_from"],
            actor=self.person,
            at=clock.now(),
        )
        return answer(self, offer.pk)


class PublishSerializer(serializers.Serializer[Any]):
    offers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), required=False, allow_null=True, default=None,
        help_text="Which; all that wait where left out.",
    )  # fmt: skip
    from_now_on = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Whether later offers are published as they come.",
    )


class PublishedSerializer(serializers.Serializer[Any]):
    published = serializers.IntegerField()


class Publishing:
    """Mixed into `hosts/`."""

    @needs_scope("admin")
    @extend_schema(request=PublishSerializer, responses=PublishedSerializer)
    @action(detail=True, methods=["post"])
    def publish(self: Any, request: Request, slug: str) -> Response:
        """Show new offers to everybody, many at once."""
        require_admin(self.person)
        body = read(PublishSerializer, request)
        count = actions.publish_offers(self.get_object(), **body, actor=self.person, at=clock.now())
        return Response({"published": count})
