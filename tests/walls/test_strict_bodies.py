"""No write of the API drops a field silently: what does not exist is refused by name, with what was probably meant."""

import re
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from catalog.models import Host
from catalog.serializers import ChangedHostSerializer
from foundry.api.body import require_known
from foundry.lib.errors import Invalid
from tenants.access.raise_shapes import RaiseRulesSerializer
from tenants.keys.models import ApiKey
from tenants.levels.models import LevelLimit
from tests import make
from tests.people import api

ROOT = Path(__file__).resolve().parents[2]
JSON = "application/json"


def test_bodies_are_read_in_one_place() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for room in ("foundry", "catalog", "tenants")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\brequest\.(data|POST)\b", path.read_text()) and "rest_framework" in path.read_text()
    }
    assert readers == {"foundry/api/body.py"}


def written() -> dict[str, Any]:
    """The shape of every write's body that has one."""
    made: Any = SchemaGenerator  # the library has no types
    generator, found = made(), dict[str, Any]()
    generator._initialise_endpoints()
    for path, _, method, view in generator._get_paths_and_endpoints():
        if method != "GET":
            view.schema.path, view.schema.method = path, method
            with GENERATOR_STATS.silence():
                shape = view.schema.get_request_serializer()
            if shape is not None:
                found[f"{method} {path}"] = shape() if isinstance(shape, type) else shape
    return found


def test_every_write_refuses_a_field_that_does_not_exist() -> None:
    shapes = written()
    assert len(shapes) > 80
    for of, shape in shapes.items():
        assert isinstance(shape, serializers.Serializer), of
        with pytest.raises(Invalid) as refused:
            require_known(shape, {"nobodys_field": 1})
        assert "nobodys_field" in refused.value.errors, of


def test_inner_fields_are_named_with_where_they_stand_and_what_is_only_told_is_said_so() -> None:
    with pytest.raises(Invalid) as inner:
        require_known(ChangedHostSerializer(), {"listing": {"base_url": "", "credentials": "x"}})
    assert "did you mean `credential`?" in inner.value.errors["listing.credentials"]
    require_known(ChangedHostSerializer(), {"listing": {"settings": {"anything": "goes"}}})
    require_known(RaiseRulesSerializer(), ["no object"])


@pytest.mark.django_db
def test_what_was_misspelt_is_refused_and_nothing_is_done() -> None:
    grant, host = make.grant(), make.host("azure", listing_base_url="https://models.example/v1")
    scripts, admin = api(make.owner_of(grant.team)), api(make.person(roles=("admin",)))
    limit = {"kind": "rpm", "maximum": 5, "reason": "enough", "modes": "soft"}
    key = {
        "team": grant.team.slug,
        "application": make.application(grant.team).slug,
        "network": ["10.0.0.0/8"],
        "expires": "2030-01-01T00:00:00Z",
    }
    for client, path, body, wrong, meant in (
        (admin, "limits", limit, "modes", "mode"),
        (scripts, "keys", key, "network", "networks"),
        (scripts, "keys", key, "expires", "expires_at"),
    ):
        answer = client.post(f"/api/v1/{path}/", body, content_type=JSON)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (400, "body.unknown_field"), told
        assert f"did you mean `{meant}`?" in told["errors"][wrong]
        assert "The fields are " in told["errors"][wrong]
    assert not LevelLimit.objects.exists()
    assert not ApiKey.objects.exists()
    path = f"/api/v1/hosts/{host.slug}/"
    assert admin.patch(path, {"cancel_at_once": True}, content_type=JSON).status_code == 400
    assert admin.patch(path, {"cancels_at_once": True}, content_type=JSON).json()["cancels_at_once"] is True
    assert Host.objects.get(pk=host.pk).cancels_at_once is True
