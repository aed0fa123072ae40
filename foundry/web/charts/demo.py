"""One of every chart, with made-up numbers, for the style guide."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from foundry.web.charts import Bar, Lane, Span, Svg, bars, lanes, line, spark, stacked, steps, strip
from foundry.web.charts.steps import Series

START = datetime(2026, 3, 1, tzinfo=UTC)
MODELS = [("xai/grok-3", 9.0), ("openai/gpt-4.1", 7.1), ("meta/llama-4", 4.2), ("others", 1.4)]


def wave(hour: int, size: float) -> int:
    """Tokens of one hour: a working day, a quiet night, a fifth at weekends."""
    moment = START + timedelta(hours=hour)
    day = max(0.06, math.sin((moment.hour - 6) / 13 * math.pi)) if 6 <= moment.hour <= 19 else 0.06
    return round(size * 1e5 * day * (0.2 if moment.weekday() >= 5 else 1) * (1 + 0.13 * math.sin(hour * 1.7)))


def charts() -> dict[str, Svg]:
    """Every chart, by name."""
    hours = [START + timedelta(hours=hour) for hour in range(24 * 14)]
    days = [START + timedelta(days=day) for day in range(30)]
    hourly = [(name, [wave(hour, size) for hour in range(len(hours))]) for name, size in MODELS]
    daily = [(name, [wave(24 * day + 12, size * 4) * 240 for day in range(30)]) for name, size in MODELS]
    growth = [(START + timedelta(days=day), day * 31_000_000 + 9_000_000 * (day % 3)) for day in range(21)]
    return {
        "areas": stacked(hourly, hours, unit="tokens", label="Tokens by model"),
        "columns": stacked(daily, days, unit="usd_nanos", label="Cost by model", width=560, height=200),
        "empty": stacked([], [], unit="tokens", label="Tokens by model", height=120),
        "bars": bars(
            [
                Bar("search", 812_000_000, 900_000_000),
                Bar("copilot", 655_000_000, 1_000_000_000),
                Bar("support", 419_000_000, 419_000_000, note="1,204 refused"),
                Bar("docs & <learning>", 215_000_000, 300_000_000),
                Bar("gaming", 62_000_000),
            ],
            label="Tokens by team, against quota",
        ),
        "line": line(growth, limit=800_000_000, ends_at=START + timedelta(days=30), label="search in March"),
        "steps": steps(PRICES, until=START + timedelta(days=90), label="Input price"),
        "lanes": lanes(LIVES, now=START + timedelta(days=90), label="Lifecycle"),
        "spark": spark([wave(hour, 9) for hour in range(24, 72, 2)], label="Tokens"),
        "strip": strip(
            [
                (f"{START + timedelta(days=day):%-d %b}", *STATES.get(day, ("good", "fine")))
                for day in range(45)
            ],
            label="Syncs",
        ),
    }


STATES = {17: ("warn", "partial, one row rejected"), 31: ("bad", "the credential was refused")}
PRICES: Series = [
    ("Azure", [(START, Decimal("0.40")), (START + timedelta(days=40), Decimal("0.36"))]),
    (
        "direct",
        [
            (START, Decimal("0.45")),
            (START + timedelta(days=20), None),
            (START + timedelta(days=35), Decimal("0.30")),
        ],
    ),
]
LIVES = [
    Lane("Azure", [
        Span(START, START + timedelta(days=40), "Preview", "info"),
        Span(START + timedelta(days=40), START + timedelta(days=90), "Generally available", "good"),
        Span(START + timedelta(days=90), START + timedelta(days=150), "Generally available", "good", ahead=True),
    ]),
    Lane("direct", [
        Span(START + timedelta(days=10), START + timedelta(days=70), "Legacy", "warn"),
        Span(START + timedelta(days=70), START + timedelta(days=90), "Retired", "bad"),
    ]),
]  # fmt: skip
