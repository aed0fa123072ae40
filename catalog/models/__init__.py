"""Supply: who makes models, who serves them, at what price, under which terms, and how that changed."""

from catalog.models.health import StatusReading
from catalog.models.past import PastTerms, PastTermsQuerySet
from catalog.models.pauses import Pause, PauseQuerySet
from catalog.models.prices import Price, PriceQuerySet
from catalog.models.runs import Change, ChangeQuerySet, RunQuerySet, SyncRun
from catalog.models.supply import (
    SUPPLY_READERS,
    CapacityPool,
    CapacityReading,
    Host,
    Model,
    Offer,
    OfferQuerySet,
    PoolQuerySet,
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
]
