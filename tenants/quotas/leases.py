"""Take and settle: from this process's slices where a call fits, else by asking for more. No Django.

Near the edge a slice shrinks to one call. Before a refusal other processes are told to give back what they
do not use; they do so within milliseconds, and nobody waits for them longer than RECALL_S, unless this process itself is
so busy that it could not ask QUESTIONS times.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tenants.quotas.batch import Batcher
from tenants.quotas.limits import Exceeded, Need, Stale, Unavailable
from tenants.quotas.recalls import Recalls
from tenants.quotas.slices import NO_SHARES, Held, Slice, Used
from tenants.quotas.store import Answer, Ask, Store

RECALL_S, QUESTIONS, LONGEST_S = 0.1, 10, 0.5
PAUSE_S = 0.004  # between two questions, while others give back
SWEEP_S = 0.5
IDLE_S = 1.0  # a slice that no call took from for so long goes back
KEPT_S = 600.0  # and what is kept for a time without the database after so long
Waiter = tuple[Need, int, "asyncio.Future[Held | Exceeded]"]


@dataclass(slots=True)
class Recalling:
    """A recall under way. :ivar since: monotonic seconds when it began, 0 before. :ivar told: of which holders.

    :ivar questions: how often it was asked since.
    """

    since: float = 0.0
    questions: int = 0
    told: frozenset[int] = frozenset()

    def is_last(self, now: float) -> bool:
        """Is the question that is asked now the last one?"""
        waited_s = now - self.since if self.since else 0.0
        return waited_s > LONGEST_S or (waited_s > RECALL_S and self.questions >= QUESTIONS)

    def goes_on(self, now: float, told: set[int]) -> None:
        self.since = self.since or now
        self.questions += 1
        self.told |= told

    def end(self) -> None:
        self.since, self.questions, self.told = 0.0, 0, frozenset()


class Leases:
    """The limits of all grants and levels, as this process holds them. Callers wait at their grant's slice.

    :param reachable: is it of use to ask? While it is not, what is leased here is kept, and nothing beyond is promised.
    :param shares: percent of a limit that a process keeps leased for that time, by kind; kinds not named keep nothing.
    """

    def __init__(
        self,
        store: Store,
        reachable: Callable[[], bool] = lambda: True,
        shares: Mapping[str, int] = NO_SHARES,
    ) -> None:
        self.store, self.reachable, self.shares = store, reachable, shares
        self.slices: dict[int, Slice] = {}
        self.recalls = Recalls()
        self.ask: Batcher[Ask, Answer] = Batcher(self.lease)
        self.tasks: set[asyncio.Task[None]] = set()

    def take_now(self, need: Need, version: int) -> Held | None:
        """Set a call's worst case aside without asking anybody; None where that cannot be.

        More is asked for beside the calls where what is free here will soon be used up. :param version: of the passport.
        """
        if not (need.maxima or need.levels):
            out = need.wanted_out
            return Held(out, need.tokens(out), need.usd_nanos(out))
        piece = self.slices.get(need.grant_id)
        if piece is None or piece.waiting:
            return None
        now = time.monotonic()
        if need.levels:
            held = None if self.reachable() and self.any_low(need, now) else self.hold_all(need, now)
        else:
            held = None if piece.is_low(now) and self.reachable() else piece.hold(need, now)
        if held is not None and not piece.working and held.runs_out(now) and self.reachable():
            piece.ahead_of = need, version
            self.work_on(piece)
        return held

    def any_low(self, need: Need, now: float) -> bool:
        found = (self.slices.get(holder_id) for holder_id, _ in limited(need))
        return any(piece.is_low(now) for piece in found if piece is not None)

    def hold_all(self, need: Need, now: float, *, less: bool = False) -> Held | None:
        """As `Slice.hold`, at the grant and at every level of the call, or nowhere."""
        found, out = [], need.wanted_out
        for holder_id, maxima in limited(need):
            piece = self.slices.get(holder_id)
            room = None if piece is None else piece.room(need, maxima, now, less=less)
            if piece is None or room is None:
                return None
            found.append(piece)
            out = min(out, room)
        first, *rest = [piece.take(need, out, now) for piece in found]
        first.more = tuple(rest)
        return first

    async def take(self, need: Need, version: int) -> Held | Exceeded:
        """Set a call's worst case aside. :param version: of the passport. Raises Stale, Unavailable."""
        if (held := self.take_now(need, version)) is not None:
            return held
        if not self.reachable():
            raise Unavailable(
                "what this process had leased of the limits is used up, and it can lease no more"
            )
        piece = self.slice_of(need.grant_id)
        future: asyncio.Future[Held | Exceeded] = asyncio.get_running_loop().create_future()
        piece.waiting.append((need, version, future))
        self.work_on(piece)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and isinstance(late := future.result(), Held):
                self.undo(late)
            raise

    def slice_of(self, holder_id: int) -> Slice:
        if holder_id not in self.slices:
            self.slices[holder_id] = Slice(holder_id, self.shares)
        return self.slices[holder_id]

    def settle(self, held: Held, tokens: int, usd_nanos: int) -> Used | None:
        """The call is over. The answer goes to the ledger together with the call."""
        piece = held.slice
        if piece is None:
            return None
        used = piece.settle(held, tokens, usd_nanos, time.monotonic())
        self.tell_soon(piece)
        return (
            joined(used, [self.settle(each, tokens, usd_nanos) for each in held.more]) if held.more else used
        )

    def undo(self, held: Held) -> None:
        """The call never happened."""
        for each in (held, *held.more):
            if each.slice is not None:
                each.slice.undo(each)
                self.tell_soon(each.slice)

    def recall(self, holder_id: int) -> None:
        """Another process may need what is free here."""
        if (piece := self.slices.get(holder_id)) is not None:
            piece.give_back()
            self.work_on(piece)

    def tell_soon(self, piece: Slice) -> None:
        if piece.tell and not piece.working and self.reachable():
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
            while piece.waiting or piece.tell or piece.ahead_of:
                drop_gone(piece)
                if piece.waiting:
                    await self.serve(piece, recalling)
                elif piece.ahead_of:
                    await self.fetch(piece, *piece.ahead_of)
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

    async def fetch(self, piece: Slice, need: Need, version: int) -> None:
        """Ask for more of what such calls need, so that none of them has to wait for it."""
        piece.ahead_of, now = None, time.monotonic()
        pieces = tuple(self.ready(holder_id, maxima, now) for holder_id, maxima in limited(need))
        try:
            await self.ask(Ask(piece, version, need, pieces, piece.pace(now), ahead=True))
        except Unavailable:
            piece.tell = True  # what goes back is still to be told; calls go on with what is here
            return
        self.give_up_scarce(piece, pieces)

    async def serve(self, piece: Slice, recalling: Recalling) -> None:
        """Ask for the one that waits longest and whoever waits behind it. Raises Unavailable."""
        need, version, future = piece.waiting[0]
        now = time.monotonic()
        pieces = tuple(self.ready(holder_id, maxima, now) for holder_id, maxima in limited(need))
        calls = max(len(piece.waiting), piece.pace(now) if not recalling.since else 1)
        last = recalling.is_last(now)
        answer = await self.ask(Ask(piece, version, need, pieces, calls, recalling.told, last))
        if answer.verdict == "stale":
            piece.waiting.popleft()
            settle_future(future, Stale())
        elif answer.verdict == "recall":
            told = {given.holder_id for given in answer.given.values() if given.recalled}
            recalling.goes_on(now, told)
            await asyncio.sleep(PAUSE_S)
        else:
            if recalling.since:
                self.recalls.note(time.monotonic() - recalling.since, late=last)
            recalling.end()
            self.give_up_scarce(piece, pieces, all_of_it=answer.verdict == "limit")

    def give_up_scarce(self, piece: Slice, pieces: tuple[Slice, ...], *, all_of_it: bool = False) -> None:
        """What other processes could use, and nobody waits for here, goes back."""
        for each in pieces:
            if all_of_it or not (each.loose or piece.waiting):
                each.give_back()
            self.tell_soon(each)

    def ready(self, holder_id: int, maxima: Mapping[str, int], now: float) -> Slice:
        """The holder's slice, to be told and asked under these limits."""
        piece = self.slice_of(holder_id)
        piece.limit_by(maxima)
        if now >= piece.until:
            piece.calls.give_back()
            piece.rate_tokens.give_back()
        piece.tell = False
        return piece

    async def lease(self, asks: list[Ask]) -> list[Answer]:
        """Ask, take in what is handed out and hand it on, before anything else is asked. Raises Unavailable."""
        asked_at = time.monotonic()
        answers = await self.store.lease(asks)
        for ask, answer in zip(asks, answers, strict=True):
            if ask.need is None:
                continue
            for piece in ask.pieces if answer.given else ():
                piece.taken_in(answer.given[piece.holder_id], piece.day_of(ask.need.day), asked_at)
            limit = answer.verdict == "limit" and not ask.ahead
            if limit or answer.verdict == "ok":  # meanwhile a call may have given back what another needs
                served = self.hand_out(ask.slice, less=not ask.ahead)
                if limit and not served:
                    self.refuse(ask.slice, ask.need, answer)
        return answers

    def hand_out(self, piece: Slice, *, less: bool) -> bool:
        """Whoever fits is served, in the order of coming; the first may get less than its model's maximum. Was anybody?"""
        served = False
        while piece.waiting:
            need, _, future = piece.waiting[0]
            if future.done():
                piece.waiting.popleft()
                continue
            held = self.hold_all(need, time.monotonic(), less=less)
            if held is None:
                break
            piece.waiting.popleft()
            future.set_result(held)
            less, served = False, True
        return served

    def refuse(self, piece: Slice, first: Need, answer: Answer) -> None:
        """The first, that was asked for, does not fit, nor does anybody behind it who needs as much of the same."""
        maxima, least = first.maxima_of(answer.failing), needed(first, answer.kind)
        kept = []
        for need, version, future in drain(piece):
            if need.maxima_of(answer.failing) == maxima and needed(need, answer.kind) >= least:
                future.set_result(exceeded(self.slices[answer.failing], need, answer))
            else:
                kept.append((need, version, future))
        piece.waiting.extend(kept)

    async def sweep(self) -> None:
        """Give back what nobody uses, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            now = time.monotonic()
            for piece in list(self.slices.values()) if self.reachable() else ():
                if piece.has_free and (idle_s := now - piece.used_at) > IDLE_S:
                    if idle_s < KEPT_S:
                        piece.give_back_spare()
                    else:
                        piece.give_back()
                if piece.tell:
                    self.work_on(piece)

    def free(self) -> dict[str, int]:
        """What is leased here and no call uses, of all grants together, by part."""
        found = dict.fromkeys(("calls", "tokens_a_minute", "slots", "tokens", "usd_nanos"), 0)
        for piece in (each for each in self.slices.values() if each.holder_id > 0):
            for name, part in zip(found, (piece.calls, piece.rate_tokens, piece.slots), strict=False):
                found[name] += part.free
            for day in piece.days.values():
                found["tokens"] += day.tokens.free
                found["usd_nanos"] += day.usd_nanos.free
        return found

    async def used(self, holders: list[int], at: datetime) -> dict[int, dict[str, tuple[int, int]]]:
        """(used, held) by kind, with nothing set aside but for running calls. Raises one of DOWN."""
        for holder in holders:
            self.recall(holder)
        until = time.monotonic() + LONGEST_S
        while not await self.store.recall(holders) and time.monotonic() < until:
            await asyncio.sleep(PAUSE_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                await self.ask.drain()
        return await self.store.used(holders, at)


def limited(need: Need) -> Iterator[tuple[int, Mapping[str, int]]]:
    """Every holder whose limits the call is under, and these."""
    if need.maxima:
        yield need.grant_id, need.maxima
    for level in need.levels:
        yield level.holder_id, level.maxima


def joined(first: Used | None, others: list[Used | None]) -> Used | None:
    """What one call takes out of several slices, as one."""
    found = [used for used in (first, *others) if used is not None]
    if not found:
        return None
    found[0].more = tuple(found[1:])
    return found[0]


def needed(need: Need, kind: str) -> int:
    if kind == "tpm":
        return need.estimate
    if kind.startswith("tokens"):
        return need.tokens(need.least_out)
    return need.usd_nanos(need.least_out) if kind.startswith("usd") else 1


def exceeded(piece: Slice, need: Need, answer: Answer) -> Exceeded:
    """What is free here is not in the way, so it is not told as held; nor is what is used and not in the ledger yet."""
    kind, held, used, over = answer.kind, answer.held, answer.used, 0
    day = piece.days.get(need.day)
    if day is not None and kind.startswith("tokens"):
        held, over = held - day.tokens.free, day.tokens_settled - day.tokens_shipped
    elif day is not None and kind.startswith("usd"):
        held, over = held - day.usd_nanos.free, day.usd_nanos_settled - day.usd_nanos_shipped
    elif kind == "rpm":
        used -= piece.calls.free
    elif kind == "tpm":
        used -= piece.rate_tokens.free
    elif kind == "concurrency":
        used -= piece.slots.free
    at = datetime.fromtimestamp(piece.minute * 60, UTC) if kind in ("rpm", "tpm") else need.at
    level = next((each for each in need.levels if each.holder_id == answer.failing), None)
    over = min(over, max(0, held))
    return Exceeded(
        kind, used + over, max(0, held - over), answer.maximum, needed(need, kind),
        need.period.resets_at(kind, at), level,
    )  # fmt: skip


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
