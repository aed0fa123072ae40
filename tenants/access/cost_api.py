"""`cost-centres/`: what each may promise a month, and what its teams' grants promise."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from foundry.api.body import read
from foundry.lib import clock
from foundry.lib.units import nanos, usd
from foundry.people.access import signed_in
from tenants.access import record
from tenants.teams import actions as teams
from tenants.teams import rules as team_rules
from tenants.teams.models import CostCentre


class CostCentreSerializer(serializers.ModelSerializer[CostCentre]):
    """Money in USD a month, as decimal strings."""

    found: dict[int, record.Promised] | None = None
    budget_usd = serializers.SerializerMethodField()
    promised_usd = serializers.SerializerMethodField()
    promised_by_tokens_usd = serializers.SerializerMethodField()
    grants_without_sum = serializers.SerializerMethodField()

    class Meta:
        model = CostCentre
        fields = [
            "code",
            "name",
            "budget_usd",
            "promised_usd",
            "promised_by_tokens_usd",
            "grants_without_sum",
        ]

    @extend_schema_field({"type": ["string", "null"]})
    def get_budget_usd(self, row: CostCentre) -> str | None:
        """null where none is set."""
        return None if row.budget_nanos is None else spoken(row.budget_nanos)

    def get_promised_usd(self, row: CostCentre) -> str:
        return spoken(self.of(row).nanos)

    def get_promised_by_tokens_usd(self, row: CostCentre) -> str:
        """The part of it that limits in tokens promise, at today's price."""
        return spoken(self.of(row).by_tokens_nanos)

    def get_grants_without_sum(self, row: CostCentre) -> int:
        """Grants that nothing bounds in a month, or that have no price."""
        return self.of(row).unbounded

    def of(self, row: CostCentre) -> record.Promised:
        """Of all rows of the page at once."""
        if self.found is None:
            listed = self.parent.instance if isinstance(self.parent, serializers.ListSerializer) else [row]
            assert listed is not None
            self.found = record.promised_by_centre([each.pk for each in listed], clock.now())
        return self.found[row.pk]


def spoken(amount: int) -> str:
    return f"{usd(amount):.2f}"


class BudgetSerializer(serializers.Serializer[Any]):
    budget_usd = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, allow_null=True, help_text="A month; null is no budget."
    )


class CostCentreView(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[CostCentre]):
    """Empty for those who read only their own teams."""

    serializer_class = CostCentreSerializer
    filter_backends = ()
    queryset = CostCentre.objects.none()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[CostCentre]:
        if getattr(self, "swagger_fake_view", False):
            return CostCentre.objects.none()
        everything = signed_in(self.request._request).sees_everything
        return CostCentre.objects.all() if everything else CostCentre.objects.none()

    @extend_schema(request=BudgetSerializer, responses=CostCentreSerializer)
    def partial_update(self, request: ApiRequest, pk: str) -> Response:
        """Set its budget: finance and admins."""
        row, person = self.get_object(), signed_in(request._request)
        team_rules.require_budget_keeper(person)
        amount = read(BudgetSerializer, request)["budget_usd"]
        changed = teams.set_budget(
            row.pk, None if amount is None else nanos(amount), actor=person, at=clock.now()
        )
        return Response(self.get_serializer(changed).data)
