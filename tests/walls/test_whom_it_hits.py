"""An act that takes something away has a page that says first whom it hits. A new such act without one fails here."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from catalog.models import Host, Offer
from tests import make
from tests.people import browser
from tests.walls.doors import DOORS
from tests.walls.test_doors import world  # noqa: F401  (a fixture)
from tests.walls.test_every_action_is_audited import ALL
from tests.walls.world import World

pytestmark = pytest.mark.xdist_group("doors")
# The act, its page, and who is named there.
PAGES = {
    "tenants.access.suspend": ("grant-suspend", "Chat"),
    "tenants.access.suspend_team": ("team-suspend", "Chat"),
    "tenants.access.revoke": ("grant-revoke", "Chat"),
    "tenants.access.give_back": ("grant-idle", "Chat"),
    "tenants.access.move_allocation": ("grant-move", "Chat"),
    "tenants.access.end_raise": ("raise-end", "Glass"),
    "tenants.access.certify": ("team-certify", "Chat"),
    "tenants.keys.revoke_key": ("key-revoke", "Chat"),
    "tenants.keys.pause_caller": ("key-pause", "Chat"),
    "tenants.teams.remove_member": ("team-remove-member", "Mine"),
    "tenants.teams.change_role": ("team-change-role", "Mia"),
    "foundry.people.deactivate_person": ("person-deactivate", "Mine"),
    "catalog.switch_host": ("host-switch", "Chat"),
    "catalog.show_offer": ("offer-show", "Chat"),
    "catalog.withdraw_offer": ("offer-withdraw", "Handmade"),
    "catalog.pause": ("host-pause", "Chat"),
    "catalog.change_offer": ("offer-change", "Copilot"),
    "catalog.set_lifecycle": ("offer-lifecycle", "Copilot"),
    "catalog.publish_terms": ("terms-next", "Copilot"),
    "catalog.assign_terms": ("offer-terms", "Copilot"),
    "tenants.levels.set_limit": ("limits", "Chat"),
}
# What is meant is posted first; the page asks before it is done.
POSTED: dict[str, Callable[[World], dict[str, str]]] = {
    "limits": lambda _: {"kind": "rpm", "maximum": "1", "mode": "hard", "reason": "Slow."},
    "team-certify": lambda made: {f"answer-{made.rows['grant'].pk}": "give_back"},
    "grant-move": lambda made: {
        "to": str(made.rows["taker"].pk),
        "kind": "tpm",
        "amount": "1,000",
        "reason": "More batch.",
    },
}
OWNERS = {"grant-move"}  # not even an admin's
# Nobody's calls, reading or rights end by these; why is said with each.
OTHERS = {
    "tenants.access.approve": "what was asked; a change's page shows had, asked and granted, and what it used",
    "tenants.access.hand_on": "one named person, who may decide it less",
    "tenants.access.pass_on": "by the clock, after its due time",
    "catalog.assign_offers": "a count of capacity",
    "catalog.save_host": "a host that nobody calls yet",
    "catalog.settle_changes": "the changes' page names who calls what each is of",
    "catalog.settle_run": "the run's page shows what it doubted; nothing is taken away",
    "catalog.take_anyway": "the run's page shows what the listing leaves out, before the button",
    "catalog.update_host": "how it is reached; its calls go on",
    "tenants.teams.name_application_owner": "who answers; the page names the keys whose secret the one before knew",
    "tenants.access.set_life_rules": "what runs keeps its own",
    "tenants.access.set_raise_rules": "raises that run keep their own",
    "tenants.access.switch_on": "requests that are asked keep their steps; the trial shows the others",
    "tenants.access.take_back": "by the clock, two weeks after its owner was asked",
    "tenants.advice.move_date": "a campaign's page, on which it is, names every team",
    "tenants.keys.change_key": "the team's own key; the form is on its page, which names its application",
    "tenants.teams.set_budget": "a number beside what is promised; nothing is refused by it",
    "catalog.apply_change": "the changes' page names who calls what each is of",
    "catalog.prolong_pause": "the pause's page says whom it hits",
    "catalog.set_overcommit": "a count of capacity",
    "catalog.set_pool": "a count of capacity",
    "catalog.set_price": "the price of later calls",
    "tenants.access.discard_draft": "a policy that never counted",
    "tenants.access.drop_offer_owner": "one named person, whom the row names",
    "tenants.access.end_delegation": "one named person, whom the row names",
    "tenants.access.retire_question": "a question of later forms",
    "tenants.access.stop_waiting": "the team's own wish",
    "tenants.access.withdraw": "the team's own request",
    "tenants.advice.close_campaign": "a report; the retirement itself is of the host",
    "tenants.keys.rotate_key": "the old key goes on for the time that is chosen in the form",
    "tenants.levels.end_limit": "a ceiling that goes; it only refused",
    "tenants.levels.plan_calendar": "no amount; its page says what the day and month then become",
    "tenants.levels.withdraw_calendar": "a change that never came",
    "tenants.moving.leave_out": "a proposal that nothing came of",
    "tenants.teams.end_calendar": "an address that the team's own people read",
    "foundry.notify.switch_hook": "notices to one address, which the page shows",
    "foundry.people.revoke_token": "one's own token",
    "catalog.leave_pool": "a count of capacity",
    "catalog.leave_to_host": "what somebody said by hand",
    "catalog.release_offers": "a count of capacity",
    "catalog.close_run": "a record of a sync",
}
# These give, ask, answer or note.
GIVING = {
    "catalog.add_terms", "catalog.ask_sync", "catalog.describe_offer", "catalog.dismiss_change", "catalog.lift_pause",
    "catalog.make_offer", "catalog.make_pool", "catalog.note_check", "catalog.publish_offers", "foundry.notify.add_hook",
    "foundry.notify.choose_preset", "foundry.notify.redeliver", "foundry.notify.try_hook", "foundry.people.add_person",
    "foundry.people.issue_token", "foundry.people.make_sign_in_link", "foundry.people.reactivate_person",
    "foundry.people.use_sign_in_link", "tenants.access.accept", "tenants.access.acknowledge", "tenants.access.add_question",
    "tenants.access.answer", "tenants.access.appeal", "tenants.access.ask", "tenants.access.ask_again",
    "tenants.access.break_glass", "tenants.access.change_draft", "tenants.access.change_question", "tenants.access.comment",
    "tenants.access.delegate", "tenants.access.deny", "tenants.access.keep_idle", "tenants.access.name_offer_owner",
    "tenants.access.notice_idle", "tenants.access.open_certification", "tenants.access.open_offer",
    "tenants.access.raise_limits", "tenants.access.renew", "tenants.access.resume", "tenants.access.resume_team",
    "tenants.access.review", "tenants.access.start_draft", "tenants.access.submit", "tenants.access.wish",
    "tenants.advice.choose_successor", "tenants.advice.open_campaign", "tenants.advice.plan", "tenants.evidence.answer",
    "tenants.keys.issue_key", "tenants.keys.lift_caller_pause", "tenants.moving.change", "tenants.moving.note_accepted",
    "tenants.moving.take_in", "tenants.teams.add_application", "tenants.teams.add_member", "tenants.teams.create_team",
    "tenants.teams.make_calendar",
}  # fmt: skip


@pytest.fixture
def hit(world: World) -> Iterator[World]:  # noqa: F811  (the fixture that is imported)
    """What only some of the pages take away: a key of one's own, an offer made by hand, terms."""
    with transaction.atomic():
        rows = world.rows
        team, mia, hand = rows["team"], world.people["mia"], rows["hand_offer"]
        own = make.grant(of=team, app=make.application(team, "mine"), offer=make.offer())
        make.key(own, by=mia, personal=True)
        Host.objects.filter(pk=hand.host_id).update(calling_base_url="https://models.example/v1")
        Offer.objects.filter(pk=hand.pk).update(lifecycle="generally_available")
        make.grant(of=team, app=make.application(team, "handmade"), offer=Offer.objects.get(pk=hand.pk))
        Offer.objects.filter(pk=own.offer_id).update(terms=rows["terms"])
        yield world
        transaction.set_rollback(True)


def test_every_act_has_such_a_page_or_says_why_not() -> None:
    known = [*PAGES, *OTHERS, *GIVING]
    assert set(ALL) - set(known) == set(), (
        "does it take something away? Give it a page by ask_first(); name it here"
    )
    assert set(known) - set(ALL) == set(), "acts that are gone"
    assert len(known) == len(set(known)), "each once"


@pytest.mark.parametrize(("page", "who"), sorted(PAGES.values()))
def test_the_page_says_whom_it_hits(page: str, who: str, hit: World) -> None:
    door = next(each for each in DOORS if (each.method, each.name) == ("get", page))
    client, url = browser(hit.people["olga" if page in OWNERS else "ada"]), door.url(hit)
    said = client.post(url, POSTED[page](hit)) if page in POSTED else client.get(url)
    assert said.status_code == 200
    found = re.search(
        r'(id="(hit|hits|whom|review)"|Whom it (may hit|hits)).*?(</section>|</form>)', said.text, re.DOTALL
    )
    assert found, said.text
    assert who in found.group()
