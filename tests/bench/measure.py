"""One measured figure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """:param against: what it was compared with in the same run, with the raw figures.

    :ivar least: what is aimed at, where more is better. :ivar most: where less is.
    """

    name: str
    value: float
    unit: str
    against: str
    runs: int
    least: float | None = None
    most: float | None = None

    @property
    def misses(self) -> str:
        """Empty where the aim is met or there is none."""
        if self.least is not None and self.value < self.least:
            return f"misses its aim, at least {self.least}"
        if self.most is not None and self.value > self.most:
            return f"misses its aim, at most {self.most}"
        return ""
