"""The helpers of every template, without `{% load %}`: what is shown is made here, once."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput
from django.forms.forms import BaseForm
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from foundry.lib import clock
from foundry.web import format, icons, words
from foundry.web.charts.svg import Svg

register = template.Library()
COMPONENTS = "components"


def of_what_is_there(words: Callable[[Any], str]) -> Callable[[Any], str]:
    """A filter for `price.input` and the like: where there is no price, Django hands over an empty text."""
    return lambda value: words(None if value == "" else value)


for words_of in (format.money_nanos, format.per_million, format.compact, format.grouped, format.pct):
    register.filter(words_of.__name__, of_what_is_there(words_of))


def component(name: str) -> str:
    return f"{COMPONENTS}/{name}.html"


def time_tag(moment: date | datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), format.exact(moment), text
    )


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, with the exact UTC moment on hover; None is `never`."""
    return "never" if not moment else time_tag(moment, format.ago(moment, clock.now()))


@register.filter
def until(moment: date | datetime | None) -> str:
    """How far ahead (or behind) a date or moment is; None is `no date`."""
    return "no date" if not moment else time_tag(moment, format.until(moment, clock.now()))


@register.filter
def limit_words(limit: Any, maximum: int | None = None) -> str:
    """A limit in words, from a (kind, maximum) pair, a row with both, or `kind|limit_words:maximum`."""
    if isinstance(limit, str):
        return format.limit_words(limit, maximum)
    kind, most = limit if isinstance(limit, Sequence) else (limit.kind, limit.maximum)
    return format.limit_words(str(kind), most)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A line icon that says nothing by itself; the word beside it does."""
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>',
        icons.PATHS[name],
    )


@register.simple_tag
def usd_per_million(price: Decimal | None) -> str:
    """A price in USD per million tokens in four digits that matter; all of them on hover where there are more."""
    if price is None or price == "":
        return format.UNKNOWN
    short, exact = format.per_million_short(price), format.per_million(price)
    return short if short == exact else format_html('<span title="{}">{}</span>', exact, short)


@register.simple_tag
def chart(drawn: Svg | None) -> SafeString:
    """A chart of `foundry.web.charts`, which escapes its own text; anything else is a mistake."""
    if drawn is None:
        return SafeString("")
    if not isinstance(drawn, Svg):
        raise TypeError(f"{{% chart %}} wants what foundry.web.charts draws, not {type(drawn).__name__}")
    return mark_safe(drawn)  # noqa: S308


@register.inclusion_tag(component("figure"))
def figure(label: str, value: object, note: object = "", tone: str = "", href: str = "") -> dict[str, object]:
    return {"label": label, "value": value, "note": note, "tone": tone, "href": href}


@register.inclusion_tag(component("badge"))
def badge(text: object, tone: str = "", title: str = "") -> dict[str, object]:
    """A word with a tone: good, warn, bad, info or quiet."""
    return {"text": text, "tone": tone or "quiet", "title": title}


@register.inclusion_tag(component("badge"))
def state_badge(state: object) -> dict[str, object]:
    return toned(words.STATES, state)


@register.inclusion_tag(component("badge"))
def lifecycle_badge(lifecycle: object) -> dict[str, object]:
    return toned(words.LIFECYCLE, lifecycle)


@register.inclusion_tag(component("badge"))
def reach_badge(reach: Any) -> dict[str, object]:
    """Would a call reach anything? Why is told on hover."""
    return toned(words.REACH, reach.word, reach.why)


def toned(table: dict[str, tuple[str, str]], value: object, title: str = "") -> dict[str, object]:
    text, tone = words.badge_of(table, str(value))
    return {"text": text, "tone": tone, "title": title}


@register.inclusion_tag(component("empty"))
def empty(title: str, what_now: str = "", href: str = "", label: str = "") -> dict[str, str]:
    """Nothing is here, and what to do about it."""
    return {"title": title, "what_now": what_now, "href": href, "label": label}


@register.inclusion_tag(component("meter"))
def meter(used: float | Decimal, maximum: float | Decimal | None, label: str = "") -> dict[str, object]:
    """A bar on its track. From 80 % it warns; at the limit it says so."""
    share = float(used) / float(maximum) if maximum else 0.0
    tone, word = ("bad", "at limit") if share >= 1 else ("warn", "nearly used") if share >= 0.8 else ("", "")
    return {
        "label": label,
        "width": f"{min(max(share, 0), 1) * 100:.1f}%",
        "share": format.pct(share) if maximum else "no limit",
        "tone": tone,
        "word": word,
    }


@register.inclusion_tag(component("bar"))
def bar(taken: float, adding: float | None, maximum: float | None, words: str) -> dict[str, object]:
    """What is taken of something and what is about to be added. `words` say the same; they stand under the bar.

    It warns where nothing would be left, and where more is taken than there is.
    """
    after = float(taken) + float(adding or 0)
    taken, more = min(float(taken), after), max(float(adding or 0), 0.0)
    whole = max(float(maximum or 0), after, 1.0)
    edge = float(maximum or 0) / whole
    return {
        "words": words,
        "taken": f"{taken / whole * 100:.1f}%",
        "adding": f"{more / whole * 100:.1f}%",
        "edge": f"{edge * 100:.1f}%" if maximum is not None and edge < 1 else "",
        "tone": "bad" if maximum is not None and after > float(maximum) else "",
        "has_maximum": maximum is not None,
    }


@register.inclusion_tag(component("toll"))
def toll(toll: Any) -> dict[str, object]:
    """Whom an act hits that takes something away: applications, keys used lately, a month's calls and cost."""
    return {"toll": toll}


