"""The first step of every make target: runs on a bare Python and does nothing twice."""

import ast
import sys
from pathlib import Path

import pytest

from foundry.local import bootstrap


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(bootstrap.__file__).read_text())
    names = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names


def test_a_changed_requirements_file_is_installed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("a==1")
    assert not bootstrap.installed("requirements.txt")
    bootstrap.stamp("requirements.txt").write_text(bootstrap.digest("requirements.txt"))
    assert bootstrap.installed("requirements.txt")
    (tmp_path / "requirements.txt").write_text("a==2")
    assert not bootstrap.installed("requirements.txt")


def test_the_longer_list_contains_the_shorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("a==1")
    bootstrap.stamp("requirements-dev.txt").write_text(bootstrap.digest("requirements-dev.txt"))
    assert bootstrap.installed("requirements.txt")


def test_an_old_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (4, 0))
    with pytest.raises(SystemExit, match=r"PYTHON=/path/to/python3.11 make run"):
        bootstrap.check_machine()


def test_every_requirement_is_pinned_with_its_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        rows = [
            line for line in (bootstrap.ROOT / name).read_text().splitlines() if line and line[0].isalnum()
        ]
        assert len(rows) > 20
        assert all("==" in row and row.endswith("\\") for row in rows)
