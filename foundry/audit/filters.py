"""How the audit is searched, by page and API alike."""

import django_filters

from foundry.audit.models import Entry


class EntryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`?actor= verb= object= from= to=`; `object` is `label/id` or a label."""

    actor = django_filters.CharFilter(field_name="actor_label", lookup_expr="icontains", label="Who")
    verb = django_filters.CharFilter(lookup_expr="startswith", label="What")
    object = django_filters.CharFilter(method="by_object", label="Which")
    from_ = django_filters.DateFilter(field_name="occurred_at", lookup_expr="date__gte", label="From")
    to = django_filters.DateFilter(field_name="occurred_at", lookup_expr="date__lte", label="To")

    class Meta:
        model = Entry
        fields: list[str] = []

    def by_object(self, rows, name: str, value: str):  # type: ignore[no-untyped-def]
        label, _, pk = value.partition("/")
        return (
            rows.filter(object_type=label, object_id=pk) if pk else rows.filter(object_label__icontains=value)
        )


EntryFilter.base_filters["from"] = EntryFilter.base_filters.pop("from_")
