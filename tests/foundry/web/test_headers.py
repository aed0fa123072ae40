"""Headers on every kind of answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages.storage.base import BaseStorage, Message
from django.test import Client, RequestFactory

from foundry.lib.errors import Conflict
from foundry.web.middleware import CSP, DOCS_CSP, refusals
from tests import make
from tests.people import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def broken() -> Any:
    client = Client(raise_request_exception=False)
    client.force_login(make.person())
    return client.get("/styleguide/")


ANSWERS: dict[str, tuple[int, Callable[[], Any]]] = {
    "a page": (200, lambda: browser(make.person()).get("/")),
    "the sign-in page": (200, lambda: browser().get("/login/")),
    "a redirect": (302, lambda: browser().get("/")),
    "a static file": (200, lambda: browser().get("/static/css/foundry.css")),
    "not found": (404, lambda: browser().get("/nothing/")),
    "not yours": (403, lambda: browser(make.person()).get("/audit/")),
    "a wrong method": (405, lambda: browser().get("/logout/")),
    "a form without its token": (403, lambda: Client(enforce_csrf_checks=True).post("/logout/")),
    "another host's name": (400, lambda: Client(headers={"host": "evil.example"}).get("/login/")),
    "the API": (200, lambda: api(make.person()).get("/api/v1/me/")),
    "the API's refusal": (401, lambda: browser().get("/api/v1/me/")),
    "the API's 404": (404, lambda: browser().get("/api/v1/nothing/")),
    "health": (200, lambda: browser().get("/healthz")),
    "metrics": (200, lambda: browser().get("/metrics")),
}


@pytest.mark.parametrize("kind", sorted(ANSWERS))
def test_every_answer_carries_the_strict_policy(kind: str) -> None:
    status, ask = ANSWERS[kind]
    answer = ask()
    answer.close()
    assert answer.status_code == status
    assert answer["Content-Security-Policy"] == CSP
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_an_answer_that_broke_carries_it_too_and_says_nothing_of_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("foundry.web.styleguide.context", fail)
    answer = broken()
    assert answer.status_code == 500
    assert answer["Content-Security-Policy"] == CSP
    assert b"hunter2" not in answer.content
    assert b"This is our fault" in answer.content


def test_the_policy_allows_nothing_inline_and_no_other_site() -> None:
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert CSP.startswith("default-src 'none'")
    assert "'unsafe-inline'" not in DOCS_CSP.partition("style-src")[0]


@pytest.mark.parametrize("path", ["/", "/settings/", "/styleguide/"])
def test_pages_for_a_person_are_never_kept_by_a_cache(path: str) -> None:
    assert "no-store" in browser(make.person()).get(path)["Cache-Control"]


def test_static_files_may_be_kept() -> None:
    answer = browser().get("/static/css/foundry.css")
    answer.close()
    assert "max-age=300" in answer["Cache-Control"]


def refused(**headers: str) -> Any:
    request = RequestFactory().post("/grants/1/revoke/", headers=headers)
    request._messages = Messages(request)  # type: ignore[attr-defined]
    middleware = refusals(lambda _: None)  # type: ignore[arg-type, return-value]
    answer = middleware.process_exception(request, Conflict("grant.ended", "It ended.", remedy="Ask anew."))
    return answer, request._messages.said  # type: ignore[attr-defined]


class Messages(BaseStorage):
    """Keeps what was said."""

    def _get(self) -> tuple[list[Message], bool]:
        return [], True

    def _store(self, messages: list[Message], response: object) -> list[Message]:
        return []

    @property
    def said(self) -> list[str]:
        return [message.message for message in self._queued_messages]


def test_a_refused_form_leads_back_with_the_reason() -> None:
    answer, said = refused(referer="http://testserver/grants/1/")
    assert (answer.status_code, answer["Location"]) == (302, "http://testserver/grants/1/")
    assert said == ["It ended. Ask anew."]


def test_a_refused_part_of_a_page_brings_the_whole_page_anew() -> None:
    answer, said = refused(**{"hx-request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    assert said == ["It ended. Ask anew."]


def test_a_refused_form_never_leads_to_another_site() -> None:
    answer, said = refused(referer="http://testserver.evil.example/")
    assert answer.status_code == 409
    assert b"It ended." in answer.content
    assert said == []
