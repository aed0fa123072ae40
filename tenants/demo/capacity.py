"""What the demo's admins said of capacity: a larger quota than told, a pool that no host tells, over-commit."""

from datetime import timedelta
from decimal import Decimal

from catalog import actions
from catalog.actions.capacity import Size
from catalog.models import Host
from tenants.demo.story import Story
from tenants.demo.supply import DIRECT


def add(story: Story) -> None:
    ada, lee = story.people["ada"], story.people["lee"]
    large = story.offers["gpt-4.1"].pool
    assert large is not None, "the demo's region tells its quotas"
    actions.set_overcommit(large.pk, 140, actor=ada, at=story.when(40, "10:12"))
    mini = story.offers["gpt-4.1-mini"].pool
    assert mini is not None, "the demo's region tells its quotas"
    raised = Size(Decimal(6_000), mini.tpm_per_unit)
    actions.set_pool(
        mini.pk, raised, source="quota increase, ticket 2217", actor=lee, at=story.when(18, "13:37")
    )
    direct, at = Host.objects.get(slug=DIRECT), story.when(29, "09:05")
    pool = actions.make_pool(
        direct, "prepaid", Size(Decimal(40), 10_000, 1_200), unit="units", label="Prepaid throughput",
        source="order form of the maker", actor=ada, at=at,
    )  # fmt: skip
    drawing = list(direct.offers.listed().values_list("pk", flat=True))
    at += timedelta(minutes=4)
    actions.assign_offers(pool.pk, drawing, source="order form of the maker", actor=ada, at=at)
