"""What a person says of terms, what differs between two versions, and what offers are under."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from catalog.models import Terms
from catalog.models.supply import FACTS, in_order
from catalog.states import DataClass
from foundry.lib.errors import Invalid

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TRAINING = ("none", "may train")
LONGEST_GRACE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class TermsText:
    """One version's content. :param data_classes: what may be sent; None where nobody has said so."""

    title: str
    facts: Mapping[str, str]
    data_classes: tuple[str, ...] | None = None
    source: str = ""

    @classmethod
    def of(cls, terms: Terms) -> "TermsText":
        classes = None if terms.data_classes is None else tuple(terms.data_classes)
        return cls(terms.title, dict(terms.facts), classes, terms.source)

    def values(self) -> dict[str, object]:
        """As fields of a row."""
        return {
            "title": self.title.strip(),
            "facts": {name: said.strip() for name, said in self.facts.items() if said.strip()},
            "data_classes": None if self.data_classes is None else in_order(self.data_classes),
            "source": self.source.strip(),
        }


class Differing(NamedTuple):
    """One fact that two versions tell differently; empty where one tells nothing."""

    name: str
    before: str
    after: str


def differing(before: Terms, after: Terms) -> list[Differing]:
    """What changed from one version to another, in the order in which people ask for it."""
    pairs = [("title", before.title, after.title), ("data", said_data(before), said_data(after))]
    names = [*FACTS, *sorted((set(before.facts) | set(after.facts)) - set(FACTS))]
    pairs += [(name, str(before.facts.get(name, "")), str(after.facts.get(name, ""))) for name in names]
    return [Differing(*pair) for pair in pairs if pair[1] != pair[2]]


def said_data(terms: Terms) -> str:
    return "not ruled" if terms.data_classes is None else terms.data_words


def terms_fact(terms: Terms | None, counts_from: datetime | None = None) -> dict[str, object] | None:
    """Terms as a Change keeps them."""
    if terms is None:
        return None
    later = {"counts_from": counts_from.isoformat()} if counts_from else {}
    return {"terms": terms.slug, "version": terms.version, "title": terms.title, **later}


def require_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug):
        raise bad({"slug": "Lower-case letters, digits and dashes."})
    if slug == "new" or len(slug) > 50:
        raise bad({"slug": "At most 50 letters; 'new' is taken by an address of the console."})


def require_sense(text: TermsText) -> None:
    """Raise Invalid that names each field that cannot be used."""
    errors = {
        name: "At most 1,000 characters."
        for name, said in text.facts.items()
        if len(said) > 1000 or "\x00" in said
    }
    errors |= {name: f"Use {', '.join(FACTS)}." for name in text.facts if name not in FACTS}
    training = text.facts.get("training", "").strip().lower()
    if not training.startswith(TRAINING):
        errors["training"] = "Begin with 'none' or 'may train', so that it can be compared."
    if not text.facts.get("hosted_by", "").strip():
        errors["hosted_by"] = "Say who hosts."
    if not text.title.strip() or len(text.title) > 160 or "\x00" in text.title:
        errors["title"] = "1 to 160 characters."
    if (text.source and urlsplit(text.source).scheme not in {"http", "https"}) or len(text.source) > 300:
        errors["source"] = "A link that begins with https://, at most 300 characters."
    if unknown := sorted(set(text.data_classes or ()) - set(DataClass.values)):
        errors["data_classes"] = f"{', '.join(unknown)}: use {', '.join(DataClass.values)}."
    if errors:
        raise bad(errors)


def require_future(counts_from: datetime | None, at: datetime) -> None:
    """A date from which new terms count lies ahead, by a year at most."""
    if counts_from is not None and not at < counts_from <= at + LONGEST_GRACE:
        raise bad({"counts_from": "A moment ahead, at most a year; leave it out to count at once."})


def bad(errors: dict[str, str]) -> Invalid:
    words = " ".join(errors.values())
    return Invalid("terms.unusable", words, remedy="Mend these and save again.", errors=errors)
