"""What runs by the clock: steps that nobody touched pass on; owners hear that access ends."""

from celery import shared_task

from foundry.lib import clock
from tenants.access import certify
from tenants.access.actions.due import pass_on
from tenants.access.idle import look
from tenants.access.models import Step
from tenants.access.reminders import remind_of_ends, remind_of_reviews, remind_of_steps, tell_of_ends


@shared_task(expires=240)
def pass_on_overdue() -> None:
    """Each overdue open step once; two workers at once meet at the request's lock, and the second finds it not due."""
    at = clock.now()
    overdue = Step.objects.next_up().filter(due_at__lte=at).order_by("due_at", "pk")
    for request_id in overdue.values_list("request_id", flat=True).iterator():
        pass_on(request_id, at=at)


@shared_task(expires=3000)
def remind_of_ending_grants() -> None:
    remind_of_ends(clock.now())
    tell_of_ends(clock.now())


@shared_task(expires=3000)
def remind_of_due_reviews() -> None:
    remind_of_reviews(clock.now())


@shared_task(expires=3000)
def remind_of_due_steps() -> None:
    remind_of_steps(clock.now())


@shared_task(expires=3000)
def look_for_idle_grants() -> None:
    look(clock.now())


@shared_task(expires=3000)
def look_for_reviews() -> None:
    certify.look(clock.now())
