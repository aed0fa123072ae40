"""What an Azure account has deployed: the names that calls use, and how much each may take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from catalog.connectors import names
from catalog.connectors.base import Listing, OfferRow, Page, PoolRow
from catalog.connectors.reading import count_of, leniently, parse_json, prose, rows_of, text_of, whole

PART = "deployments"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment. `key` is that of the offer it deploys; `capacity` is in the SKU's own unit."""

    name: str
    key: str
    state: str
    capacity: int | None
    tpm: int | None
    rpm: int | None

    @property
    def pool(self) -> str:
        return f"deployment {self.name}"


def read(page: Page, region: str) -> Listing:
    """The capacity of every deployment that says its tokens a minute."""
    found, problems = leniently(rows_of(parse_json(page), page, "value"), deployment, "deployment")
    pools = tuple(
        PoolRow(
            each.pool,
            f"Deployment {each.name}",
            "tokens per minute",
            Decimal(each.tpm),
            Decimal(0),
            region,
            1,
            each.rpm,
        )
        for each in found
        if each.tpm is not None
    )
    return Listing(pools=pools, problems=problems, rejected=len(problems))


def by_offer(pages: Iterable[Page]) -> dict[str, list[Deployment]]:
    """The readable deployments of each offer, those that serve first."""
    found: dict[str, list[Deployment]] = {}
    for page in pages:
        for each in leniently(rows_of(parse_json(page), page, "value"), deployment)[0]:
            found.setdefault(each.key, []).append(each)
    return {
        key: sorted(rows, key=lambda row: (row.state != "Succeeded", row.name)) for key, rows in found.items()
    }


def deployment(row: dict[str, Any]) -> Deployment:
    """One row. Raises ValueError in words."""
    properties = row["properties"] if isinstance(row.get("properties"), dict) else {}
    model, sku = properties.get("model"), row.get("sku")
    if not isinstance(model, dict) or not isinstance(sku, dict):
        raise ValueError("the deployment has no model or no SKU")
    maker, _ = names.publisher(text_of(model, "format", 60))
    version, sku_name = text_of(model, "version", 60), text_of(sku, "name", 60)
    limits = properties.get("rateLimits")
    return Deployment(
        name=text_of(row, "name", 120),
        key=f"{maker}/{text_of(model, 'name', 120)}/{version}/{sku_name}",
        state=prose(properties.get("provisioningState"), 60) or "Succeeded",
        capacity=whole(sku, "capacity"),
        tpm=per_minute(limits, "token"),
        rpm=per_minute(limits, "request"),
    )


def per_minute(limits: Any, key: str) -> int | None:
    """A limit's count for a minute, whatever its period of seconds; None where it is not told."""
    for row in limits if isinstance(limits, list) else []:
        if isinstance(row, dict) and row.get("key") == key:
            count, period_s = count_of(row.get("count")), count_of(row.get("renewalPeriod"))
            return count * 60 // period_s if count and period_s else None
    return None


def carried(row: OfferRow, found: Mapping[str, list[Deployment]]) -> OfferRow:
    """The row under the name that calls use, with its deployments; as it is where nothing is deployed."""
    rows = found.get(row.key, [])
    if not rows:
        return row
    first = rows[0]
    told = ", ".join(
        f"{each.name} ({each.state})" if each.state != "Succeeded" else each.name for each in rows
    )
    capacity = {} if first.capacity is None else {"deployment_capacity": str(first.capacity)}
    return replace(
        row,
        host_model_id=first.name if first.state == "Succeeded" else row.host_model_id,
        pool=first.pool if first.tpm is not None else row.pool,
        capabilities={**row.capabilities, "deployments": told, **capacity},
    )
