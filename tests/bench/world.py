"""A key with limits for the bench, in a database of its own."""

import os
from dataclasses import dataclass

from tests import make, servers


@dataclass(frozen=True, slots=True)
class World:
    gateway_url: str
    secret: str


def open_world(calling_base_url: str) -> World:
    """Every kind of limit, each far away, so that all of them are taken and none refuses."""
    host = make.host("sandbox", calling_base_url=calling_base_url, is_sandbox=True)
    offer = make.offer("echo", at=host, of=make.model("echo", by=make.publisher("sandbox")))
    most = 10**9
    limits = {
        "rpm": most, "tpm": 10**12, "concurrency": most, "tokens_per_day": 10**12, "tokens_per_month": 10**12,
        "usd_per_month": 10**15,
    }  # fmt: skip
    _, secret = make.key(make.grant(offer=offer, limits=limits))
    name = os.environ["DATABASE_URL"].rpartition("@/")[2].partition("?")[0]
    return World(servers.urls(name).gateway_url, secret)
