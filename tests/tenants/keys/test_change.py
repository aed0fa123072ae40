"""A key is kept to offers, networks and a time, also after it was made; a key that nobody uses is shown and told of."""

from datetime import datetime, timedelta

import pytest
from django.db import DataError, transaction

from foundry.audit.models import Entry
from foundry.lib import clock
from foundry.lib.errors import Conflict, Forbidden, Invalid
from foundry.notify.models import Event
from tenants.access.models import Grant
from tenants.keys import actions
from tenants.keys.models import ApiKey, KeyUse
from tenants.keys.reminders import tell_of_unused
from tests import make
from tests.people import api, browser

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def change(key: ApiKey, grant: Grant, **fields: object) -> ApiKey:
    told = {"name": key.name, "grants": [], "networks": [], "expires_at": key.expires_at} | fields
    by = told.pop("by", make.owner_of(grant.team))
    return actions.change_key(key.pk, **told, actor=by, at=clock.now())  # type: ignore[arg-type]


def test_networks_are_kept_in_one_form_each_once() -> None:
    key, _ = make.key(make.grant(), networks=["10.20.0.0/16", " 192.0.2.7 ", "10.20.0.0/16", "2001:DB8::/48"])
    assert ApiKey.objects.get(pk=key.pk).networks == ["10.20.0.0/16", "192.0.2.7/32", "2001:db8::/48"]


