"""How the audit is searched, by page and API alike."""

import django_filters
from django import forms

from foundry.audit.models import Entry

DAY = forms.DateInput(attrs={"type": "date"})


class EntryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`?actor= verb= object= from= to=`; `object` is `label/id` or a label."""

    actor = django_filters.CharFilter(field_name="actor_label", lookup_expr="icontains", label="Who")
    verb = django_filters.CharFilter(lookup_expr="startswith", label="What")
    object = django_filters.CharFilter(method="by_object", label="Which")
    from_ = django_filters.DateFilter("occurred_at", "date__gte", label="From", widget=DAY)
    to = django_filters.DateFilter("occurred_at", "date__lte", label="To", widget=DAY)

    class Meta:
        model = Entry
        fields: list[str] = []

    def by_object(self, rows, name: str, value: str):  # type: ignore[no-untyped-def]
        label, _, pk = value.partition("/")
        return (
            rows.filter(object_type=label, object_id=pk) if pk else rows.filter(object_label__icontains=value)
        )


# `from` is a word of Python and so cannot be an attribute.
for name in ("from_", "to"):
    EntryFilter.base_filters[name.rstrip("_")] = EntryFilter.base_filters.pop(name)
