"""What the sandbox's make-believe hosts list, in the shapes that real hosts use.

The demo's hosts sync from here, so that "Sync now" and everything after it works with no credential. The
address carries the day the demo was loaded (`/azure/2026-11-25/…`), because dates in the listing are
relative to it and must not move from one sync to the next.
"""

from datetime import date, timedelta
from typing import Any, NamedTuple

PAGE_ROWS = 8
NO_DATE = "2099-12-31T00:00:00Z"
POOLED = "AIServices.GlobalStandard.MaaS"


class Row(NamedTuple):
    """:param retires_days: days after the demo's first day, None for no date."""

    publisher: str
    name: str
    version: str
    lifecycle: str
    kinds: tuple[str, ...] = ("AIServices",)
    skus: tuple[tuple[str, str], ...] = (("GlobalStandard", POOLED),)
    retires_days: int | None = None


def openai_skus(name: str) -> tuple[tuple[str, str], ...]:
    return (
        ("GlobalStandard", f"OpenAI.GlobalStandard.{name}"),
        ("DataZoneStandard", f"OpenAI.DataZoneStandard.{name}"),
    )


BOTH = ("AIServices", "OpenAI")
ROWS = [
    Row("OpenAI", "gpt-4.1", "2025-04-14", "GenerallyAvailable", BOTH, openai_skus("gpt4.1")),
    Row("OpenAI", "gpt-4.1-mini", "2025-04-14", "GenerallyAvailable", BOTH, openai_skus("gpt4.1-mini")),
    Row("OpenAI", "gpt-4o", "2024-08-06", "GenerallyAvailable", BOTH, openai_skus("gpt-4o"), retires_days=37),
    Row("OpenAI", "o4-mini", "2025-04-16", "GenerallyAvailable", BOTH, openai_skus("o4-mini")),
    Row("xAI", "grok-3", "1", "Preview", ("AIServices", "MaaS")),
    Row("xAI", "grok-3-mini", "1", "Preview", ("AIServices", "MaaS")),
    Row("DeepSeek", "DeepSeek-V3", "1", "GenerallyAvailable"),
    Row("DeepSeek", "DeepSeek-R1", "1", "GenerallyAvailable"),
    Row("Meta", "Llama-3.3-70B-Instruct", "5", "GenerallyAvailable"),
    Row("Mistral AI", "Mistral-Large-2411", "2", "GenerallyAvailable"),
    Row("Microsoft", "Phi-4", "7", "GenerallyAvailable"),
    Row("Microsoft", "MAI-DS-R1", "1", "GenerallyAvailable"),
]
# value, what the host calls it, limit in the host's own unit
QUOTAS = [
    (POOLED, "Default Quota for Model-as-a-Service Models", 600.0),
    ("OpenAI.GlobalStandard.gpt4.1", "Tokens Per Minute (thousands) - gpt-4.1 - GlobalStandard", 1000.0),
    ("OpenAI.DataZoneStandard.gpt4.1", "Tokens Per Minute (thousands) - gpt-4.1 - DataZoneStandard", 300.0),
    (
        "OpenAI.GlobalStandard.gpt4.1-mini",
        "Tokens Per Minute (thousands) - gpt-4.1-mini - GlobalStandard",
        5000.0,
    ),
    (
        "OpenAI.DataZoneStandard.gpt4.1-mini",
        "Tokens Per Minute (thousands) - gpt-4.1-mini - DataZoneStandard",
        2000.0,
    ),
    ("OpenAI.GlobalStandard.gpt-4o", "Tokens Per Minute (thousands) - gpt-4o - GlobalStandard", 450.0),
    ("OpenAI.DataZoneStandard.gpt-4o", "Tokens Per Minute (thousands) - gpt-4o - DataZoneStandard", 300.0),
    ("OpenAI.GlobalStandard.o4-mini", "Tokens Per Minute (thousands) - o4-mini - GlobalStandard", 1000.0),
    ("OpenAI.DataZoneStandard.o4-mini", "Tokens Per Minute (thousands) - o4-mini - DataZoneStandard", 300.0),
]
DIRECT = ["grok-4-0709", "grok-3", "grok-3-mini", "grok-code-fast-1"]


def azure_rows(loaded: date) -> list[dict[str, Any]]:
    """One row per model and account kind, as the region's listing has them."""
    return [azure_row(row, kind, loaded) for row in ROWS for kind in row.kinds]


def azure_row(row: Row, kind: str, loaded: date) -> dict[str, Any]:
    days = row.retires_days
    ends = NO_DATE if days is None else f"{loaded + timedelta(days=days)}T00:00:00Z"
    return {
        "kind": kind,
        "skuName": "S0",
        "model": {
            "format": row.publisher,
            "name": row.name,
            "version": row.version,
            "isDefaultVersion": True,
            "lifecycleStatus": row.lifecycle,
            "maxCapacity": 3,
            "capabilities": {"chatCompletion": "true", "maxOutputToken": "16384"},
            "deprecation": {"fineTune": None, "inference": ends},
            "skus": [
                {
                    "name": sku,
                    "usageName": usage,
                    "deprecationDate": None,
                    "capacity": {"default": 1, "minimum": None, "maximum": 1000, "step": None},
                    "rateLimits": None,
                }
                for sku, usage in row.skus
            ],
        },
    }


def azure_models(loaded: date, url: str, skip: int) -> dict[str, Any]:
    """One page of the region's models, with the address of the next one."""
    rows = azure_rows(loaded)
    page: dict[str, Any] = {"value": rows[skip : skip + PAGE_ROWS]}
    if skip + PAGE_ROWS < len(rows):
        page["nextLink"] = f"{url}?api-version=2024-10-01&skip={skip + PAGE_ROWS}"
    return page


def azure_usages() -> dict[str, Any]:
    """The region's quotas."""
    return {
        "value": [
            {
                "name": {"value": value, "localizedValue": label},
                "currentValue": 0.0,
                "limit": limit,
                "unit": "Count",
            }
            for value, label, limit in QUOTAS
        ]
    }


def openai_models() -> dict[str, Any]:
    """The listing of an OpenAI-compatible host."""
    return {
        "object": "list",
        "data": [
            {"id": name, "object": "model", "created": 1752019200, "owned_by": "xai"} for name in DIRECT
        ],
    }


def status_page() -> dict[str, Any]:
    """The status page of the make-believe hosts: all is well while this process answers."""
    part = {"id": "chat", "name": "Chat completions", "status": "operational", "group": False}
    return {
        "page": {"id": "sandbox", "name": "Sandbox"},
        "components": [part],
        "incidents": [],
        "scheduled_maintenances": [],
        "status": {"indicator": "none", "description": "All systems operational"},
    }