@pytest.mark.parametrize(
    "told", [["10.0.0.1/8"], ["everywhere"], ["0.0.0.0/0"], ["::/0"], [""], ["10.0.0.0/33"], [f"10.0.0.{n}" for n in range(21)]]
)  # fmt: skip
def test_what_is_no_network_or_is_everywhere_is_refused_with_a_remedy(told: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        make.key(make.grant(), networks=told)
    assert "10.20.0.0/16" in refused.value.remedy
    assert set(refused.value.errors) == {"networks"}


def test_the_database_itself_takes_nothing_that_is_no_network() -> None:
    key, _ = make.key(make.grant())
    with pytest.raises(DataError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(networks=["10.0.0.1/8"])


def test_a_change_is_told_with_what_was_before() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    ends = clock.now() + DAY
    changed = change(key, grant, name="batch", grants=[grant], networks=["10.0.0.0/8"], expires_at=ends)
    assert list(changed.grants.all()) == [grant]
    body = bytes(Entry.objects.get(verb="key.change").body).decode()
    for word in ("anywhere", "10.0.0.0/8", "all of the application", "batch"):
        assert word in body


def test_only_members_change_a_key_and_only_a_live_one() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    for stranger in (make.person(), make.admin()):
        with pytest.raises(Forbidden):
            change(key, grant, by=stranger)
    actions.revoke_key(key.pk, reason="x", actor=make.owner_of(grant.team), at=clock.now())
    with pytest.raises(Conflict, match="revoked already"):
        change(key, grant)


def test_a_key_is_kept_only_to_grants_of_its_application() -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    with pytest.raises(Conflict, match="does not carry"):
        change(key, grant, grants=[make.grant()])


def test_a_grant_that_ended_meanwhile_does_not_stand_in_the_way_of_another_change() -> None:
    grant = make.grant()
    key, _ = make.key(grant, only=[grant])
    Grant.objects.filter(pk=grant.pk).update(revoked_at=clock.now())
    assert change(key, grant, grants=[grant], name="later").name == "later"


def test_a_new_secret_keeps_to_the_same_networks() -> None:
    grant = make.grant()
    key, _ = make.key(grant, networks=["10.0.0.0/8"])
    new, _ = actions.rotate_key(key.pk, overlap_s=0, actor=make.owner_of(grant.team), at=clock.now())
    assert ApiKey.objects.get(pk=new.pk).networks == ["10.0.0.0/8"]


def test_a_member_changes_a_key_on_its_page(redis_url: str) -> None:
    grant = make.grant()
    key, _ = make.key(grant, expires_at=clock.now() + DAY)
    client = browser(make.owner_of(grant.team))
    shown = client.get(f"/keys/{key.pk}/")
    ends = shown.context["form"].initial["expires_on"]
    told = {
        "name": "batch",
        "networks": "10.0.0.0/8\n192.0.2.1",
        "grants": [grant.pk],
        "expires_on": str(ends),
    }
    assert client.post(f"/keys/{key.pk}/", told).status_code == 302
    row = ApiKey.objects.get(pk=key.pk)
    assert (row.name, row.networks, row.expires_at) == (
        "batch",
        ["10.0.0.0/8", "192.0.2.1/32"],
        key.expires_at,
    )
    assert list(row.grants.all()) == [grant]


def test_a_network_that_is_none_is_said_beside_the_field(redis_url: str) -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    client = browser(make.owner_of(grant.team))
    for path, told in (
        (f"/keys/{key.pk}/", {"name": "x", "networks": "home"}),
        ("/keys/", {"name": "x", "networks": "home", "application": grant.applications.get().pk}),
    ):
        answer = client.post(path, told)
        assert answer.status_code == 400
        assert "is no network" in answer.content.decode()
    assert ApiKey.objects.count() == 1


def test_the_api_changes_what_it_is_told_and_nothing_else(redis_url: str) -> None:
    grant = make.grant()
    client, app = api(make.owner_of(grant.team)), grant.applications.get().slug
    body = {"team": grant.team.slug, "application": app, "grants": [grant.pk], "networks": ["10.0.0.0/8"]}
    made = client.post("/api/v1/keys/", body, content_type="application/json").json()
    where = f"/api/v1/keys/{made['id']}/"
    told = client.patch(where, {"networks": ["192.0.2.0/24"]}, content_type="application/json").json()
    assert (told["networks"], told["grants"], told["name"]) == (["192.0.2.0/24"], [grant.pk], "api")
    wrong = client.patch(where, {"networks": ["home"]}, content_type="application/json")
    assert (wrong.status_code, set(wrong.json()["errors"])) == (400, {"networks"})


@pytest.mark.parametrize(("overlap", "state"), [("0", "revoked"), ("3600", "live"), ("", "live")])
def test_how_long_the_old_secret_goes_on_is_chosen(overlap: str, state: str, redis_url: str) -> None:
    grant = make.grant()
    key, _ = make.key(grant)
    answer = browser(make.owner_of(grant.team)).post(f"/keys/{key.pk}/rotate/", {"overlap_s": overlap})
    assert answer.status_code == 200
    assert ApiKey.objects.get(pk=key.pk).state(clock.now()) == state


def old(grant: Grant, days: int, used_days_ago: int | None = None) -> ApiKey:
    key, _ = make.key(grant)
    ApiKey.objects.filter(pk=key.pk).update(created_at=clock.now() - days * DAY)
    if used_days_ago is not None:
        KeyUse.objects.create(key=key, last_used_at=clock.now() - used_days_ago * DAY)
    return ApiKey.objects.get(pk=key.pk)


def test_keys_are_listed_by_how_long_nobody_used_them(redis_url: str) -> None:
    grant = make.grant()
    never, once, _busy = old(grant, 40), old(grant, 90, 35), old(grant, 90, 1)
    dead = old(grant, 90)
    owner = make.owner_of(grant.team)
    actions.revoke_key(dead.pk, reason="x", actor=owner, at=clock.now())
    page = browser(owner).get("/keys/?unused=30")
    assert [(row["key"].pk, row["unused_days"]) for row in page.context["rows"]] == [
        (once.pk, 35),
        (never.pk, 40),
    ]
    listed = api(owner).get("/api/v1/keys/?unused_days=38").json()["results"]
    assert [(row["id"], row["unused_days"]) for row in listed] == [(never.pk, 40)]
    assert browser(owner).get("/keys/?unused=x").status_code == 200


def test_owners_hear_of_an_unused_key_once_until_it_is_used_again() -> None:
    grant = make.grant()
    key = old(grant, 40)
    old(grant, 10)
    at: datetime = clock.now()
    assert [tell_of_unused(at), tell_of_unused(at + DAY)] == [1, 0]
    told = Event.objects.get(kind="key.unused")
    assert (told.url, [n.person for n in told.notices.all()]) == (
        f"/keys/{key.pk}/",
        [make.owner_of(grant.team)],
    )
    KeyUse.objects.create(key=key, last_used_at=at)
    assert tell_of_unused(at + 20 * DAY) == 1  # the other one, by now
    assert tell_of_unused(at + 31 * DAY) == 1
