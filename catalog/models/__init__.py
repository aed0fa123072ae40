"""Supply: who makes models, who serves them, at what price, under which terms, and how that changed."""

from catalog.models.capacity import CapacityPool, CapacityReading, PoolQuerySet, unit_words
from catalog.models.health import StatusReading
from catalog.models.past import PastTerms, PastTermsQuerySet
from catalog.models.pauses import Pause, PauseQuerySet
from catalog.models.prices import Price, PriceQuerySet
from catalog.models.runs import Change, ChangeQuerySet, RunQuerySet, SyncRun
from catalog.models.supply import (
    SUPPLY_READERS,
    Host,
    Model,
    Offer,
    OfferQuerySet,
    Publisher,
    Reach,
    Terms,
    TermsQuerySet,
)

__all__ = [
    "SUPPLY_READERS",
    "CapacityPool",
    "CapacityReading",
    "Change",
    "ChangeQuerySet",
    "Host",
    "Model",
    "Offer",
    "OfferQuerySet",
    "PastTerms",
    "PastTermsQuerySet",
    "Pause",
    "PauseQuerySet",
    "PoolQuerySet",
    "Price",
    "PriceQuerySet",
    "Publisher",
    "Reach",
    "RunQuerySet",
    "StatusReading",
    "SyncRun",
    "Terms",
    "TermsQuerySet",
    "unit_words",
]
