"""hwenc for asyncio.

A session has one thread of its own, on which all of its calls run in order: while the encoder is busy, ``await send`` waits, and
the event loop goes on. Cancelling a call closes the session, and its thread ends.

    async with aio.open(codec="h264", width=1280, height=720) as session:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feed(session))            # await session.send(frame) … await session.finish()
            async for packet in session.packets():
                ...
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Future
from fractions import Fraction
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import hwenc
from hwenc._worker import Worker

if TYPE_CHECKING:
    from typing import Unpack

    from hwenc._native import _Frame
    from hwenc._types import Changes, Fields, ProbeFields, TranscodeFields

__all__ = ["Session", "choose", "open", "probe", "transcode"]

_T = TypeVar("_T")

# How long a cancelled call may take to come back. An encoder needs well below a second; one that hangs is not waited for.
# A job that hangs is given up after 5 seconds, which must be less.
_GRACE = 8.0


async def _settle(future: Future[Any], thread: Worker) -> None:
    """Waits until the thread's last call is over, however it ends, and the thread with it."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake(_: Future[Any]) -> None:
        try:
            loop.call_soon_threadsafe(over.set)
        except RuntimeError:  # it took longer than the loop lived
            pass

    future.add_done_callback(wake)
    try:
        await asyncio.wait_for(over.wait(), _GRACE)
    except TimeoutError:
        return
    thread.end(wait=True)  # it has nothing left to do


async def _once(function: Callable[[], _T]) -> _T:
    """Runs a call on a thread that ends with it."""
    thread = Worker(daemon=False)
    future = thread.submit(function)
    thread.end(wait=False)
    try:
        return await asyncio.wrap_future(future)
    finally:
        thread.end(wait=future.done())


@overload
async def choose(request: hwenc.Request, /, **changes: Unpack[Changes]) -> hwenc.Decision: ...
@overload
async def choose(request: None = None, /, **fields: Unpack[Fields]) -> hwenc.Decision: ...
async def choose(request: hwenc.Request | None = None, /, **fields: Any) -> hwenc.Decision:
    """As ``hwenc.choose``. Cancelled, it returns at once; what is being tried ends by its own deadline."""
    call: Callable[..., hwenc.Decision] = hwenc.choose  # the overloads above are its own
    return await _once(lambda: call(request, **fields))


async def probe(**fields: Unpack[ProbeFields]) -> hwenc.Report:
    """As ``hwenc.probe``. Cancelled, it returns at once; what is being tried ends by its own deadline."""
    return await _once(lambda: hwenc.probe(**fields))


async def transcode(
    input: str | PathLike[str],
    output: str | PathLike[str],
    *,
    progress: Callable[[hwenc.Progress], object] | None = None,
    cancel: hwenc.Cancel | None = None,
    **fields: Unpack[TranscodeFields],
) -> hwenc.TranscodeReport:
    """As ``hwenc.transcode``. ``progress`` is called in the event loop.

    Cancelled, it stops the job, waits for its end, and leaves no file.
    """
    loop = asyncio.get_running_loop()
    switch = cancel or hwenc.Cancel()

    def call(step: hwenc.Progress, done: Future[None]) -> None:
        try:
            if progress is not None and not switch.cancelled:
                progress(step)
            done.set_result(None)
        except BaseException as error:
            done.set_exception(error)

    def show(step: hwenc.Progress) -> None:
        # The job waits, so that an exception in the last call still finds no file.
        done: Future[None] = Future()
        loop.call_soon_threadsafe(call, step, done)
        while True:
            try:
                return done.result(timeout=0.5)
            except TimeoutError:
                if not done.done() and not loop.is_running():
                    switch.cancel()  # the loop was left, and nobody will answer
                    return None

    thread = Worker(daemon=False)
    shown = show if progress is not None else None
    future = thread.submit(hwenc.transcode, input, output, progress=shown, cancel=switch, **fields)
    thread.end(wait=False)
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        switch.cancel()
        await _settle(future, thread)
        raise
    finally:
        thread.end(wait=future.done())


