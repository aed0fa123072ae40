"""The demo's hosts: marked as demo, synced by the real sync from the sandbox upstream, called there too."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from catalog import actions, seed, sync
from catalog.hosts import HostFacts, facts_of
from catalog.models import Host, Offer, Price, SyncRun, Terms
from catalog.states import RunState
from foundry.lib.errors import Conflict
from foundry.people.models import User
from tenants.demo.traffic import DAYS

AZURE, DIRECT = "azure-demo", "xai-demo"
LOOPBACK = ("127.0.0.0/8", "::1/128")
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"

# The name in the story: host, model, SKU
OFFERS = {
    "gpt-4.1": (AZURE, "openai/gpt-4.1", "GlobalStandard"),
    "gpt-4.1-mini": (AZURE, "openai/gpt-4.1-mini", "GlobalStandard"),
    "gpt-4o": (AZURE, "openai/gpt-4o", "GlobalStandard"),
    "o4-mini": (AZURE, "openai/o4-mini", "GlobalStandard"),
    "grok-3": (AZURE, "xai/grok-3", "GlobalStandard"),
    "grok-3-direct": (DIRECT, "xai/grok-3", ""),
    "grok-3-mini": (AZURE, "xai/grok-3-mini", "GlobalStandard"),
    "deepseek-v3": (AZURE, "deepseek/deepseek-v3", "GlobalStandard"),
    "deepseek-r1": (AZURE, "deepseek/deepseek-r1", "GlobalStandard"),
    "llama-3.3": (AZURE, "meta/llama-3.3-70b-instruct", "GlobalStandard"),
    "mistral-large": (AZURE, "mistral/mistral-large-2411", "GlobalStandard"),
    "phi-4": (AZURE, "microsoft/phi-4", "GlobalStandard"),
    "echo": ("sandbox", "sandbox/echo", ""),
}
# What the demo company negotiated, USD per million tokens: input, output, cached input
NEGOTIATED = {
    "deepseek-v3": ("1.14", "4.56", None),
    "deepseek-r1": ("1.35", "5.40", None),
    "llama-3.3": ("0.71", "0.71", None),
    "mistral-large": ("2.00", "6.00", None),
    "phi-4": ("0.125", "0.50", None),
    "grok-3-direct": ("3.00", "15.00", None),
}
PRICE_CUT = ("gpt-4.1-mini", ("0.40", "1.60", "0.10"), ("0.36", "1.44", "0.09"))


def add(admin: User, loaded_at: datetime) -> dict[str, Offer]:
    """Hosts, offers and prices as they came over sixty days; the offers by their name in the story."""
    first = loaded_at - timedelta(days=DAYS + 1)
    seed.seed(first, reference_at=loaded_at - timedelta(hours=19))
    azure, direct = add_azure(admin, loaded_at, first), add_direct(admin, first)
    for at in (first, loaded_at - timedelta(days=9)):
        sync_at(azure.slug, at)
        sync_at(direct.slug, at)
    move_dates_closer(azure, admin, loaded_at)
    for at in (loaded_at - timedelta(days=1), loaded_at - timedelta(hours=5)):
        sync_at(azure.slug, at)
        sync_at(direct.slug, at)
    offers = {name: find(*where) for name, where in OFFERS.items()}
    for name, price in NEGOTIATED.items():
        set_price(offers[name], price, admin, first)
    name, before, after = PRICE_CUT
    set_price(offers[name], before, admin, first)
    set_price(offers[name], after, admin, loaded_at - timedelta(days=30))
    return offers


def add_azure(admin: User, loaded_at: datetime, at: datetime) -> Host:
    facts = HostFacts(
        slug=AZURE,
        name="Azure AI Foundry (demo)",
        connector="azure",
        region="eastus2",
        listing_base_url=listing_url(loaded_at + timedelta(days=25)),
        listing_settings={"subscription": SUBSCRIPTION, "location": "eastus2"},
        calling_base_url=f"{settings.SANDBOX_URL}/v1",
        status_url=f"{settings.SANDBOX_URL}/status",
        trusted_networks=LOOPBACK,
        default_terms=seed.terms("hosting-only"),
        is_demo=True,
        publishes_new=True,
    )
    return save(facts, admin, at)


def add_direct(admin: User, at: datetime) -> Host:
    facts = HostFacts(
        slug=DIRECT,
        name="xAI direct (demo)",
        connector="openai_compatible",
        listing_base_url=f"{settings.SANDBOX_URL}/xai/v1",
        calling_base_url=f"{settings.SANDBOX_URL}/v1",
        status_url=f"{settings.SANDBOX_URL}/status",
        trusted_networks=LOOPBACK,
        default_terms=direct_terms(at),
        is_demo=True,
        publishes_new=True,
    )
    return save(facts, admin, at)


def save(facts: HostFacts, admin: User, at: datetime) -> Host:
    return actions.save_host(facts, listing_credential="demo", calling_credential="demo", actor=admin, at=at)


def move_dates_closer(azure: Host, admin: User, loaded_at: datetime) -> None:
    """The region's listing moves to an address that tells an earlier retirement; that change waits for an admin."""
    facts = replace(facts_of(azure), listing_base_url=listing_url(loaded_at))
    actions.update_host(azure.pk, facts, actor=admin, at=loaded_at - timedelta(days=2))


def listing_url(day: datetime) -> str:
    return f"{settings.SANDBOX_URL}/azure/{day.date()}"


def direct_terms(at: datetime) -> Terms:
    """The maker's own offer differs in what it keeps, so that comparing means something."""
    return Terms.objects.create(
        slug="xai-direct",
        version=1,
        title="Direct from the maker (demo)",
        facts={
            "hosted_by": "xAI",
            "training": "none on business traffic",
            "retention": "30 days, for every call",
            "regions": "United States",
            "sub_processors": "the maker's cloud providers",
        },
        created_at=at,
    )


def sync_at(slug: str, at: datetime) -> None:
    """A real run, as if it had happened at `at`. Conflict, and so no demo at all, when it does not succeed."""
    run = SyncRun.objects.create(host=Host.objects.get(slug=slug), asked_by="schedule", asked_at=at)
    done = sync.run(run.pk, now=lambda: at)
    if done is None or done.state != RunState.SUCCEEDED:
        why = done.problems if done else "another run is open"
        raise Conflict(
            "demo.sync",
            f"The demo host {slug} could not be synced: {why}.",
            remedy="Is the sandbox upstream running?",
        )


def find(host: str, model: str, sku: str) -> Offer:
    publisher, slug = model.split("/")
    return Offer.objects.with_names().get(
        host__slug=host, model__publisher__slug=publisher, model__slug=slug, sku=sku
    )


def set_price(offer: Offer, price: tuple[str, str, str | None], admin: User, at: datetime) -> None:
    read, written, cached = price
    actions.set_price(
        offer,
        input_per_million=Decimal(read),
        output_per_million=Decimal(written),
        cached_input_per_million=None if cached is None else Decimal(cached),
        basis=Price.Basis.NEGOTIATED,
        starts_at=at,
        source="framework contract",
        actor=admin,
        at=at,
    )
