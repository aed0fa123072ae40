"""Cells that a spreadsheet would run are shown as text instead."""

import pytest

from foundry.lib.csv import lines, safe


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert safe(text) == f"'{text}"


def test_numbers_and_plain_text_stay() -> None:
    assert [safe("xai/grok-3"), safe(-5), safe(None)] == ["xai/grok-3", -5, None]


def test_quotes_and_commas_are_kept() -> None:
    assert "".join(lines(["a", "b"], [['say "hi"', "1,2"]])) == 'a,b\r\n"say ""hi""","1,2"\r\n'