class Session:
    """An open encoder: pictures in, packets out. ``open`` makes one; ``async with`` closes it."""

    def __init__(self, session: hwenc.Session, thread: Worker, queue: int) -> None:
        self._session = session
        self._thread = thread
        self._queue = queue
        self._ready: deque[hwenc.Packet] = deque()
        self._waiting: list[asyncio.Future[None]] = []
        self._readers = 0
        self._closing: Future[None] | None = None
        self._ended = False  # everything has come out, or nothing more will

    async def send(
        self,
        frame: _Frame,
        /,
        *,
        pts: int | None = None,
        duration: int | None = None,
        idr: bool = False,
        format: str | None = None,
        color: hwenc.Color | str | None = None,
    ) -> None:
        """Sends a picture, as ``hwenc.Session.send``. Waits while the encoder is busy, and while whoever iterates over ``packets``
        has not taken those that are there.
        """
        await self._wait(lambda: self._ended or not self._readers or len(self._ready) < self._queue)

        def step() -> list[hwenc.Packet]:
            return self._session.encode(frame, pts=pts, duration=duration, idr=idr, format=format, color=color)

        self._put(await self._call(step))

    async def receive(self) -> hwenc.Packet | None:
        """The next packet that is there; None: send another picture first, or everything has come out."""
        if not self._ready:
            packet = await self._call(self._session.receive)
            if packet is not None:
                return packet
        if not self._ready:
            return None
        packet = self._ready.popleft()
        self._put([])
        return packet

    async def packets(self) -> AsyncIterator[hwenc.Packet]:
        """Packets as they come, until ``finish`` was called and everything has come out, or the session is closed.

        Another task sends meanwhile.
        """
        self._readers += 1
        try:
            while True:
                await self._wait(lambda: bool(self._ready) or self._ended)
                if not self._ready:
                    return
                packet = self._ready.popleft()
                self._put([])
                yield packet
        finally:
            self._readers -= 1

    async def finish(self) -> None:
        """No more pictures will come; the rest comes out of ``packets`` and ``receive``."""
        self._put(await self._call(lambda: list(self._session.drain())), ended=True)

    async def close(self) -> None:
        """Closes the encoder; what was not received is lost. Calling it again does nothing."""
        future = self._leave()
        self._put([], ended=True)
        await _settle(future, self._thread)

    async def force_idr(self) -> None:
        """The next picture that is sent becomes an IDR."""
        await self._call(self._session.force_idr)

    @property
    def closed(self) -> bool:
        """It was closed, by whomever."""
        return self._session.closed

    @property
    def stats(self) -> hwenc.Stats:
        """What went through so far."""
        return self._session.stats

    @property
    def encoder(self) -> str:
        """libavcodec's name of the encoder in use."""
        return self._session.encoder

    @property
    def backend(self) -> str:
        """Its backend."""
        return self._session.backend

    @property
    def device(self) -> str | None:
        """Its device; None on the CPU."""
        return self._session.device

    @property
    def decision(self) -> hwenc.Decision:
        """The decision that it came from."""
        return self._session.decision

    @property
    def requested(self) -> dict[str, str]:
        """What was asked for, by name."""
        return self._session.requested

    @property
    def applied(self) -> dict[str, str]:
        """What the open encoder says of itself, by name."""
        return self._session.applied

    @property
    def time_base(self) -> Fraction:
        """Seconds that one tick of timestamps counts."""
        return self._session.time_base

    @property
    def extradata(self) -> bytes:
        """Parameter sets, where "global" ones were asked for."""
        return self._session.extradata

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<hwenc.aio.Session of {self._session!r}>"

    async def _call(self, function: Callable[[], _T]) -> _T:
        """Runs it on the session's thread. Cancelled, it closes the session, after what runs there already."""
        try:
            future = self._thread.submit(function)
        except RuntimeError:  # the thread has ended, or is about to
            raise hwenc.Error("the session was closed", code="session.closed") from None
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            await self.close()
            raise

    async def _wait(self, condition: Callable[[], bool]) -> None:
        """Waits for what another task does."""
        while not condition():
            change = asyncio.get_running_loop().create_future()
            self._waiting.append(change)
            try:
                await change
            except asyncio.CancelledError:
                await self.close()
                raise

    def _put(self, packets: list[hwenc.Packet], *, ended: bool = False) -> None:
        """Tells those who wait what has changed."""
        self._ready.extend(packets)
        self._ended |= ended
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

    def _leave(self) -> Future[None]:
        """The end of the session, which is one, however many ask for it."""
        if self._closing is None:
            self._closing = self._thread.submit(self._session.close)
            self._thread.end(wait=False)
        return self._closing


class _Opening:
    """What ``open`` returns: to be awaited, or entered by ``async with``."""

    def __init__(self, function: Callable[[], hwenc.Session], queue: int) -> None:
        self._function = function
        self._queue = queue
        self._session: Session | None = None

    def __await__(self) -> Generator[Any, None, Session]:
        return self._open().__await__()

    async def __aenter__(self) -> Session:
        self._session = await self._open()
        return self._session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def _open(self) -> Session:
        thread = Worker(daemon=True)
        future = thread.submit(self._function)
        try:
            return Session(await asyncio.wrap_future(future), thread, self._queue)
        except asyncio.CancelledError:
            future.add_done_callback(_close_unused)
            thread.end(wait=False)
            raise
        except BaseException:
            thread.end(wait=True)
            raise


def _close_unused(future: Future[hwenc.Session]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()


@overload
def open(decision: hwenc.Decision, /, *, queue: int = 16) -> _Opening: ...
@overload
def open(request: hwenc.Request, /, *, queue: int = 16, **changes: Unpack[Changes]) -> _Opening: ...
@overload
def open(request: None = None, /, *, queue: int = 16, **fields: Unpack[Fields]) -> _Opening: ...
def open(decision_or_request: hwenc.Decision | hwenc.Request | None = None, /, *, queue: int = 16, **fields: Any) -> _Opening:
    """As ``hwenc.open``: ``session = await aio.open(...)`` or ``async with aio.open(...) as session``.

    queue: how many packets wait for ``packets`` at most before ``send`` waits, too; at least 1.
    """
    call: Callable[..., hwenc.Session] = hwenc.open  # the overloads above are its own
    return _Opening(lambda: call(decision_or_request, **fields), max(queue, 1))
