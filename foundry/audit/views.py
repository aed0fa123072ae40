"""The audit as a page: search it, page through it."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundry.audit.filters import EntryFilter
from foundry.audit.models import Entry
from foundry.people.access import signed_in, with_role


@require_safe
@with_role("admin", "auditor")
def audit(request: HttpRequest) -> HttpResponse:
    filters = EntryFilter(request.GET, Entry.objects.seen_by(signed_in(request)))
    rows = filters.qs if filters.is_valid() else Entry.objects.none()
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "audit/list.html", {"filter": filters, "page": page})
