"""The page before an act that takes something away: first whom it hits, then the button. One page for all of them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string

from foundry.lib import clock


def ask_first(
    request: HttpRequest, title: str, toll: Any, *, button: str, words: str, back: str, form: Form | None = None,
    send: dict[str, str] | None = None, whom: Sequence[str] = (),
) -> HttpResponse:  # fmt: skip
    """:param toll: None where no call is hit, but what `whom` says.

    :param words: what the act does. :param form: what it needs to know. :param send: what it is sent besides.
    """
    context = {
        "title": title,
        "toll": toll,
        "button": button,
        "words": words,
        "back": back,
        "form": form,
        "send": send,
        "whom": whom,
    }
    return render(request, "confirm.html", context)


def toll_of(kind: str, what: Any) -> Any:
    """Whom it hits when these end now. :param kind: grants, keys or offers, by their ids; or level, by its target."""
    return import_string(getattr(settings, f"TOLL_OF_{kind.upper()}"))(what, clock.now())
