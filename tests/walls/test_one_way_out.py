"""Every outward call of the console and its workers goes through the one guarded client.

Elsewhere the same hole was opened three times, because the guard sat in one caller and not in the client.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENTS = {
    "httpx",
    "httpx2",
    "httpcore2",
    "requests",
    "urllib3",
    "http.client",
    "urllib.request",
    "aiohttp",
    "ftplib",
}
ALLOWED = {
    "foundry/lib/http.py",  # the guarded client itself
    "foundry/local",  # the runner asks its own processes whether they are up
    "tenants/gateway",  # calls upstreams in its own way, with its own guard
    "tenants/demo",  # waits for the sandbox
}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_nothing_else_imports_an_http_client() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for package in ("foundry", "catalog", "tenants")
        for path in (ROOT / package).rglob("*.py")
        if imported(path) & CLIENTS
    }
    assert "foundry/lib/http.py" in users
    assert {path for path in users if not path.startswith(tuple(ALLOWED))} == set()
