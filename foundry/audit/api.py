"""`audit/`: what was done, newest first; admins and auditors."""

from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.routers import BaseRouter

from foundry.audit.filters import EntryFilter
from foundry.audit.models import Entry, EntryQuerySet
from foundry.people.access import signed_in


class EntrySerializer(serializers.ModelSerializer[Entry]):
    before = serializers.JSONField(source="content.before", read_only=True)
    after = serializers.JSONField(source="content.after", read_only=True)
    hash = serializers.CharField(source="hash_hex", read_only=True)

    class Meta:
        model = Entry
        fields = [
            "seq", "occurred_at", "recorded_at", "verb", "actor_label", "token",
            "object_type", "object_id", "object_label", "before", "after", "hash",
        ]  # fmt: skip


class AuditView(viewsets.ReadOnlyModelViewSet[Entry]):
    """Append-only entries. Verify them with `python manage.py audit verify`."""

    serializer_class = EntrySerializer
    filterset_class = EntryFilter
    queryset = Entry.objects.none()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> Any:
        rows: EntryQuerySet = (
            Entry.objects.seen_by(signed_in(self.request._request))
            if not self.is_schema
            else Entry.objects.none()
        )
        return rows

    @property
    def is_schema(self) -> bool:
        return getattr(self, "swagger_fake_view", False)


def routes(router: BaseRouter) -> None:
    router.register("audit", AuditView, basename="audit")
