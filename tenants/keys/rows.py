"""Rows of the views of `gateway.sql`, as the driver gives them, made into what a passport holds. Pure, no Django."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from foundry.lib.units import price_units
from tenants.keys.passport import (
    BlockRow,
    Carried,
    KeyRow,
    LevelLimitRow,
    LevelRow,
    LimitRow,
    PauseRow,
    PriceRow,
    RouteRow,
    TierRow,
)
from tenants.quotas.periods import Period, Periods


def periods_of(rows: Iterable[Mapping[str, Any]]) -> Periods:
    """Rows of `gateway.periods`."""
    return Periods(Period(**row) for row in rows)


def moment(value: Any) -> datetime | None:
    """A timestamp as the driver or as JSON gives it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def key_row(row: Mapping[str, Any]) -> KeyRow:
    carried = (
        Carried(each["grant_id"], moment(each["starts_at"]), moment(each["ends_at"]))
        for each in row["grants"]
    )
    pauses = map(_pause, row["pauses"])
    return KeyRow(
        **{
            **row,
            "digest": bytes(row["digest"]),
            "grants": tuple(carried),
            "pauses": tuple(pauses),
            "networks": tuple(row["networks"]),
            "levels": tuple(map(_level, row["levels"])),
        }
    )


def route_row(row: Mapping[str, Any]) -> RouteRow:
    return RouteRow(
        **{
            **row,
            "calling_credential": None
            if row["calling_credential"] is None
            else bytes(row["calling_credential"]),
            "trusted_networks": tuple(row["trusted_networks"]),
            "blocks": tuple(BlockRow(**{**each, **_dates(each)}) for each in row["blocks"]),
            "limits": tuple(map(_limit, row["limits"])),
            "prices": tuple(map(_price, row["prices"])),
            "pauses": tuple(map(_pause, row["pauses"])),
        }
    )


def _pause(row: Mapping[str, Any]) -> PauseRow:
    return PauseRow(**{**row, **_dates(row)})


def _limit(row: Mapping[str, Any]) -> LimitRow:
    return LimitRow(**{**row, **_dates(row)})


def _level(row: Mapping[str, Any]) -> LevelRow:
    limits = (
        LevelLimitRow(**{**each, **_dates(each), "set_at": moment(each["set_at"])}) for each in row["limits"]
    )
    return LevelRow(**{**row, "limits": tuple(limits)})


def _price(row: Mapping[str, Any]) -> PriceRow:
    numbers = {name: None if row[name] is None else int(row[name]) for name in ("input", "output", "cached")}
    tiers = tuple(tier_row(each) for each in row["tiers"])
    return PriceRow(**{**row, **_dates(row), **numbers, "parts": amounts(row["parts"]), "tiers": tiers})


def tier_row(told: Mapping[str, Any]) -> TierRow:
    """A tier as the catalog keeps it."""
    begins, ends = told.get("utc_from") or "", told.get("utc_to") or ""
    return TierRow(amounts(told["prices"]), told.get("over_input_tokens"), begins, ends)


def amounts(told: Mapping[str, Any]) -> dict[str, int]:
    """USD by part as integers of 1e-12 USD per million; what is not told is left out."""
    return {part: price_units(Decimal(usd)) for part, usd in told.items() if usd is not None}


def _dates(row: Mapping[str, Any]) -> dict[str, datetime | None]:
    return {name: moment(row[name]) for name in ("starts_at", "ends_at")}
