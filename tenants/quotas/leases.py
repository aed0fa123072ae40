"""Take and settle: from this process's slices where a call fits, else by asking for more. No Django.

Near the edge a slice shrinks to one call. Before a refusal other processes are told to give back what they
do not use; they do so within milliseconds, and nobody waits for them longer than RECALL_S.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tenants.quotas.batch import Batcher
from tenants.quotas.limits import Exceeded, Need, Stale, Unavailable, resets_at
from tenants.quotas.slices import Held, Part, Slice, Used
from tenants.quotas.store import Answer, Ask, Store

RECALL_S = 0.5
PAUSE_S = 0.004  # between two questions, while others give back
SWEEP_S = 0.5
IDLE_S = 1.0  # a slice that no call took from for so long goes back
Waiter = tuple[Need, int, "asyncio.Future[Held | Exceeded]"]


@dataclass(slots=True)
class Recalling:
    """A recall under way. :ivar until: monotonic seconds when it is over, 0 before it began."""

    until: float = 0.0


class Leases:
    """The limits of all grants, as this process holds them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.slices: dict[int, Slice] = {}
        self.ask: Batcher[Ask, Answer] = Batcher(store.lease)
        self.tasks: set[asyncio.Task[None]] = set()

    def take_now(self, need: Need) -> Held | None:
        """Set a call's worst case aside without asking anybody; None where that cannot be."""
        if not need.maxima:
            out = need.wanted_out
            return Held(out, need.tokens(out), need.usd_nanos(out))
        piece = self.slices.get(need.grant_id)
        if piece is None or piece.waiting:
            return None
        return piece.hold(need, time.monotonic())

    async def take(self, need: Need, version: int) -> Held | Exceeded:
        """Set a call's worst case aside. :param version: of the passport. Raises Stale, Unavailable."""
        if (held := self.take_now(need)) is not None:
            return held
        piece = self.slices.setdefault(need.grant_id, Slice(need.grant_id))
        future: asyncio.Future[Held | Exceeded] = asyncio.get_running_loop().create_future()
        piece.waiting.append((need, version, future))
        self.work_on(piece)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and isinstance(late := future.result(), Held):
                self.undo(late)
            raise

    def settle(self, held: Held, tokens: int, usd_nanos: int) -> Used | None:
        """The call is over. The answer goes to the ledger together with the call."""
        piece = held.slice
        if piece is None:
            return None
        used = piece.settle(held, tokens, usd_nanos, time.monotonic())
        self.tell_soon(piece)
        return used

    def undo(self, held: Held) -> None:
        """The call never happened."""
        if held.slice is not None:
            held.slice.undo(held)
            self.tell_soon(held.slice)

    def recall(self, grant_id: int) -> None:
        """Another process may need what is free here."""
        if (piece := self.slices.get(grant_id)) is not None:
            piece.give_back()
            self.work_on(piece)

    def tell_soon(self, piece: Slice) -> None:
        if piece.tell and not piece.working:
            if not piece.loose:
                piece.give_back()
            self.work_on(piece)

    def work_on(self, piece: Slice) -> None:
        if piece.working:
            return
        piece.working = True
        task = asyncio.create_task(self.work(piece))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def work(self, piece: Slice) -> None:
        """Serve who waits for this slice and tell what is to be told; one question at a time."""
        recalling = Recalling()
        try:
            while piece.waiting or piece.tell:
                drop_gone(piece)
                if piece.waiting:
                    await self.serve(piece, recalling)
                elif piece.tell:
                    await self.tell(piece)
        except Exception as error:  # noqa: BLE001  (everybody who waits gets it)
            for _, _, future in drain(piece):
                future.set_exception(error)
        finally:
            piece.working = False

    async def tell(self, piece: Slice) -> None:
        piece.tell = False
        if not piece.loose:
            piece.give_back()
            piece.tell = False
        try:
            await self.ask(Ask(piece, None))
        except Unavailable:
            piece.tell = True  # with the next sweep
            raise

    async def serve(self, piece: Slice, recalling: Recalling) -> None:
        """Ask for the one that waits longest and whoever waits behind it. Raises Unavailable."""
        need, version, future = piece.waiting[0]
        piece.limit_by(need.maxima)
        now = time.monotonic()
        if now >= piece.until:
            piece.calls.give_back()
            piece.rate_tokens.give_back()
        calls = max(len(piece.waiting), piece.pace(now) if not recalling.until else 1)
        piece.tell = False
        answer = await self.ask(
            Ask(piece, version, need, calls, bool(recalling.until), 0 < recalling.until < now)
        )
        if answer.verdict == "stale":
            piece.waiting.popleft()
            settle_future(future, Stale())
            return
        take_in(piece, need, answer, now)
        if answer.verdict == "ok":
            recalling.until = 0.0
            hand_out(piece, less=True)
            if not (piece.loose or piece.waiting):
                piece.give_back()
        elif answer.verdict == "limit":
            recalling.until = 0.0
            refuse(piece, answer)
            piece.give_back()
        else:
            recalling.until = recalling.until or now + RECALL_S
            await asyncio.sleep(PAUSE_S)

    async def sweep(self) -> None:
        """Give back what nobody uses, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now = time.monotonic()
            for piece in list(self.slices.values()):
                if piece.has_free and now - piece.used_at > IDLE_S:
                    piece.give_back()
                if piece.tell:
                    self.work_on(piece)

    async def used(self, grants: list[int], at: datetime) -> dict[int, dict[str, tuple[int, int]]]:
        """(used, held) by kind, with nothing set aside but for running calls. Raises one of DOWN."""
        for grant in grants:
            self.recall(grant)
        until = time.monotonic() + RECALL_S
        while not await self.store.recall(grants) and time.monotonic() < until:
            await asyncio.sleep(PAUSE_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECALL_S):
                await self.ask.drain()
        return await self.store.used(grants, at)


def take_in(piece: Slice, need: Need, answer: Answer, asked_at: float) -> None:
    if answer.minute != piece.minute:
        piece.minute, piece.calls, piece.rate_tokens = answer.minute, Part(), Part()
    piece.until = asked_at + answer.left_ms / 1000
    piece.seen, piece.loose = answer.seen, answer.loose
    day = piece.day_of(need.day)
    parts = (piece.calls, piece.rate_tokens, piece.slots, day.tokens, day.usd_nanos)
    for part, leased in zip(parts, answer.leased, strict=True):
        part.take_in(leased)


def hand_out(piece: Slice, *, less: bool) -> None:
    """Whoever fits is served, in the order of coming; the first may get less than its model's maximum."""
    while piece.waiting:
        need, _, future = piece.waiting[0]
        if future.done():
            piece.waiting.popleft()
            continue
        held = piece.hold(need, time.monotonic(), less=less)
        if held is None:
            return
        piece.waiting.popleft()
        future.set_result(held)
        less = False


