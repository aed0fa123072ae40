"""What beat sends, a worker knows."""

from foundry.celery import app


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    names = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert len(names) >= 5
    assert names - set(app.tasks) == set()
