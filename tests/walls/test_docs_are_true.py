"""What the documents name exists, and what exists is named."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = [path for package in ("foundry", "catalog", "tenants") for path in (ROOT / package).rglob("*.py")]
READS = re.compile(
    r"""(?:env\.(?:text|flag|number|words|path)|environ\.get|environ\.setdefault|getenv)\(\s*f?"([A-Z][A-Z_]+)\""""
)
NOT_OURS = {"DJANGO_SETTINGS_MODULE"}


def documented(name: str) -> set[str]:
    return set(re.findall(r"^\| `([A-Z][A-Z_]+)`", (ROOT / "docs" / name).read_text(), re.MULTILINE))


def test_every_setting_that_is_read_is_documented() -> None:
    read = {name for path in SOURCES for name in READS.findall(path.read_text())} - NOT_OURS
    assert len(read) > 10
    assert read - documented("settings.md") == set()


def test_every_documented_setting_is_read_somewhere() -> None:
    text = "".join(path.read_text() for path in SOURCES)
    assert {name for name in documented("settings.md") if name not in text} == set()


def test_every_dependency_has_its_line_and_every_line_its_dependency() -> None:
    wanted = set()
    for name in ("requirements.in", "requirements-dev.in"):
        for line in (ROOT / name).read_text().splitlines():
            if line and line[0].isalpha():
                wanted.add(re.split(r"[\[~=<>; ]", line)[0].lower())
    told = set(
        re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "docs/dependencies.md").read_text().lower(), re.MULTILINE)
    )
    assert wanted == told - {"package"}


def test_every_command_is_in_the_readme() -> None:
    ours = {
        name
        for name, app in get_commands().items()
        if str(app).split(".")[0] in {"foundry", "catalog", "tenants"}
    }
    readme = (ROOT / "README.md").read_text()
    assert {name for name in ours if f"`{name}" not in readme} - {"migrate"} == set()


def test_every_make_target_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert named
    assert {name for name in named if f"\n{name}:" not in makefile} == set()


@pytest.mark.parametrize(
    "page", sorted(str(p.relative_to(ROOT)) for p in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
)
def test_links_between_documents_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), f"{page} links to {target}"
