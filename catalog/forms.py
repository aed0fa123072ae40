"""Prices that people set, and the volume that a comparison is for. What they hold is judged by the actions."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from catalog.calculator import Volume
from catalog.models import Price


class PriceForm(forms.Form):
    """USD per million tokens, from now on."""

    input_per_million = forms.DecimalField(
        max_digits=30, decimal_places=18, min_value=Decimal(0), label="Input, $ per million"
    )
    output_per_million = forms.DecimalField(
        max_digits=30, decimal_places=18, min_value=Decimal(0), label="Output, $ per million"
    )
    cached_input_per_million = forms.DecimalField(
        max_digits=30,
        decimal_places=18,
        min_value=Decimal(0),
        required=False,
        label="Cached input, $ per million",
    )
    basis = forms.ChoiceField(
        choices=[(Price.Basis.NEGOTIATED, "Negotiated"), (Price.Basis.ADMIN, "Set by an admin")]
    )
    source = forms.CharField(
        max_length=160, label="Where it stands", help_text="For example the contract's number."
    )


class VolumeForm(forms.Form):
    """How much would be called, for the comparison's costs; what cannot be read counts as first suggested."""

    calls_per_day = forms.IntegerField(min_value=0, max_value=10**9, initial=1_000, label="Calls a day")
    tokens_in = forms.IntegerField(min_value=0, max_value=10**8, initial=2_000, label="Prompt, tokens")
    tokens_out = forms.IntegerField(min_value=0, max_value=10**8, initial=500, label="Answer, tokens")
    cached_percent = forms.IntegerField(
        min_value=0, max_value=100, initial=0, label="Of the prompt cached, %"
    )

    @classmethod
    def is_in(cls, query: Mapping[str, Any]) -> bool:
        """Does the address say any of it?"""
        return any(name in query for name in cls.base_fields)

    @property
    def volume(self) -> Volume:
        self.is_valid()
        told = self.cleaned_data if self.is_bound else {}
        return Volume(**{name: told.get(name, field.initial) for name, field in self.fields.items()})
