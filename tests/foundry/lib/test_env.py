"""Settings are read loudly: what is wrong, what was wanted."""

from pathlib import Path

import pytest

from foundry.lib import env
from foundry.lib.errors import Conflict
from foundry.lib.states import Machine


def test_a_missing_setting_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOUNDRY_TRY", raising=False)
    with pytest.raises(env.BadSetting, match="FOUNDRY_TRY is not set"):
        env.text("FOUNDRY_TRY")


def test_a_file_may_hold_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("value\n")
    monkeypatch.setenv("FOUNDRY_TRY_FILE", str(tmp_path / "secret"))
    assert env.text("FOUNDRY_TRY") == "value"
    monkeypatch.setenv("FOUNDRY_TRY_FILE", str(tmp_path / "gone"))
    with pytest.raises(env.BadSetting, match="cannot be read"):
        env.text("FOUNDRY_TRY")


@pytest.mark.parametrize(("value", "flag"), [("1", True), ("on", True), ("No", False), ("", False)])
def test_a_flag_is_yes_or_no(value: str, flag: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUNDRY_TRY", value)
    assert env.flag("FOUNDRY_TRY", not flag) is flag


@pytest.mark.parametrize(
    "reader", [lambda: env.flag("FOUNDRY_TRY", False), lambda: env.number("FOUNDRY_TRY", 1)]
)
def test_a_value_of_another_kind_is_refused_with_what_it_held(
    reader: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOUNDRY_TRY", "perhaps")
    with pytest.raises(env.BadSetting, match="'perhaps'"):
        reader()  # type: ignore[operator]


def test_a_state_moves_only_where_its_table_says() -> None:
    machine = Machine("door", {"open": frozenset({"shut"}), "shut": frozenset()})
    machine.require("open", "shut")
    with pytest.raises(Conflict, match="This door is shut; it cannot become open"):
        machine.require("shut", "open")
    assert machine.ends() == {"shut"}
