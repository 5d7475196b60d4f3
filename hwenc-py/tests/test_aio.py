"""Sessions, decisions and jobs in asyncio."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

import hwenc
from hwenc import aio

T = TypeVar("T")

WANT = hwenc.Request("h264", 320, 240, encoder="libx264", preset="ultrafast", input="nv12")
BIG = hwenc.Request("h264", 1920, 1080, encoder="libx264", preset="placebo", input="nv12")
PICTURE = bytes(320 * 240 * 3 // 2)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs it, and sees that it leaves no thread."""
    before = threading.active_count()
    result = asyncio.run(work)
    assert threading.active_count() == before, threading.enumerate()
    return result


async def send(session: aio.Session, count: int) -> None:
    for _ in range(count):
        await session.send(PICTURE)
    await session.finish()


def test_one_task_sends_and_another_takes() -> None:
    async def work() -> list[int | None]:
        async with aio.open(WANT) as session, asyncio.TaskGroup() as tasks:
            tasks.create_task(send(session, 30))
            got = [packet.pts async for packet in session.packets()]
        assert session.closed
        assert session.stats.packets_out == 30
        return got

    assert sorted(pts for pts in run(work()) if pts is not None) == list(range(30))


def test_packets_are_kept_where_nobody_takes_them_yet() -> None:
    async def work() -> int:
        session = await aio.open(WANT)
        assert (session.encoder, session.backend, session.device) == ("libx264", "software", None)
        assert session.requested["codec"] == "h264"
        await send(session, 40)
        count = len([packet async for packet in session.packets()])
        await session.close()
        await session.close()
        return count

    assert run(work()) == 40


def test_receive_gives_packets_one_by_one() -> None:
    async def work() -> int:
        count = 0
        async with aio.open(codec="h264", width=320, height=240, encoder="libx264", input="nv12") as session:
            await session.send(PICTURE)
            await session.force_idr()
            await session.send(PICTURE)
            await session.finish()
            while await session.receive() is not None:
                count += 1
        return count

    assert run(work()) == 2


def test_send_waits_for_who_takes_the_packets() -> None:
    async def work() -> None:
        most = 0
        async with aio.open(WANT, latency="low", queue=2) as session, asyncio.TaskGroup() as tasks:
            sender = tasks.create_task(send(session, 20))
            async for _ in session.packets():
                for _ in range(20):
                    await asyncio.sleep(0.002)
                most = max(most, len(session._ready))
            await sender
        # Those that wait, and that of the picture at hand.
        assert most <= 3

    run(work())


