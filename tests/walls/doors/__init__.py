"""Who gets which status where: every address, asked by every kind of person. `table.py` says how to read a row."""

from tests.walls.doors.access import ACCESS, ACCESS_API, POLICIES
from tests.walls.doors.advice import ADVICE
from tests.walls.doors.by_hand import HAND, HAND_API, WAITING
from tests.walls.doors.ground import GROUND, NOTIFY
from tests.walls.doors.levels import LEVELS
from tests.walls.doors.moving import MOVING
from tests.walls.doors.supply import SUPPLY
from tests.walls.doors.supply_api import SUPPLY_API
from tests.walls.doors.table import Door
from tests.walls.doors.teams import TEAMS
from tests.walls.doors.usage import CALLING, KEYS, USAGE

DOORS: list[Door] = [
    *ADVICE,
    *MOVING,
    *GROUND,
    *NOTIFY,
    *TEAMS,
    *ACCESS_API,
    *ACCESS,
    *POLICIES,
    *KEYS,
    *USAGE,
    *CALLING,
    *LEVELS,
    *SUPPLY,
    *SUPPLY_API,
    *HAND,
    *WAITING,
    *HAND_API,
]

__all__ = ["DOORS", "Door"]
