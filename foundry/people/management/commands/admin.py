"""`admin <email>`: print a one-time link that makes the first admin."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from foundry.lib import clock
from foundry.people.actions import add_person, make_sign_in_link
from foundry.people.models import Role, User


class Command(BaseCommand):
    help = "Print a one-time link that signs an admin in; the first admin is made by it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        at = clock.now()
        person = User.objects.filter(email=email.lower()).first()
        if person is None:
            if User.objects.filter(site_roles__role=Role.ADMIN).exists():
                raise CommandError("An admin exists already; only that person can add others.")
            person = add_person(email, email.split("@")[0], roles=(Role.ADMIN,), actor="command line", at=at)
        if not person.is_any(Role.ADMIN):
            raise CommandError(f"{email} is no admin; an admin can give that role.")
        secret = make_sign_in_link(person, actor="command line", at=at)
        self.stdout.write(f"{settings.CONSOLE_URL}/welcome/{secret}/")
