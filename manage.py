#!/usr/bin/env python
"""Django's command line for Foundry: `python manage.py help` lists the commands."""

import os
import sys

from foundry.local import environment

OWNER_COMMANDS = {"migrate"}  # these run as foundry_owner; everything else as foundry_app


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foundry.settings")
    if sys.argv[1:2] == ["up"]:
        from foundry.local.up import main as up  # starts the servers that the settings name

        sys.exit(up())
    environment.load(environment.var_dir())
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("FOUNDRY_DATABASE_ROLE", "owner")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
