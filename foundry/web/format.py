"""Numbers, money and time as people read them. Pure; nothing here knows Django."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "unknown"
STEPS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))
LIMIT_UNITS = {
    "rpm": "calls per minute",
    "tpm": "tokens per minute",
    "concurrency": "calls at once",
    "tokens_per_day": "tokens per day",
    "tokens_per_month": "tokens per month",
    "usd_per_day": "per day",
    "usd_per_month": "per month",
}
MONEY_KINDS = frozenset({"usd_per_day", "usd_per_month"})


def dollars(amount: Decimal, places: int) -> str:
    """`$1,234.50` with exactly `places` decimals, half up."""
    rounded = abs(amount).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{'−' if amount < 0 and rounded else ''}${rounded:,f}"


def money(amount: Decimal) -> str:
    """Dollars and cents; below a cent's worth of digits the first three that matter."""
    if amount == 0 or amount.adjusted() >= -1:
        return dollars(amount, 2)
    digits = dollars(amount, 2 - amount.adjusted()).rstrip("0")
    return digits + "0" * (2 - len(digits.partition(".")[2]))


def money_nanos(nanos: int | None) -> str:
    """Nano-dollars as dollars; None is a cost that nobody knows."""
    return UNKNOWN if nanos is None else money(Decimal(nanos).scaleb(-9))


def per_million(price: Decimal | None) -> str:
    """A price in USD per million tokens, exact, with at least two decimals."""
    if price is None:
        return UNKNOWN
    exact = Decimal(price).normalize()
    return dollars(exact, max(2, -int(exact.as_tuple().exponent)))


def per_million_short(price: Decimal) -> str:
    """A price in USD per million tokens in four digits that matter, with at least two decimals."""
    if price == 0 or price.adjusted() >= 1:
        return dollars(price, 2)
    digits = dollars(price, 3 - price.adjusted()).rstrip("0")
    return digits + "0" * (2 - len(digits.partition(".")[2]))


def compact(number: float | Decimal | None) -> str:
    """Three digits that matter and a letter: 1.23M."""
    if number is None:
        return UNKNOWN
    value = float(number)
    size = abs(value)
    for index, (step, letter) in enumerate(STEPS):
        if size >= step:
            digits = three_digits(value / step)
            if digits.lstrip("-") == "1000" and index:
                return f"{'-' if value < 0 else ''}1.00{STEPS[index - 1][1]}"
            return digits + letter
    return f"{value:.0f}" if value.is_integer() else f"{value:.3g}"


def three_digits(value: float) -> str:
    size = abs(value)
    places = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return f"{value:.{places}f}"


def grouped(number: float | Decimal | None) -> str:
    """1,234,567; decimals stay where there are some."""
    if number is None:
        return UNKNOWN
    return f"{int(number):,}" if number == int(number) else f"{number:,}"


def pct(share: float | Decimal | None) -> str:
    """0.912 as `91 %`. Never rounds to 0 or 100 what is not."""
    if share is None:
        return UNKNOWN
    percent = float(share) * 100
    if 0 < abs(percent) < 1:
        return f"{percent:.1f} %" if abs(percent) >= 0.05 else "< 0.1 %"
    if 99 < percent < 100:
        return f"{int(percent * 10) / 10} %"
    return f"{percent:.0f} %"


def limit_words(kind: str, maximum: int | None) -> str:
    """One limit in words; money kinds come in nano-dollars."""
    if maximum is None:
        return "no limit"
    amount = money_nanos(maximum) if kind in MONEY_KINDS else grouped(maximum)
    return f"{amount} {LIMIT_UNITS.get(kind, kind.replace('_', ' '))}"


def span(seconds: float) -> str:
    """A length of time in its largest unit: 45 s, 3 h, 12 days."""
    seconds += 0.5  # what was set a moment ago to lie 12 days ahead is not 11 days ahead
    for size, word in ((172_800, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // (86_400 if word == 'days' else size))} {word}"
    return f"{int(seconds)} s"


def ago(moment: datetime, at: datetime) -> str:
    seconds = (at - moment).total_seconds()
    if -1 < seconds < 1:
        return "just now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def until(moment: date | datetime, at: datetime) -> str:
    """`in 12 days`, `3 days ago`; a date is counted in whole days."""
    if isinstance(moment, datetime):
        return ago(moment, at)
    days = (moment - at.astimezone(UTC).date()).days
    if days == 0:
        return "today"
    words = f"{abs(days)} day{'s' if abs(days) != 1 else ''}"
    return f"in {words}" if days > 0 else f"{words} ago"


def exact(moment: date | datetime) -> str:
    """`12 Nov 2025, 05:00:07 UTC`, or the date."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")
    return moment.strftime("%-d %b %Y")
