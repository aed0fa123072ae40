"""Partitions for the months to come."""

from celery import shared_task
from django.db import connection

MONTHS_AHEAD = 2


@shared_task
def make_partitions() -> None:
    """This month's partition and the next two; those that are there stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT usage_make_partition((date_trunc('month', now()) + make_interval(months => n))::date)"
            " FROM generate_series(0, %s) AS n",
            [MONTHS_AHEAD],
        )
