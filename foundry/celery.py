"""Workers and their schedule. Tasks are late-acknowledged and idempotent: a killed worker's task runs again."""

import os
from datetime import timedelta

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_ready
from django.conf import settings

from foundry.lib.redis import broker_url

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foundry.settings")

app = Celery("foundry")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=900,
    task_soft_time_limit=840,
    task_default_queue="foundry",
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 1800},
    timezone="UTC",
    beat_schedule={
        "heartbeat": {"task": "foundry.web.tasks.heartbeat", "schedule": timedelta(seconds=15)},
        "sync-due-hosts": {"task": "catalog.tasks.sync_due_hosts", "schedule": timedelta(minutes=1)},
        "close-dead-runs": {"task": "catalog.tasks.close_dead_runs", "schedule": timedelta(minutes=1)},
        "status-pages": {"task": "catalog.tasks.poll_status_pages", "schedule": timedelta(minutes=1)},
        "audit-when-due": {"task": "foundry.audit.tasks.when_due", "schedule": timedelta(minutes=1)},
        "remind-of-ends": {
            "task": "tenants.access.tasks.remind_of_ending_grants",
            "schedule": timedelta(hours=1),
        },
        "soft-limits": {"task": "tenants.levels.tasks.tell_soft_limits", "schedule": timedelta(minutes=1)},
        "unused-keys": {"task": "tenants.keys.tasks.tell_of_unused_keys", "schedule": timedelta(hours=6)},
        "remind-of-steps": {
            "task": "tenants.access.tasks.remind_of_due_steps",
            "schedule": timedelta(minutes=30),
        },
        "remind-of-reviews": {
            "task": "tenants.access.tasks.remind_of_due_reviews",
            "schedule": timedelta(hours=1),
        },
        "pass-on-overdue": {"task": "tenants.access.tasks.pass_on_overdue", "schedule": timedelta(minutes=5)},
        "reviews-of-teams": {"task": "tenants.access.tasks.look_for_reviews", "schedule": timedelta(hours=6)},
        "idle-grants": {"task": "tenants.access.tasks.look_for_idle_grants", "schedule": timedelta(hours=6)},
        "watch-owners": {"task": "tenants.teams.tasks.watch_owners", "schedule": timedelta(minutes=10)},
        "notices": {"task": "foundry.notify.tasks.deliver_due", "schedule": timedelta(minutes=1)},
        "tell-what-changed": {
            "task": "tenants.advice.tasks.tell_what_changed",
            "schedule": timedelta(minutes=2),
        },
        "follow-retirements": {
            "task": "tenants.advice.tasks.follow_retirements",
            "schedule": timedelta(minutes=10),
        },
        "forget-answers": {
            "task": "foundry.api.tasks.forget_answers",
            "schedule": crontab(hour=2, minute=11),
        },
        "usage-partitions": {
            "task": "tenants.usage.tasks.make_partitions",
            "schedule": crontab(hour=1, minute=3),
        },
    },
)
app.autodiscover_tasks()
app.set_default()


@worker_ready.connect
def say_so(sender: object, **kwargs: object) -> None:
    """A worker that just started beats at once, so that a fresh start does not look stale for a minute."""
    app.send_task("foundry.web.tasks.heartbeat")
    app.send_task("foundry.audit.tasks.when_due")
