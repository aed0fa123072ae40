"""The caller's own word for a call, say a release: `x-foundry-tag`. A team has so many a day; the rest are `other`."""

import re
from datetime import date, datetime

from tenants.gateway.asgi import Scope, header
from tenants.gateway.errors import invalid
from tenants.quotas.store import DOWN, Pool

HEADER = b"x-foundry-tag"
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,63}")
OTHER = "other"
MOST = 10_000  # words kept; the database keeps them all


def tag_of(scope: Scope) -> str:
    """What the caller said, empty without it. Raises GatewayError 400."""
    told = header(scope, HEADER)
    if told and not PLAIN.fullmatch(told):
        raise invalid(
            "x-foundry-tag must be 1 to 64 letters, digits or any of . _ : / @ + -, beginning with a letter or digit.",
            "x-foundry-tag",
        )
    return told


class Tags:
    """Under which word each team's calls count today. A word is asked for once, then known."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.known: dict[tuple[int, date, str], str] = {}

    async def counted(self, team_id: int, told: str, at: datetime) -> str:
        """The word itself or `other`, which also stands for what cannot be asked now."""
        key = (team_id, at.date(), told)
        if (known := self.known.get(key)) is not None:
            return known
        try:
            async with self.pool.connection(timeout=1) as connection:
                row = await (await connection.execute("SELECT gateway.tag(%s, %s, %s)", key)).fetchone()
        except DOWN:
            return OTHER
        assert row is not None
        if len(self.known) >= MOST:
            self.known.clear()
        word = self.known[key] = str(row[0])
        return word
