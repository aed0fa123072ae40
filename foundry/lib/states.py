"""State machines as tables: which state may follow which."""

from collections.abc import Mapping
from dataclasses import dataclass

from foundry.lib.errors import Conflict


@dataclass(frozen=True, slots=True)
class Machine:
    """What may follow what.

    :param noun: what moves, for the error's code and words.
    :param moves: state -> the states that may follow it; a state without followers is an end.
    """

    noun: str
    moves: Mapping[str, frozenset[str]]

    def require(self, old: str, new: str) -> None:
        """Raise Conflict unless `new` may follow `old`."""
        if new not in self.moves.get(old, frozenset()):
            raise Conflict(
                f"{self.noun}.{old}",
                f"This {self.noun} is {old}; it cannot become {new}.",
                remedy="Reload to see where it stands.",
            )

    def ends(self) -> frozenset[str]:
        return frozenset(state for state, after in self.moves.items() if not after)
