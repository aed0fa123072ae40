"""The inbox is one's own; hooks are the admins'; neither address nor secret is shown again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from foundry.audit.models import Entry
from foundry.lib import secrets
from foundry.notify.models import Delivery, Hook, Notice
from tests import make
from tests.foundry.notify.make import hook, told
from tests.foundry.web.markup import faults
from tests.people import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
FORM = {"name": "Bus", "kind": "webhook", "address": "https://hooks.example/s3cret-path?token=canary"}


def test_a_notice_leads_to_its_page_and_is_read_by_going_there() -> None:
    mia = make.person("mia")
    told(mia, title="Ada approved grok-3", url="/requests/7/")
    page = browser(mia)
    shown = page.get("/inbox/").content.decode()
    assert "Ada approved grok-3" in shown
    assert 'class="count">1<' in shown
    answer = page.post("/inbox/read/", {"notice": Notice.objects.get().pk})
    assert answer.headers["location"] == "/requests/7/"
    assert "Ada approved grok-3" not in page.get("/inbox/").content.decode()
    assert "Ada approved grok-3" in page.get("/inbox/?show=all").content.decode()


def test_a_notice_never_leads_to_another_site() -> None:
    mia = make.person("mia")
    told(mia, url="//evil.example/")
    answer = browser(mia).post("/inbox/read/", {"notice": Notice.objects.get().pk})
    assert answer.headers["location"] == "/inbox/"


def test_nobody_reads_anothers_inbox() -> None:
    told(make.person("mia"), title="For Mia only")
    other = browser(make.person())
    assert "For Mia only" not in other.get("/inbox/?show=all").content.decode()
    assert other.post("/inbox/read/", {"notice": Notice.objects.get().pk}).status_code == 404
    other.post("/inbox/read/")
    assert Notice.objects.get().read_at is None


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "1.5"])
def test_a_notice_that_is_none_is_not_found(number: str) -> None:
    assert browser(make.person()).post("/inbox/read/", {"notice": number}).status_code == 404


def test_the_inbox_asks_as_often_for_twenty_rows_as_for_ten() -> None:
    mia = make.person("mia")
    counts = []
    for _ in range(2):
        for _ in range(10):
            told(mia)
        page = browser(mia)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert faults(page.get("/inbox/").content.decode()) == []
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_hooks_secret_is_shown_once_and_its_address_never() -> None:
    ada = browser(make.admin())
    made = ada.post("/hooks/", FORM).content.decode()
    row = Hook.objects.get()
    secret = secrets.decrypt(bytes(row.secret or b""))
    assert secret in made
    assert secrets.decrypt(bytes(row.address)) == FORM["address"]
    for page in (
        ada.get("/hooks/"),
        ada.get(f"/hooks/{row.pk}/"),
        api(make.person("eve", roles=("admin",))).get("/api/v1/hooks/"),
    ):
        text = page.content.decode()
        assert "hooks.example" in text
        assert not [word for word in (secret, "canary", "s3cret-path") if word in text]
    assert not [entry for entry in Entry.objects.all() if b"canary" in bytes(entry.body)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"address": "ftp://x"}, "address"), ({"address": "https://user:pw@x/"}, "address"), ({"name": ""}, "name"),
     ({"kind": "fax"}, "kind"), ({"trusted_networks": "0.0.0.0/0"}, "trusted_networks")],
)  # fmt: skip
def test_a_hook_that_cannot_be_is_refused_beside_its_field(wrong: dict[str, str], field: str) -> None:
    answer = browser(make.admin()).post("/hooks/", FORM | wrong)
    assert answer.status_code == 400
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Hook.objects.exists()


def test_what_was_sent_can_be_sent_again() -> None:
    made, _ = hook("https://hooks.example/x")
    told()
    Delivery.objects.update(state="failed", error="https://hooks.example/x answered 500.")
    ada = browser(make.admin())
    page = f"/hooks/{made.pk}/"
    assert "answered 500" in ada.get(page).content.decode()
    ada.post(f"/hooks/deliveries/{Delivery.objects.get().pk}/again/")
    assert Delivery.objects.get().state == "waiting"
    assert faults(ada.get(page).content.decode()) == []


def test_the_api_tells_and_marks_ones_own_notices() -> None:
    mia = make.person("mia")
    for _ in range(3):
        told(mia, data={"request": 7})
    told(make.person())
    client = api(mia)
    rows = client.get("/api/v1/notices/").json()["results"]
    assert [row["data"] for row in rows] == [{"request": 7}] * 3
    done = client.post("/api/v1/notices/read/", {"ids": [rows[0]["id"]]}, content_type="application/json")
    assert done.json() == {"read": 1}
    assert client.post("/api/v1/notices/read/", {}, content_type="application/json").json() == {"read": 2}


def test_the_api_makes_a_hook_and_tells_its_secret_once() -> None:
    client = api(make.admin())
    made = client.post("/api/v1/hooks/", FORM, content_type="application/json").json()
    assert made["secret"].startswith("whsec_")
    assert "secret" not in client.get(f"/api/v1/hooks/{made['id']}/").json()
    assert client.post(f"/api/v1/hooks/{made['id']}/try/").status_code == 202
    [row] = client.get(f"/api/v1/hooks/{made['id']}/deliveries/").json()["results"]
    assert (row["kind"], row["state"]) == ("hook.try", "waiting")


def test_the_api_chooses_a_preset_switches_a_hook_and_sends_a_delivery_again() -> None:
    mine = api(make.person("mia"))
    assert mine.get("/api/v1/notices/preset/").json() == {"preset": "mine"}
    chosen = mine.patch("/api/v1/notices/preset/", {"preset": "digest"}, content_type="application/json")
    assert chosen.json() == mine.get("/api/v1/notices/preset/").json() == {"preset": "digest"}
    wrong = mine.patch("/api/v1/notices/preset/", {"preset": "fax"}, content_type="application/json")
    assert wrong.status_code == 400

    made, _ = hook("https://hooks.example/x")
    told()
    sent, client = Delivery.objects.get(), api(make.admin())
    again = f"/api/v1/hooks/{made.pk}/deliveries/{sent.pk}/again/"
    assert client.post(again).status_code == 409, "it is on its way"
    Delivery.objects.update(state="failed", attempts=5)
    answer = client.post(again)
    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (202, "waiting", 0)
    assert answer.json()["message_id"] == str(sent.message_id)
    other, _ = hook("https://hooks.example/y")
    assert client.post(f"/api/v1/hooks/{other.pk}/deliveries/{sent.pk}/again/").status_code == 404
    off = client.post(f"/api/v1/hooks/{made.pk}/switch/", {"on": False}, content_type="application/json")
    assert off.json()["disabled_at"]
    told(key="later")
    assert not made.deliveries.exclude(pk=sent.pk).exists()
