"""Fill an empty database with the demo company: all or nothing, through the real actions and the real ledger."""

import json
import os
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from foundry.lib.errors import Conflict
from foundry.people.actions import add_person
from foundry.people.demo import DOMAIN, PASSWORD, PEOPLE
from foundry.people.models import User
from tenants.demo import books, capacity, coming, going, health, limits, supply
from tenants.demo.company import COLLEAGUES, COST_CENTRES, TEAMS, Crew
from tenants.demo.keys import Keys
from tenants.demo.story import Story, script
from tenants.demo.traffic import DAYS
from tenants.teams import actions as teams
from tenants.teams.models import Application, CostCentre, Membership, Team


def load(at: datetime) -> str:
    """Load everything; what came, in words. Conflict when somebody is here already."""
    if User.objects.exists():
        raise Conflict(
            "demo.not_empty",
            "Somebody is here already, so the demo was not loaded.",
            remedy="Empty it with `manage.py demo --clear`, if it holds nothing but the demo.",
        )
    with transaction.atomic():
        people = add_people(at - timedelta(days=DAYS + 2))
        story = Story(
            at, people, *add_teams(people, at - timedelta(days=DAYS + 1)), supply.add(people["ada"], at)
        )
        coming.script(story)
        script(story, books.nearly_used("search-answers", story.offers, at))
        keys = Keys(story)
        keys.script()
        story.play()
        health.add(story, people["ops"])
        capacity.add(story)
        booked = books.write(keys, at)
        going.script(story, at)
        limits.add(story)
    write_hints(keys, at)
    return f"{len(people)} people, {len(story.teams)} teams, {len(story.requests)} requests, {booked:,} calls"


def add_people(at: datetime) -> dict[str, User]:
    """Everybody by short name. One hash serves all: the password is public anyway."""
    people = {
        row.email.split("@")[0]: add_person(row.email, row.name, roles=row.roles, actor="demo", at=at)
        for row in PEOPLE
    }
    User.objects.update(password=make_password(PASSWORD))
    for short, name in COLLEAGUES.items():
        people[short] = add_person(f"{short}@{DOMAIN}", name, actor="demo", at=at)
    return people


def add_teams(people: dict[str, User], at: datetime) -> tuple[dict[str, Team], dict[str, Application]]:
    CostCentre.objects.bulk_create(CostCentre(code=code, name=name) for code, name in COST_CENTRES.items())
    made, applications = {}, {}
    for minutes, crew in enumerate(TEAMS):
        when = at + timedelta(minutes=7 * minutes + 3)
        made[crew.slug] = team = add_team(crew, people, when)
        for slug, name, environment in crew.applications:
            applications[f"{crew.slug}/{slug}"] = teams.add_application(
                team, slug=slug, name=name, environment=environment, actor=people[crew.people[0]], at=when
            )
    return made, applications


def add_team(crew: Crew, people: dict[str, User], at: datetime) -> Team:
    owner, *others = (people[short] for short in crew.people)
    team = teams.create_team(
        slug=crew.slug, name=crew.name, cost_centre=crew.cost_centre, owner=owner, actor=people["ada"], at=at
    )
    for person in others:
        teams.add_member(team, person, Membership.MEMBER, actor=owner, at=at)
    return team


def write_hints(keys: Keys, at: datetime) -> None:
    """What `make run` prints: one key of the sandbox. It opens nothing but the built-in echo."""
    path = settings.VAR_DIR / "demo.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"curl_key": keys.secrets["copilot/lab"], "loaded_at": at.isoformat()}))
    os.chmod(path, 0o600)
