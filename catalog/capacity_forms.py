"""What a person enters of capacity. The actions judge it."""

from decimal import Decimal

from django import forms

from catalog.actions.capacity import MOST_PERCENT, Size
from catalog.models import CapacityPool, Host

SOURCE = "For example the contract, or a mail of the host."


class SizeForm(forms.Form):
    maximum = forms.DecimalField(max_digits=18, decimal_places=2, min_value=Decimal(0), label="How much")
    tpm_per_unit = forms.IntegerField(
        min_value=0,
        required=False,
        label="Tokens per minute of one unit",
        help_text="Empty where nobody says.",
    )
    rpm = forms.IntegerField(min_value=0, required=False, label="Calls per minute of the whole pool")
    source = forms.CharField(max_length=160, label="Where it stands", help_text=SOURCE)

    @classmethod
    def of(cls, pool: CapacityPool) -> dict[str, object]:
        return {name: getattr(pool, name) for name in ("maximum", "tpm_per_unit", "rpm")}

    def size(self) -> Size:
        data = self.cleaned_data
        return Size(data["maximum"], data["tpm_per_unit"], data["rpm"])


class NewPoolForm(SizeForm):
    host = forms.ModelChoiceField(Host.objects.order_by("name"), to_field_name="slug")
    name = forms.CharField(max_length=160, help_text="As the host calls it, or as you do.")
    region = forms.CharField(max_length=60, required=False)
    unit = forms.CharField(max_length=40, help_text="For example PTU, Count or USD.")
    field_order = ("host", "name", "region", "unit", "maximum", "tpm_per_unit", "rpm", "source")


class PromiseForm(forms.Form):
    percent = forms.IntegerField(
        min_value=1, max_value=MOST_PERCENT, label="May be promised, in percent",
        help_text="100 promises what is there; teams rarely peak together, so more can be sound.",
    )  # fmt: skip


class SourceForm(forms.Form):
    source = forms.CharField(max_length=160, label="Where it stands", help_text=SOURCE)