@register.inclusion_tag(component("progress"))
def progress(seen: int, expected: int | None) -> dict[str, object]:
    """How far something has come; without `expected` it only says how much is done."""
    return {"seen": seen, "expected": expected or 0}


@register.inclusion_tag(component("timeline"))
def timeline(events: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """What happened, in order: each a dict of at, title, detail and tone."""
    return {"events": list(events)}


@register.inclusion_tag(component("copy_block"))
def copy_block(text: object, label: str = "") -> dict[str, object]:
    return {"text": text, "label": label}


@register.inclusion_tag(component("field"))
def field(bound: BoundField) -> dict[str, object]:
    """Label, input, help and what is wrong with it."""
    widget = bound.field.widget
    return {
        "field": bound,
        "group": bound.use_fieldset,
        "check": isinstance(widget, CheckboxInput),
        "optional": not bound.field.required and not isinstance(widget, CheckboxInput),
    }


@register.inclusion_tag(component("form_errors"))
def form_errors(form: BaseForm) -> dict[str, object]:
    """What is wrong with the form as a whole, and with fields that nobody sees."""
    hidden = [error for bound in form.hidden_fields() for error in bound.errors]
    return {"errors": [*form.non_field_errors(), *hidden]}


def replaced(context: Mapping[str, Any], changes: Mapping[str, object]) -> str:
    """The page's query with some values replaced, without those that became empty, back on page one."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else QueryDict(mutable=True)
    if "page" not in changes:
        query.pop("page", None)
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def query_replace(context: Mapping[str, Any], **changes: object) -> str:
    return replaced(context, changes)


@register.inclusion_tag(component("chip"), takes_context=True)
def chip(
    context: Mapping[str, Any],
    label: str,
    value: object,
    name: str,
    choices: Iterable[Any],
    without: str = "All",
) -> dict[str, object]:
    """A filter: its label and value, and under it a link for each other value.

    :param choices: (value, label) pairs, (value, label, count) triples or plain strings.
    :param without: the word for no choice, which drops the filter; it is added as the first link.
    """
    current = "" if value is None else str(value)
    rows: list[tuple[str, str, int | None]] = [("", without, None)]
    for each in choices:
        key, text, *count = (each, each) if isinstance(each, str) else each
        if str(key):
            rows.append((str(key), str(text), count[0] if count else None))
    links = [
        {"text": text, "url": replaced(context, {name: key}), "active": key == current, "count": count}
        for key, text, count in rows
    ]
    shown = next((text for key, text, _ in rows if key == current), current)
    return {"label": label, "shown": shown, "links": links, "set": bool(current)}


@register.inclusion_tag(component("pager"), takes_context=True)
def pager(context: Mapping[str, Any], page: Page[Any]) -> dict[str, object]:
    """Where one is in the pages, and the way to the next and the one before."""
    return {
        "page": page,
        "previous": replaced(context, {"page": page.number - 1}) if page.has_previous() else "",
        "next": replaced(context, {"page": page.number + 1}) if page.has_next() else "",
    }


@register.filter
def message_tone(level: str) -> str:
    """Django's message level as the tone of a callout."""
    return {"error": "bad", "warning": "warn", "success": "good"}.get(level, "info")


@register.filter
def age_words(age_s: float | None) -> str:
    """The age of a sign of life: under a second is now; None was never seen."""
    return "never seen" if age_s is None else "now" if age_s < 1 else format.span(age_s)


@register.filter
def limit_age(limit_s: float | None) -> str:
    return "never" if limit_s is None else "at once" if limit_s <= 1 else format.span(limit_s)


@register.filter
def spaced(name: str) -> str:
    """`hosted_by` as `hosted by`, `sub_processors` as `sub-processors`."""
    return str(name).replace("sub_", "sub-").replace("_", " ")


@register.filter
def used(share: float) -> str:
    """A share of a budget in words."""
    return f"{format.pct(share)} used"


@register.filter
def as_json(value: object) -> str:
    """A JSON value over several lines, for people."""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
