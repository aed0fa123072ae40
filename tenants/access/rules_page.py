"""The page of rules that are rows: what is in force, which an admin changes, and the versions before."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from foundry.lib import clock
from foundry.people.access import signed_in
from foundry.people.models import Role

LISTED = 20


class RangesForm(forms.Form):
    """A whole number for each name of `ranges`, as it is in the rules in force."""

    ranges: Mapping[str, tuple[int, int]]
    labels: Mapping[str, str]

    def __init__(self, laid: Any, data: Any = None) -> None:
        names = [*self.ranges, *self.base_fields]
        super().__init__(data, initial={name: getattr(laid, name) for name in names})
        for name, (least, most) in self.ranges.items():
            self.fields[name] = forms.IntegerField(
                min_value=least, max_value=most, label=self.labels[name], help_text=f"{least} to {most:,}."
            )
        self.order_fields(names)


def rules_page(
    request: HttpRequest, form: RangesForm, change: Callable[..., object], versions: QuerySet[Any], *, saved: str, name: str
) -> HttpResponse:  # fmt: skip
    """:param name: of the address; its template is of the same name."""
    person = signed_in(request)
    if request.method == "POST":
        if not person.is_any(Role.ADMIN):
            raise PermissionDenied
        if form.is_valid():
            change(**form.cleaned_data, actor=person, at=clock.now())
            messages.success(request, saved)
            return redirect(name)
    context = {
        "form": form,
        "versions": versions.select_related("set_by")[:LISTED],
        "may_edit": person.is_any(Role.ADMIN),
    }
    template = f"access/{name.replace('-', '_')}.html"
    return render(request, template, context, status=400 if form.errors else 200)
