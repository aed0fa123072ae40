"""The audit as a page and over the API: for admins and auditors, searched alike."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundry.audit.actions import record
from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.people.models import User
from tests import make
from tests.foundry.audit.make import entries
from tests.foundry.web.markup import inline_parts
from tests.people import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def auditor() -> User:
    return make.person("aud", roles=("auditor",))


def verbs(person: User, query: str = "") -> list[str]:
    body: dict[str, Any] = api(person).get(f"/api/v1/audit/{query}").json()
    return [row["verb"] for row in body["results"] if row["verb"] != "token.issue"]


@pytest.mark.parametrize(
    ("role", "status"), [("admin", 200), ("auditor", 200), ("ops", 403), ("security", 403), ("", 403)]
)
def test_only_admins_and_auditors_open_the_page(role: str, status: int) -> None:
    person = make.person(roles=(role,) if role else ())
    assert browser(person).get("/audit/").status_code == status


def test_others_get_an_empty_list_from_the_api(auditor: User) -> None:
    entries(2, actor=auditor, at=clock.now())
    assert verbs(make.person(roles=("ops",))) == []
    assert verbs(auditor) == ["person.add", "person.add"]


def test_another_persons_entry_is_not_found_by_its_number(auditor: User) -> None:
    entries(1, actor=auditor, at=clock.now())
    assert api(make.person()).get("/api/v1/audit/1/").status_code == 404
    assert api(auditor).get("/api/v1/audit/1/").json()["after"] == {"number": 0}


def test_the_page_shows_who_did_what_to_which_and_escapes_it(auditor: User) -> None:
    eve = User.objects.create_user("eve@foundry.example", "<b onclick=x>Eve</b>")
    record("person.add", eve, actor=eve, at=clock.now(), after={"name": "<script>1</script>"})
    page = browser(auditor).get("/audit/").content.decode()
    assert "&lt;b onclick=x&gt;Eve&lt;/b&gt;" in page
    assert inline_parts(page) == []


@pytest.fixture
def history(auditor: User) -> Any:
    """One entry a day: Ada adds, Ada removes, Omar adds."""
    start = clock.now().replace(hour=12) - timedelta(days=10)
    ada, omar = make.person("ada"), make.person("omar")
    record("person.add", ada, actor=ada, at=start)
    record("grant.revoke", omar, actor=ada, at=start + timedelta(days=1))
    record("person.add", omar, actor=omar, at=start + timedelta(days=2))
    return {"start": start, "ada": ada, "omar": omar}


def test_entries_are_found_by_who_what_which_and_when(auditor: User, history: Any) -> None:
    day = (history["start"] + timedelta(days=1)).date().isoformat()
    assert verbs(auditor, "?actor=omar@") == ["person.add"]
    assert verbs(auditor, "?verb=grant.") == ["grant.revoke"]
    assert verbs(auditor, f"?object=people.user/{history['omar'].pk}") == ["person.add", "grant.revoke"]
    assert verbs(auditor, "?object=ada&verb=person") == ["person.add"]
    assert verbs(auditor, f"?from={day}&to={day}") == ["grant.revoke"]


def test_a_date_that_is_none_is_refused_and_finds_nothing(auditor: User, history: Any) -> None:
    answer = api(auditor).get("/api/v1/audit/?from=yesterday")
    assert answer.status_code == 400
    assert "from" in answer.json()["errors"]
    page = browser(auditor).get("/audit/?from=yesterday").content.decode()
    assert "No entry fits" in page
    assert 'id="id_from_error"' in page


def test_pages_keep_the_search(auditor: User) -> None:
    entries(60, actor=auditor, at=clock.now())
    page = browser(auditor).get("/audit/?verb=person").content.decode()
    assert "1–50 of 60" in page
    assert "verb=person&amp;page=2" in page


def test_ten_and_twenty_entries_cost_the_same_queries(auditor: User) -> None:
    client, api_client, counts = browser(auditor), api(auditor), []
    for _ in range(2):
        entries(10, actor=make.person(), at=clock.now())
        with CaptureQueriesContext(connection) as seen:
            client.get("/audit/")
            api_client.get("/api/v1/audit/")
        counts.append(len(seen))
    assert Entry.objects.count() >= 20
    assert counts[0] == counts[1]


def test_cursor_pages_give_every_entry_once(auditor: User) -> None:
    entries(25, actor=auditor, at=clock.now())
    client, path, seen = api(auditor), "/api/v1/audit/?limit=10", []
    while path:
        body = client.get(path).json()
        seen += [row["seq"] for row in body["results"]]
        path = body["next"]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == Entry.objects.count()