def refuse(piece: Slice, answer: Answer) -> None:
    """The first does not fit, nor does anybody behind it who needs as much."""
    first = piece.waiting[0][0]
    kept = []
    for need, version, future in drain(piece):
        if need.maxima == first.maxima and needed(need, answer.kind) >= needed(first, answer.kind):
            future.set_result(exceeded(piece, need, answer))
        else:
            kept.append((need, version, future))
    piece.waiting.extend(kept)


def needed(need: Need, kind: str) -> int:
    if kind == "tpm":
        return need.estimate
    if kind.startswith("tokens"):
        return need.tokens(need.least_out)
    return need.usd_nanos(need.least_out) if kind.startswith("usd") else 1


def exceeded(piece: Slice, need: Need, answer: Answer) -> Exceeded:
    """What is free here is not in the way, so it is not told as held."""
    kind, held, used = answer.kind, answer.held, answer.used
    day = piece.days.get(need.day)
    if day is not None and kind.startswith("tokens"):
        held -= day.tokens.free
    elif day is not None and kind.startswith("usd"):
        held -= day.usd_nanos.free
    elif kind == "rpm":
        used -= piece.calls.free
    elif kind == "tpm":
        used -= piece.rate_tokens.free
    elif kind == "concurrency":
        used -= piece.slots.free
    at = datetime.fromtimestamp(answer.minute * 60, UTC) if kind in ("rpm", "tpm") else need.at
    return Exceeded(kind, used, max(0, held), answer.maximum, needed(need, kind), resets_at(kind, at))


def drop_gone(piece: Slice) -> None:
    while piece.waiting and piece.waiting[0][2].done():
        piece.waiting.popleft()


def drain(piece: Slice) -> Iterator[Waiter]:
    """Everybody who waits now and is still there."""
    waiting = list(piece.waiting)
    piece.waiting.clear()
    return (each for each in waiting if not each[2].done())


def settle_future(future: "asyncio.Future[Held | Exceeded]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
