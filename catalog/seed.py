"""What every Foundry starts with: the reference list, the sandbox, a place for what is announced, and terms to choose from."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings

from catalog import sync
from catalog.actions import ask_sync, save_host, set_price
from catalog.hosts import HostFacts
from catalog.models import Host, Model, Offer, Publisher, Terms

ACTOR = "foundry setup"
ANNOUNCED = "announced"
TERMS: list[tuple[str, str, dict[str, str]]] = [
    (
        "hosting-only",
        "Hosting only, no training",
        {
            "hosted_by": "Microsoft",
            "training": "none",
            "retention": "up to 30 days, for abuse monitoring only",
            "regions": "the region of the deployment; global SKUs may process anywhere",
            "sub_processors": "none; the model's maker receives nothing",
        },
    ),
    (
        "sandbox",
        "Sandbox: nothing leaves Foundry",
        {
            "hosted_by": "Foundry, on this machine",
            "training": "none",
            "retention": "none",
            "regions": "this machine",
            "sub_processors": "none",
        },
    ),
]


def seed(at: datetime, *, reference_at: datetime | None = None) -> None:
    """Make what is missing; a second run changes nothing. The reference list may be read at another moment."""
    for slug, title, facts in TERMS:
        Terms.objects.get_or_create(
            slug=slug, version=1, defaults={"title": title, "facts": facts, "created_at": at}
        )
    seed_sandbox(at)
    seed_announced(at)
    seed_reference(reference_at or at)


def terms(slug: str) -> Terms:
    """The newest version of these terms."""
    return Terms.objects.filter(slug=slug).order_by("-version")[0]


def seed_sandbox(at: datetime) -> None:
    """Host `sandbox` with the one offer `sandbox/echo`, priced, so that the first call needs no credential."""
    if Host.objects.filter(slug="sandbox").exists():
        return
    host = save_host(
        HostFacts(
            slug="sandbox",
            name="Sandbox",
            connector="openai_compatible",
            listing_base_url=settings.SANDBOX_URL + "/v1",
            calling_base_url=settings.SANDBOX_URL + "/v1",
            trusted_networks=("127.0.0.1/32", "::1/128"),
            default_terms=terms("sandbox"),
            sync_every_s=None,
            is_sandbox=True,
            publishes_new=True,
        ),
        actor=ACTOR,
        at=at,
    )
    maker, _ = Publisher.objects.get_or_create(slug="sandbox", defaults={"name": "Foundry sandbox"})
    model, _ = Model.objects.get_or_create(
        publisher=maker,
        slug="echo",
        defaults={"name": "Echo", "description": "Answers with what it was asked, and counts exactly."},
    )
    offer = Offer.objects.create(
        host=host,
        model=model,
        key="echo",
        host_model_id="echo",
        lifecycle="generally_available",
        context_tokens=128_000,
        max_output_tokens=16_384,
        terms=terms("sandbox"),
        description="The built-in sandbox: try keys, limits and metering without any provider.",
        source="built in",
        told_at=at,
        first_seen_at=at,
    )
    set_price(
        offer,
        input_per_million=Decimal("1"),
        output_per_million=Decimal("4"),
        cached_input_per_million=Decimal("0.25"),
        starts_at=at,
        source="built in, so that budgets can be tried",
        actor=ACTOR,
        at=at,
    )


def seed_announced(at: datetime) -> None:
    """Host `announced`: for offers that no host serves yet, made by hand."""
    if not Host.objects.filter(slug=ANNOUNCED).exists():
        facts = HostFacts(
            slug=ANNOUNCED, name="Announced", connector="manual", sync_every_s=None, publishes_new=True
        )
        save_host(facts, actor=ACTOR, at=at)


def seed_reference(at: datetime) -> None:
    """Host `reference`: every model and price of the bundled list, read at once."""
    if Host.objects.filter(slug="reference").exists():
        return
    host = save_host(
        HostFacts(
            slug="reference",
            name="Reference list",
            connector="reference",
            sync_every_s=86_400,
            publishes_new=True,
        ),
        actor=ACTOR,
        at=at,
    )
    run = ask_sync(host, actor=ACTOR, at=at)
    sync.run(run.pk, now=lambda: at)
