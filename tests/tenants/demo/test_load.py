"""The demo company loads whole, through the real ledger, and is cleared only when it stands alone."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.processes import sandbox
from tests.servers import Urls

ROOT = Path(__file__).resolve().parent.parent.parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def manage(database: Urls, sandbox_url: str, var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "DATABASE_URL": database.app_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "FOUNDRY_SANDBOX_URL": sandbox_url,
        "FOUNDRY_VAR": str(var),
        "FOUNDRY_DEMO": "1",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_loads_proves_itself_is_cleared_and_loads_again(committed: Urls, tmp_path: Path) -> None:
    with sandbox(tmp_path) as upstream:
        loaded = manage(committed, upstream.url, tmp_path, "demo")
        assert loaded.returncode == 0, loaded.stderr
        assert "17 people, 9 teams" in loaded.stdout
        assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600

        with psycopg.connect(committed.app_url) as app:
            waiting = app.execute("SELECT kind FROM catalog_change WHERE state = 'waiting'").fetchall()
            plans = app.execute(
                "SELECT count(*) FROM advice_plan p JOIN advice_campaign c ON c.id = p.campaign_id WHERE c.closed_at IS NULL"
            ).fetchone()
            beside = app.execute(
                "SELECT l.scope, min(w.usd_nanos_spent) > 0 FROM levels_level l JOIN quotas_window w ON w.holder_id = -l.id"
                " WHERE w.period = 'month' GROUP BY 1"
            ).fetchall()
        assert set(beside) == {("organisation", True), ("team", True)}, "limits beside grants have counted"
        assert set(waiting) == {("retirement_date",)}, "the date that moved closer waits for a person"
        assert plans == (1,), "one team has said by when it moves"

        again = manage(committed, upstream.url, tmp_path, "demo")
        assert again.returncode == 1
        assert "demo --clear" in again.stderr

        for proof in (["ledger", "verify"], ["audit", "verify"]):
            told = manage(committed, upstream.url, tmp_path, *proof)
            assert told.returncode == 0, told.stderr

        with psycopg.connect(committed.app_url) as app:
            app.execute(
                "INSERT INTO people_user (email, name, password, is_active) VALUES ('eve@company.example', 'Eve', '!', true)"
            )
        refused = manage(committed, upstream.url, tmp_path, "demo", "--clear")
        assert refused.returncode == 1
        assert "eve@company.example" in refused.stderr

        with psycopg.connect(committed.app_url) as app:
            app.execute("DELETE FROM people_user WHERE email = 'eve@company.example'")
        cleared = manage(committed, upstream.url, tmp_path, "demo", "--clear")
        assert cleared.returncode == 0, cleared.stderr
        assert "17 people" in cleared.stdout


def test_it_is_refused_where_the_demo_is_off(committed: Urls, tmp_path: Path) -> None:
    environment = os.environ | {"DATABASE_URL": committed.app_url, "FOUNDRY_DEMO": "0"}
    done = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "FOUNDRY_DEMO=1" in done.stderr