def test_the_loop_goes_on_while_the_encoder_works() -> None:
    async def work() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticker = asyncio.create_task(tick())
        async with aio.open(BIG) as session:
            for _ in range(3):
                await session.send(bytes(1920 * 1080 * 3 // 2))
            await session.finish()
        ticker.cancel()
        return ticks

    assert run(work()) > 5


def test_cancelling_a_call_closes_the_session() -> None:
    async def work() -> None:
        session = await aio.open(BIG)

        async def forever() -> None:
            while True:
                await session.send(bytes(1920 * 1080 * 3 // 2))

        sender = asyncio.create_task(forever())
        while session.stats.frames_in == 0:
            await asyncio.sleep(0.01)
        sender.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sender
        assert session.closed
        with pytest.raises(hwenc.Error) as caught:
            await session.send(PICTURE)
        assert caught.value.code == "session.closed"

    run(work())


def test_cancelling_whoever_takes_packets_closes_it_too() -> None:
    async def work() -> None:
        session = await aio.open(WANT)

        async def take() -> None:
            async for _ in session.packets():
                pass

        taker = asyncio.create_task(take())
        await session.send(PICTURE)
        taker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taker
        assert session.closed

    run(work())


def test_closing_ends_whoever_takes_packets() -> None:
    async def work() -> None:
        session = await aio.open(WANT)

        async def take() -> int:
            return len([packet async for packet in session.packets()])

        taker = asyncio.create_task(take())
        await asyncio.sleep(0)
        await session.close()
        assert await taker == 0

    run(work())


def test_a_cancelled_open_leaves_no_session() -> None:
    async def work() -> None:
        opening = asyncio.ensure_future(open_it())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        while any(thread.name.startswith("hwenc") for thread in threading.enumerate()):
            await asyncio.sleep(0.01)

    async def open_it() -> aio.Session:
        return await aio.open(WANT)

    run(work())


def test_errors_are_those_of_the_session() -> None:
    async def work() -> None:
        with pytest.raises(hwenc.UsageError):
            await aio.open(codec="h264", width=641, height=480)
        async with aio.open(WANT) as session:
            with pytest.raises(hwenc.Error):
                await session.send(b"short")
            await session.send(PICTURE)

    run(work())


def test_choose_and_probe(tmp_path: Path) -> None:
    async def work() -> None:
        decision, report = await asyncio.gather(
            aio.choose(codec="h264", width=320, height=240, encoder="libx264"),
            aio.probe(request=hwenc.Request("h264", 320, 240, encoder="libx264"), cache_dir=tmp_path),
        )
        assert decision.encoder == "libx264"
        assert ("libx264", None) in report.working
        async with aio.open(decision) as session:
            assert session.decision == decision
        with pytest.raises(hwenc.NoEncoderError):
            await aio.choose(codec="h264", width=320, height=240, encoder="h264_nvmpi")

    run(work())


def test_transcode_with_progress_in_the_loop(film: Path, tmp_path: Path) -> None:
    threads: set[int] = set()

    async def work() -> hwenc.TranscodeReport:
        def progress(_: hwenc.Progress) -> None:
            threads.add(threading.get_ident())

        out = tmp_path / "out.mp4"
        return await aio.transcode(film, out, encoder="libx264", preset="ultrafast", progress=progress)

    assert run(work()).frames_out == 132
    assert threads == {threading.get_ident()}


def test_an_exception_in_progress_stops_the_job(film: Path, tmp_path: Path) -> None:
    async def work() -> None:
        def fails(_: hwenc.Progress) -> None:
            raise RuntimeError("enough")

        with pytest.raises(RuntimeError, match="enough"):
            await aio.transcode(film, tmp_path / "out.mp4", encoder="libx264", preset="ultrafast", progress=fails)

    run(work())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shown", [False, True])
def test_cancelling_a_job_leaves_no_file(film: Path, tmp_path: Path, shown: bool) -> None:
    async def work() -> None:
        begun = asyncio.Event()
        job = asyncio.create_task(
            aio.transcode(
                film,
                tmp_path / "out.mp4",
                encoder="libx264",
                preset="placebo",
                progress=(lambda _: begun.set()) if shown else None,
            )
        )
        while not (begun.is_set() if shown else list(tmp_path.iterdir())):
            await asyncio.sleep(0.01)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert list(tmp_path.iterdir()) == []

    run(work())


def test_a_loop_that_is_left_holds_nobody_up(film: Path, tmp_path: Path) -> None:
    """The program ends in the middle of a job, without cancelling anything."""
    code = """
import asyncio, sys
from hwenc import aio
loop = asyncio.new_event_loop()
job = aio.transcode(*sys.argv[1:3], encoder="libx264", preset="placebo", progress=lambda _: loop.stop())
task = loop.create_task(job)
loop.run_forever()
"""
    command = [sys.executable, "-W", "ignore", "-c", code, str(film), str(tmp_path / "out.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_asyncio_is_imported_when_it_is_asked_for() -> None:
    code = "import hwenc, sys; assert 'asyncio' not in sys.modules; hwenc.aio.open; assert 'asyncio' in sys.modules; hwenc.nothing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.rstrip().endswith("AttributeError: module 'hwenc' has no attribute 'nothing'")
