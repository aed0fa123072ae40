"""Forms of what people say of terms and offers. What they hold is judged by the actions, not here."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms

from catalog.actions.lifecycle import Life
from catalog.byhand import Told
from catalog.models import Host, Offer, Terms
from catalog.models.supply import FACTS
from catalog.states import DataClass, Lifecycle
from catalog.terms import TermsText
from foundry.lib.errors import Refused
from foundry.web.forms import set_choices, show_refusal

HELP = {
    "hosted_by": "Who serves the model: a company, perhaps with its data centres.",
    "training": "Begin with “none” (hosting only) or “may train”.",
    "retention": "How long what is sent is kept, and what for.",
    "regions": "Where it is processed and kept.",
    "sub_processors": "Who else sees what is sent.",
    "acceptable_use": "What it must not be used for; a link is enough.",
}


class ToldForm(forms.Form):
    """A form that shows a refusal beside its fields."""

    def tell(self, refused: Refused) -> None:
        """Show each error beside its field, else above the form."""
        show_refusal(self, refused)


def day(label: str, help_text: str = "") -> forms.DateField:
    picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=picker, help_text=help_text)


def dollars(label: str) -> forms.DecimalField:
    return forms.DecimalField(max_digits=30, decimal_places=18, min_value=0, required=False, label=label)


def moment(chosen: date | None) -> datetime | None:
    """The first moment of a day, UTC."""
    return None if chosen is None else datetime.combine(chosen, time(), UTC)


class TermsForm(ToldForm):
    """One version of terms; the newest version fills it."""

    title = forms.CharField(max_length=160)
    data_classes = forms.MultipleChoiceField(
        choices=DataClass.choices,
        required=False,
        label="Data that may be sent",
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: nobody has ruled, and every class may be asked for.",
    )
    source = forms.URLField(
        max_length=300, required=False, assume_scheme="https", label="Link to the terms themselves"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = self.fields.pop("counts_from", None)
        for name in FACTS:
            label = name.replace("sub_", "sub-").replace("_", " ").capitalize()
            self.fields[name] = forms.CharField(
                max_length=1000, required=name in {"hosted_by", "training"}, label=label, help_text=HELP[name]
            )
        if last is not None:
            self.fields["counts_from"] = last

    @property
    def text(self) -> TermsText:
        told = self.cleaned_data
        facts = {name: told[name] for name in FACTS if told[name]}
        return TermsText(told["title"], facts, tuple(told["data_classes"]) or None, told["source"])


class NewTermsForm(TermsForm):
    slug = forms.SlugField(max_length=50, label="Short name", help_text="In addresses; it stays.")
    field_order = ["slug", "title"]


class NextTermsForm(TermsForm):
    counts_from = day("Calls need it from", "Empty: at once. Until then calls need what they needed before.")

    @classmethod
    def of(cls, terms: Terms) -> dict[str, Any]:
        """The form's initial values: the newest version as it stands."""
        shown = {"title": terms.title, "data_classes": terms.data_classes or [], "source": terms.source}
        return shown | {name: terms.facts.get(name, "") for name in FACTS}


