"""Start-up of the console and of every command."""

from importlib import import_module

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "foundry.web"

    def ready(self) -> None:
        """Make our Celery app the current one, so that what a page sends goes to our broker."""
        import_module("foundry.celery")
