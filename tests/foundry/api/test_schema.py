"""The OpenAPI document: made without a warning, valid, with every status declared."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from openapi_spec_validator import validate

from foundry.api.schema import OnceGenerator
from tests.foundry.web.markup import inline_parts
from tests.people import browser


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "patch", "delete"} and path != "/api/v1/schema/"
    ]


def test_it_is_made_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--file", str(tmp_path / "schema.yml"), "--fail-on-warn")


def test_it_is_valid_openapi(schema: dict[str, Any]) -> None:
    validate(schema)


def test_every_operation_declares_what_it_may_refuse(schema: dict[str, Any]) -> None:
    wanted = {"400", "401", "403", "405", "406"}
    lacking = {
        f"{method} {path}": sorted(wanted - set(operation["responses"]))
        for method, path, operation in operations(schema)
        if wanted - set(operation["responses"])
    }
    assert lacking == {}


def test_every_write_declares_conflict_and_media_type_and_every_detail_not_found(
    schema: dict[str, Any],
) -> None:
    for method, path, operation in operations(schema):
        wanted = set() if method == "get" else {"409", "415"}
        wanted |= {"404"} if "{" in path else set()
        assert wanted <= set(operation["responses"]), (method, path)


def test_every_problem_is_declared_as_one(schema: dict[str, Any]) -> None:
    for method, path, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if status.startswith("4"):
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


@pytest.fixture
def makings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """How often the document was made; at first, it is not."""
    made, make = list[Any](), SchemaGenerator.get_schema

    def make_and_count(*asked: Any) -> Any:
        made.append(asked)
        return make(*asked)

    monkeypatch.setattr(OnceGenerator, "made", {})
    monkeypatch.setattr(SchemaGenerator, "get_schema", make_and_count)
    return made


def document(**asked: Any) -> dict[str, Any]:
    return OnceGenerator(**asked).get_schema(public=True)  # type: ignore[no-untyped-call]  (the library has no types)


def test_who_ask_for_it_at_once_all_get_it_and_it_is_made_once(
    schema: dict[str, Any], makings: list[Any]
) -> None:
    with ThreadPoolExecutor(4) as threads:
        got = list(threads.map(lambda _: document(), range(4), timeout=60))
    assert [each["paths"].keys() for each in got] == [schema["paths"].keys()] * 4
    assert len(makings) == 1


@pytest.mark.usefixtures("makings")
def test_a_version_that_a_caller_asks_for_is_not_kept_for_the_next() -> None:
    assert document(api_version="mine")["info"]["version"] == document()["info"]["version"] == "1"


def test_every_operation_has_a_name_of_its_own(schema: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(schema)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_url")
def test_its_page_runs_no_inline_script() -> None:
    page = browser().get("/api/v1/docs/").content.decode()
    assert [each for each in inline_parts(page) if each.startswith("<script>") or " on" in each] == []
    assert "SwaggerUIBundle" in browser().get("/api/v1/docs/?script=").content.decode()


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_url")
def test_who_has_no_account_yet_may_read_the_documentation() -> None:
    for path in ("/api/v1/docs/", "/api/v1/schema/"):
        assert browser().get(path).status_code == 200
