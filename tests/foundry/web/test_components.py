"""The tags that every template uses."""

from datetime import timedelta
from typing import NamedTuple

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from foundry.lib import clock
from foundry.web.charts import bars
from foundry.web.styleguide import SampleForm
from tests.foundry.web.markup import inline_parts

HOSTILE = "<img src=x onerror=alert(1)>"


def render(source: str, path: str = "/", **context: object) -> str:
    request = RequestFactory().get(path)
    return Template(source).render(Context({"request": request, **context}))


class Reach(NamedTuple):
    word: str
    why: str


TAGS = [
    '{% figure text text text "warn" %}',
    "{% badge text %}",
    "{% state_badge text %}",
    "{% reach_badge reach %}",
    "{% empty text text %}",
    "{% meter 1 2 text %}",
    "{% copy_block text text %}",
    '{% chip text text "q" choices %}',
    "{% timeline events %}",
    "{{ text }}",
]


@pytest.mark.parametrize("tag", TAGS)
def test_no_component_lets_text_become_markup(tag: str) -> None:
    context = {
        "text": HOSTILE,
        "reach": Reach(HOSTILE, HOSTILE),
        "choices": [(HOSTILE, HOSTILE)],
        "events": [{"title": HOSTILE, "detail": HOSTILE}],
    }
    html = render(tag, **context)
    assert "<img" not in html
    assert "alert(1)" in html
    assert inline_parts(html) == []


def test_a_state_has_its_word_and_its_tone() -> None:
    assert render('{% state_badge "upstream_error" %}') == '<span class="badge bad">Upstream error</span>'


def test_a_state_nobody_named_is_shown_quietly_as_it_is() -> None:
    assert render('{% state_badge "half_open" %}') == '<span class="badge quiet">Half open</span>'


def test_why_an_offer_is_only_listed_is_told_on_hover() -> None:
    html = render("{% reach_badge reach %}", reach=Reach("listed", "No calling address yet."))
    assert "Listed only" in html
    assert 'title="No calling address yet."' in html


@pytest.mark.parametrize(
    ("used", "word"), [(79, ""), (80, "nearly used"), (100, "at limit"), (130, "at limit")]
)
def test_a_meter_says_in_words_what_its_colour_says(used: int, word: str) -> None:
    html = render("{% meter used 100 %}", used=used)
    assert ("at limit" in html, "nearly used" in html) == (word == "at limit", word == "nearly used")
    assert ('width="130' in html) is False


def test_a_meter_without_a_limit_says_so() -> None:
    assert "no limit" in render("{% meter 5 None %}")


def test_a_chip_changes_its_own_value_keeps_the_others_and_goes_back_to_page_one() -> None:
    html = render(
        '{% chip "Team" "search" "team" teams %}', "/?team=search&by=model&page=4", teams=["docs", "search"]
    )
    assert 'href="?team=docs&amp;by=model"' in html
    assert 'href="?by=model"' in html
    assert "<strong>search</strong>" in html
    assert html.count("aria-current") == 1


def test_a_replaced_query_is_encoded() -> None:
    assert render("{% query_replace q=text %}", "/?by=day", text="a&b=<c>") == "?by=day&amp;q=a%26b%3D%3Cc%3E"


def test_the_pager_keeps_the_filters() -> None:
    html = render("{% pager page %}", "/?verb=grant&page=2", page=Paginator(range(151), 50).get_page(2))
    assert 'href="?verb=grant&amp;page=1"' in html
    assert 'href="?verb=grant&amp;page=3"' in html
    assert "51–100 of 151" in html


def test_one_page_needs_no_pager() -> None:
    assert render("{% pager page %}", page=Paginator(range(3), 50).get_page(1)).strip() == ""


def test_a_wrong_field_names_its_error_for_who_listens_too() -> None:
    form = SampleForm({"purpose": ""})
    html = render("{% field form.purpose %}", form=form)
    assert 'id="id_purpose_error"' in html
    assert "id_purpose_helptext id_purpose_error" in html
    assert 'aria-invalid="true"' in html


def test_several_boxes_of_one_question_share_a_legend() -> None:
    html = render("{% field form.scopes %}", form=SampleForm())
    assert "<fieldset" in html
    assert "<legend>Scopes</legend>" in html


def test_a_moment_carries_its_exact_utc_time() -> None:
    html = render("{{ moment|ago }}", moment=clock.now() - timedelta(hours=3))
    assert ">3 h ago</time>" in html
    assert "UTC" in html
    assert render("{{ None|ago }}") == "never"


@pytest.mark.parametrize("name", ["money_nanos", "per_million", "compact", "grouped", "pct"])
@pytest.mark.parametrize("offer", [{}, {"price": None}, {"price": {"input": None}}])
def test_what_is_not_there_is_unknown_and_never_zero(name: str, offer: object) -> None:
    assert render(f"{{{{ offer.price.input|{name} }}}}", offer=offer) == "unknown"


@pytest.mark.parametrize("limit", [("tpm", 1000), ["tpm", 1000]])
def test_a_limit_in_words_takes_a_pair(limit: object) -> None:
    assert render("{{ limit|limit_words }}", limit=limit) == "1,000 tokens per minute"


def test_a_chart_is_drawn_and_anything_else_is_refused() -> None:
    assert "<svg" in render("{% chart drawn %}", drawn=bars([("a", 1)]))
    with pytest.raises(TypeError, match=r"foundry\.web\.charts"):
        render("{% chart drawn %}", drawn="<svg onload=x>")
