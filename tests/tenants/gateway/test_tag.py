"""A caller's tag is on the call, in the sums, and bounded: what is too much counts as other, and the answer says so."""

import json
import urllib.error
import urllib.request
from typing import Any

import psycopg
import pytest

from tenants.gateway.errors import GatewayError
from tenants.gateway.tags import tag_of
from tenants.usage.models import UsageHour
from tests import make
from tests.tenants.gateway.conftest import World
from tests.tenants.gateway.traffic import URL_PATH, booked, question

GOOD = ["v1", "release/2026-11-25", "a" * 64, "1.2.3+build@eu", "x:y_z"]
BAD = ["", "-v1", "a" * 65, "v 1", "v1\n", "=1+1", "ä", "a,b", "<b>", "@x"]


def scope(value: str) -> dict[str, Any]:
    return {"headers": [(b"x-foundry-tag", value.encode("latin-1"))]}


@pytest.mark.parametrize("tag", GOOD)
def test_a_tag_is_a_word(tag: str) -> None:
    assert tag_of(scope(tag)) == tag


@pytest.mark.parametrize("tag", BAD[1:])
def test_what_is_no_word_is_refused_and_says_what_is(tag: str) -> None:
    with pytest.raises(GatewayError, match="1 to 64 letters") as refused:
        tag_of(scope(tag))
    assert (refused.value.status, refused.value.param) == (400, "x-foundry-tag")


def ask(world: World, secret: str, tag: str) -> tuple[int, str | None]:
    """Status, and the tag that the answer says it counts under."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {secret}", "x-foundry-tag": tag}
    body = json.dumps(question()).encode()
    request = urllib.request.Request(world.gateway.url + URL_PATH, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["x-foundry-tag"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["x-foundry-tag"]


@pytest.mark.slow
def test_tags_are_booked_and_the_hundred_and_first_of_a_day_is_other(world: World) -> None:
    grant = make.grant(offer=world.offer, limits={"rpm": 10_000})
    _, secret = make.key(grant)
    assert ask(world, secret, "v1") == (200, "v1")
    assert ask(world, secret, "not a word") == (400, None)
    with psycopg.connect(world.urls.gateway_url, autocommit=True) as gateway:
        given = [
            gateway.execute("SELECT gateway.tag(%s, now()::date, %s)", [grant.team_id, f"w{n}"]).fetchone()
            for n in range(120)
        ]
    assert [row[0] for row in given if row] == [f"w{n}" for n in range(99)] + ["other"] * 21
    assert ask(world, secret, "v2") == (200, "other")
    assert ask(world, secret, "v1") == (200, "v1")
    another = make.key(make.grant(offer=world.offer, limits={"rpm": 10_000}))[1]
    assert ask(world, another, "v2") == (200, "v2")
    told = sorted((event.outcome, event.tag) for event in booked(5))
    assert told == [("ok", "other"), ("ok", "v1"), ("ok", "v1"), ("ok", "v2"), ("refused", "")]
    assert UsageHour.objects.get(tag="v1").calls == 2
