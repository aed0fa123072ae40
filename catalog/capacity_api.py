"""`capacity/`: what hosts will serve us, who says so, what of it is promised, and how that changed."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import actions, capacity
from catalog.actions.capacity import Size
from catalog.asked import Asked
from catalog.filters import PoolFilter
from catalog.models import CapacityPool, CapacityReading, Host
from catalog.rules import require_admin
from foundry.api.auth import needs_scope
from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.errors import Invalid

LARGEST = 2**63 - 1


class PeakSerializer(serializers.Serializer[Any]):
    """The busiest hour of thirty days, on its average."""

    hour = serializers.DateTimeField()
    tpm = serializers.IntegerField()
    rpm = serializers.IntegerField()


class CapacitySerializer(serializers.Serializer[Any]):
    """`maximum` and `in_use` are in the host's own unit; tokens are null where nobody says how many one is."""

    id = serializers.IntegerField(source="pool.pk")
    host = serializers.CharField(source="pool.host.slug")
    region = serializers.CharField(source="pool.region")
    name = serializers.CharField(source="pool.name")
    label = serializers.CharField(source="pool.label")  # type: ignore[assignment]
    unit = serializers.CharField(source="pool.unit")
    maximum = serializers.DecimalField(source="pool.maximum", max_digits=20, decimal_places=2)
    in_use = serializers.DecimalField(source="pool.in_use", max_digits=20, decimal_places=2)
    shared_by = serializers.IntegerField(source="sharing", help_text="Offers that draw on it.")
    tpm_per_unit = serializers.IntegerField(source="pool.tpm_per_unit", allow_null=True)
    tpm = serializers.IntegerField(source="pool.tpm", allow_null=True)
    rpm = serializers.IntegerField(source="pool.rpm", allow_null=True)
    overcommit_percent = serializers.IntegerField(source="pool.overcommit_percent")
    allocated_tpm = serializers.IntegerField(allow_null=True, help_text="Promised by grants in force.")
    headroom_tpm = serializers.IntegerField(
        allow_null=True, help_text="What may still be promised, over-commit included."
    )
    peak = PeakSerializer(allow_null=True)
    by_hand = serializers.BooleanField(source="pool.by_hand", help_text="A person's word; syncs leave it.")
    source = serializers.CharField(source="pool.source")  # type: ignore[assignment]
    told_at = serializers.DateTimeField(source="pool.told_at")


class AllocationSerializer(serializers.Serializer[Any]):
    """What one grant holds of a pool, and what it used of it in 30 days."""

    grant = serializers.IntegerField(source="grant.pk")
    team = serializers.CharField(source="grant.team.slug")
    offer = serializers.IntegerField(source="grant.offer_id")
    model = serializers.CharField(source="grant.offer.model.__str__", help_text="publisher/model")
    tpm = serializers.IntegerField(allow_null=True, help_text="Null where it has no limit per minute.")
    peak_tpm = serializers.IntegerField(
        source="rates.peak_tpm",
        default=None,
        allow_null=True,
        help_text="Of its busiest hour, on its average.",
    )
    typical_tpm = serializers.IntegerField(
        source="rates.typical_tpm",
        default=None,
        allow_null=True,
        help_text="The median of its hours with calls.",
    )
    uses_little = serializers.BooleanField(
        help_text="Even its busiest hour used less than a fifth, and it is older than a week."
    )
    ends_at = serializers.DateTimeField(source="grant.ends_at", allow_null=True)


class OnePoolSerializer(CapacitySerializer):
    allocations = AllocationSerializer(many=True, help_text="Grants in force on it, the largest first.")


class ReadingSerializer(serializers.ModelSerializer[CapacityReading]):
    class Meta:
        model = CapacityReading
        fields = ["at", "maximum", "in_use", "tpm_per_unit", "source", "by"]


class SizeSerializer(serializers.Serializer[Any]):
    """What is left out stays; the source is needed for everything but the over-commit ratio."""

    maximum = serializers.DecimalField(max_digits=20, decimal_places=2, required=False)
    tpm_per_unit = serializers.IntegerField(allow_null=True, required=False, max_value=LARGEST)
    rpm = serializers.IntegerField(allow_null=True, required=False, max_value=LARGEST)
    source = serializers.CharField(max_length=160, required=False)  # type: ignore[assignment]
    overcommit_percent = serializers.IntegerField(required=False, help_text="100 promises what is there.")


class NewPoolSerializer(serializers.Serializer[Any]):
    host = serializers.SlugField()
    name = serializers.CharField(max_length=160)
    label = serializers.CharField(max_length=200, default="", allow_blank=True)  # type: ignore[assignment]
    region = serializers.CharField(max_length=60, default="", allow_blank=True)
    unit = serializers.CharField(max_length=40)
    maximum = serializers.DecimalField(max_digits=20, decimal_places=2)
    tpm_per_unit = serializers.IntegerField(allow_null=True, default=None, max_value=LARGEST)
    rpm = serializers.IntegerField(allow_null=True, default=None, max_value=LARGEST)
    source = serializers.CharField(max_length=160)  # type: ignore[assignment]


