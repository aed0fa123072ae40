"""`token <email>`: print a new personal API token, once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from foundry.lib import clock
from foundry.lib.errors import Refused
from foundry.people.actions import issue_token
from foundry.people.models import User


class Command(BaseCommand):
    help = "Print a new personal API token, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="from the command line")
        parser.add_argument("--scopes", default="read,write", help="some of read,write,decide,admin")
        parser.add_argument("--days", type=int, default=30)

    def handle(self, *args: Any, email: str, name: str, scopes: str, days: int, **options: Any) -> None:
        person = User.objects.filter(email=email.lower(), is_active=True).first()
        if person is None:
            raise CommandError(
                f"Nobody signs in as {email}. `python manage.py admin {email}` makes the first admin."
            )
        try:
            wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
            _, secret = issue_token(person, name, wanted, days, actor="command line", at=clock.now())
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(secret)
