"""One measured figure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """:param against: what it was compared with in the same run, with the raw figures."""

    name: str
    value: float
    unit: str
    against: str
    runs: int