class PoolOffersSerializer(serializers.Serializer[Any]):
    offers = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST), max_length=1_000
    )
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=160, default="", allow_blank=True, help_text="Where it stands; not for release."
    )


class MovedSerializer(serializers.Serializer[Any]):
    changed = serializers.IntegerField()


class CapacityView(Asked, viewsets.GenericViewSet[CapacityPool]):
    """What hosts will serve us, and what of it is promised. Admins enter, correct, assign."""

    serializer_class = CapacitySerializer
    filterset_class = PoolFilter
    queryset = CapacityPool.objects.none()

    def get_queryset(self) -> QuerySet[CapacityPool]:
        if self.nobody:
            return CapacityPool.objects.none()
        sharing = Count("offers", filter=Q(offers__gone_at=None))
        return CapacityPool.objects.seen_by(self.person).select_related("host").annotate(sharing=sharing)

    @extend_schema(responses=CapacitySerializer(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        facts = capacity.pool_facts(page, clock.now())
        return self.get_paginated_response(CapacitySerializer(facts, many=True).data)

    @extend_schema(responses=OnePoolSerializer)
    def retrieve(self, request: Request, pk: str) -> Response:
        return self.told(self.get_object().pk)

    @needs_scope("admin")
    @extend_schema(request=NewPoolSerializer, responses={201: OnePoolSerializer})
    def create(self, request: Request) -> Response:
        """Enter a pool that its host does not tell."""
        require_admin(self.person)
        body = read(NewPoolSerializer, request)
        host = Host.objects.filter(slug=body.pop("host")).first()
        if host is None:
            raise Invalid(
                "host.unknown",
                "There is no such host.",
                remedy="Name one by its slug.",
                errors={"host": "Unknown."},
            )
        size = Size(body.pop("maximum"), body.pop("tpm_per_unit"), body.pop("rpm"))
        pool = actions.make_pool(host, body.pop("name"), size, **body, actor=self.person, at=clock.now())
        return self.told(pool.pk, status.HTTP_201_CREATED)

    @needs_scope("admin")
    @extend_schema(request=SizeSerializer, responses=OnePoolSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Correct a pool's size, or say how much of it may be promised."""
        pool, body, at = self.get_object(), read(SizeSerializer, request), clock.now()
        require_admin(self.person)
        if {"maximum", "tpm_per_unit", "rpm"} & set(body):
            size = Size(*(body.get(name, getattr(pool, name)) for name in ("maximum", "tpm_per_unit", "rpm")))
            actions.set_pool(pool.pk, size, source=body.get("source", ""), actor=self.person, at=at)
        if "overcommit_percent" in body:
            actions.set_overcommit(pool.pk, body["overcommit_percent"], actor=self.person, at=at)
        return self.told(pool.pk)

    @extend_schema(responses=ReadingSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filter_backends=[])
    def history(self, request: Request, pk: str) -> Response:
        """What was said of it, by whom, newest first."""
        rows: Any = CapacityReading.objects.filter(pool=self.get_object())
        page: Any = self.paginate_queryset(rows)
        return self.get_paginated_response(ReadingSerializer(page, many=True).data)

    @needs_scope("admin")
    @extend_schema(request=None, responses=OnePoolSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def leave(self, request: Request, pk: str) -> Response:
        """Let the host's last word count again."""
        pool = self.get_object()
        actions.leave_pool(pool.pk, actor=self.person, at=clock.now())
        return self.told(pool.pk)

    @needs_scope("admin")
    @extend_schema(request=PoolOffersSerializer, responses=MovedSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def assign(self, request: Request, pk: str) -> Response:
        """Let offers of its host draw on it, whatever the host says."""
        pool = self.get_object()
        require_admin(self.person)
        body = read(PoolOffersSerializer, request)
        changed = actions.assign_offers(
            pool.pk, body["offers"], source=body["source"], actor=self.person, at=clock.now()
        )
        return Response({"changed": changed})

    @needs_scope("admin")
    @extend_schema(request=PoolOffersSerializer, responses=MovedSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def release(self, request: Request, pk: str) -> Response:
        """Let offers that a person assigned draw on what their host says again."""
        pool = self.get_object()
        require_admin(self.person)
        body = read(PoolOffersSerializer, request)
        changed = actions.release_offers(pool.pk, body["offers"], actor=self.person, at=clock.now())
        return Response({"changed": changed})

    def told(self, pool_id: int, code: int = status.HTTP_200_OK) -> Response:
        at, pool = clock.now(), self.get_queryset().get(pk=pool_id)
        [facts] = capacity.pool_facts([pool], at)
        allocations = AllocationSerializer(capacity.grants_of(pool, at), many=True)
        return Response({**CapacitySerializer(facts).data, "allocations": allocations.data}, status=code)