class AssignForm(ToldForm):
    """Terms for one offer, or for a host's offers."""

    terms = forms.ChoiceField(label="Terms")
    counts_from = day(
        "Calls need them from", "Empty: at once. Until then calls need what they needed before."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = Terms.objects.newest().values_list("slug", "title", "version")
        set_choices(self, "terms", [(slug, f"{title} v{version}") for slug, title, version in newest])


class HostTermsForm(AssignForm):
    which = forms.ChoiceField(
        choices=[
            ("none", "Only for offers that come"),
            ("bare", "Also for its offers without terms"),
            ("all", "Also for every offer it has"),
        ],
        label="For which offers",
        widget=forms.RadioSelect,
        initial="bare",
    )

    def offers_of(self, host: Host) -> list[int]:
        """The offers that were meant."""
        rows = host.offers.all()
        chosen = {"none": rows.none(), "bare": rows.filter(terms=None), "all": rows}
        return list(chosen[self.cleaned_data["which"]].values_list("pk", flat=True))


class LifeForm(ToldForm):
    """Stage, dates and successor, with where they stand."""

    lifecycle = forms.ChoiceField(choices=Lifecycle.choices, label="Stage")
    deprecated_at = day("No new use from")
    retires_at = day("Calls end on")
    successor = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, label="Successor",
                                   help_text="The number of an offer, as its page's address shows it.")  # fmt: skip
    source = forms.CharField(
        max_length=160, label="Where it stands", help_text="The page, mail or contract that says so."
    )

    @classmethod
    def of(cls, offer: Offer) -> dict[str, Any]:
        dates = {
            name: when.date() if (when := getattr(offer, name)) else None
            for name in ("deprecated_at", "retires_at")
        }
        return {"lifecycle": offer.lifecycle, "successor": offer.successor_id, **dates}

    def life(self, offer: Offer) -> Life:
        """What was entered; a day that was left as it stands keeps its hour."""
        told = self.cleaned_data
        dates = {name: kept(told[name], getattr(offer, name)) for name in ("deprecated_at", "retires_at")}
        after = (
            Offer.objects.filter(pk=told["successor"] or 0).select_related("host", "model__publisher").first()
        )
        return Life(told["lifecycle"], successor=after, **dates)

    def clean_successor(self) -> int | None:
        number: int | None = self.cleaned_data["successor"]
        if number and not Offer.objects.filter(pk=number, gone_at=None).exists():
            raise forms.ValidationError("There is no such offer.")
        return number


def kept(chosen: date | None, before: datetime | None) -> datetime | None:
    return before if before is not None and before.date() == chosen else moment(chosen)


class OfferForm(ToldForm):
    """An offer in a person's words. Which offer it is can be said once."""

    publisher = forms.SlugField(max_length=50, label="Maker's short name", help_text="xai, openai, meta")
    publisher_name = forms.CharField(
        max_length=120, required=False, label="Maker's name", help_text="Where it is new here."
    )
    model = forms.RegexField(
        r"^[\w.-]+$", max_length=120, label="Model", help_text="As callers will write it: grok-5"
    )
    name = forms.CharField(
        max_length=160, required=False, label="Model's name", help_text="Where it is new here."
    )
    version = forms.CharField(max_length=60, required=False)
    region = forms.CharField(max_length=60, required=False)
    sku = forms.CharField(max_length=60, required=False, label="SKU")
    lifecycle = forms.ChoiceField(choices=Lifecycle.choices, label="Stage")
    words = forms.CharField(
        max_length=80, required=False, label="In words", help_text="in talks, hosted soon"
    )
    deprecated_at = day("No new use from")
    retires_at = day("Calls end on")
    context_tokens = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, label="Context, tokens"
    )
    max_output_tokens = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, label="Output, tokens"
    )
    input_per_million = dollars("Input, $ per million")
    output_per_million = dollars("Output, $ per million")
    host_model_id = forms.CharField(max_length=200, required=False, label="Name to send upstream")
    terms = forms.ModelChoiceField(Terms.objects.newest(), required=False, empty_label="the host's default")
    description = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    source = forms.CharField(
        max_length=160, label="Where it stands", help_text="The page, mail or contract that says so."
    )
    WHICH = ("publisher", "publisher_name", "model", "name", "version", "region", "sku")
    AS_TOLD = (
        "lifecycle",
        "words",
        "context_tokens",
        "max_output_tokens",
        "host_model_id",
        "terms",
        "description",
        "source",
    )

    @classmethod
    def of(cls, offer: Offer) -> dict[str, Any]:
        told = Told.of(offer)
        dates = {
            name: when.date() if (when := getattr(offer, name)) else None
            for name in ("deprecated_at", "retires_at")
        }
        return {name: getattr(told, name) for name in (*cls.WHICH, *cls.AS_TOLD)} | dates

    def __init__(self, *args: Any, offer: Offer | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer = offer
        for name in self.WHICH if offer is not None else ():
            self.fields[name].disabled = True

    @property
    def told(self) -> Told:
        said = {name: value for name, value in self.cleaned_data.items() if value is not None}
        for name in ("deprecated_at", "retires_at"):
            said[name] = kept(said.get(name), getattr(self.offer, name) if self.offer else None)
        modalities = tuple(self.offer.modalities) if self.offer else ()
        return Told(**said, modalities=modalities)


class SourceForm(forms.Form):
    source = forms.CharField(max_length=160, label="Where that stands")
