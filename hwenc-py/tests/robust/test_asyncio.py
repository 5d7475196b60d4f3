"""Tasks that are cancelled: the session is closed, the job leaves no file, no thread stays, and the loop goes on."""

import asyncio

import pytest
from child import FILM, as_before, code, counts, in_child, picture, slow, tiny

import hwenc
from hwenc import aio

#: Each picture takes 50 ms inside of the driver.
SLOW = ("--device", "intel-gen9", "--engine", "null", "--fault", "va.EndPicture=slow:50@12+")


#: A picture in the middle of the film never returns from the driver.
HANG = ("--device", "intel-gen9", "--engine", "null", "--fault", "va.EndPicture=hang@80")


def device():
    return hwenc.Request("h264", 320, 192, encoder="h264_vaapi", latency="low", qp=30)


async def cancelled(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def cancelled_in_send(request, after):
    session = await aio.open(request)
    sent = []

    async def feed():
        array = picture(request)
        while True:
            await session.send(array)
            sent.append(1)

    async def read():
        return [packet async for packet in session.packets()]

    reader, feeder = asyncio.create_task(read()), asyncio.create_task(feed())
    while len(sent) < after:
        await asyncio.sleep(0)
    await cancelled(feeder)
    assert session.closed
    assert len(await reader) <= len(sent) + 1, "whoever reads comes to the end"
    with pytest.raises(hwenc.Error, match="closed"):
        await session.send(picture(request))


async def cancelled_in_receive(request):
    """Where nothing is to come: the reader waits for ever."""
    session = await aio.open(request)

    async def read():
        return [packet async for packet in session.packets()]

    reader = asyncio.create_task(read())
    await session.send(picture(request))
    for _ in range(10):
        await asyncio.sleep(0)
    await cancelled(reader)
    assert session.closed


async def many(request, rounds):
    for after in range(rounds):
        await cancelled_in_send(request, 1 + after % 5)
        await cancelled_in_receive(request)


@in_child()
def test_cancelled_sends_and_receives_close_the_session():
    asyncio.run(many(tiny(), 2))
    before = counts()
    asyncio.run(many(tiny(), 40))
    asyncio.run(many(slow(threads=2), 3))
    assert as_before(before)
    assert len(code(hwenc.open(tiny()))) > 0


@in_child(under=SLOW)
def test_cancelled_sends_to_a_device_close_the_session():
    asyncio.run(many(device(), 1))
    before = counts()
    asyncio.run(many(device(), 3))
    assert as_before(before)


async def at_once(request):
    """Cancelled before it could begin, and while it opens."""
    for waits in range(30):
        task = asyncio.create_task(open_and_close(request))
        for _ in range(waits):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None


async def open_and_close(request):
    async with aio.open(request) as session:
        await session.send(picture(request))


@in_child()
def test_cancelled_while_it_opens():
    asyncio.run(at_once(tiny()))
    before = counts()
    for _ in range(5):
        asyncio.run(at_once(tiny()))
    assert as_before(before)


async def cancelled_transcode(tmp, *, progress):
    seen = asyncio.Event()
    arguments = {"progress": lambda _: seen.set()} if progress else {}
    job = asyncio.create_task(aio.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="slower", threads=1, **arguments))
    while not (seen.is_set() or (not progress and list(tmp.iterdir()))):
        await asyncio.sleep(0.005)
    await cancelled(job)
    assert list(tmp.iterdir()) == []


@in_child()
def test_cancelled_transcodes_leave_no_file(tmp):
    asyncio.run(cancelled_transcode(tmp, progress=True))
    before = counts()
    for n in range(4):
        asyncio.run(cancelled_transcode(tmp, progress=n % 2 == 0))
    assert as_before(before)


@in_child(under=HANG)
def test_a_cancelled_transcode_whose_driver_hangs_leaves_no_file(tmp):
    async def main():
        job = asyncio.create_task(aio.transcode(FILM, tmp / "out.mp4", encoder="h264_vaapi"))
        while not list(tmp.iterdir()):
            await asyncio.sleep(0.005)
        await cancelled(job)

    asyncio.run(main())
    assert list(tmp.iterdir()) == []


@in_child()
def test_a_loop_that_ends_early_ends_its_sessions(tmp):
    async def leaves():
        tasks = [asyncio.create_task(sends_for_ever(tiny())) for _ in range(4)]
        tasks.append(asyncio.create_task(aio.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="slower", threads=1)))
        while not list(tmp.iterdir()):
            await asyncio.sleep(0.005)
        assert not any(task.done() for task in tasks)

    asyncio.run(leaves())  # it cancels what is left
    before = counts()
    for _ in range(3):
        asyncio.run(leaves())
    assert as_before(before)
    assert list(tmp.iterdir()) == []


async def sends_for_ever(request):
    async with aio.open(request) as session:
        while True:
            await session.send(picture(request))


@in_child()
def test_an_exception_in_a_task_group_closes_what_it_used():
    async def fails():
        async with aio.open(tiny()) as session, asyncio.TaskGroup() as tasks:
            tasks.create_task(session.send(picture(tiny())))
            tasks.create_task(broken())
        return session

    async def broken():
        await asyncio.sleep(0)
        raise ValueError("no more")

    with pytest.raises(ExceptionGroup):
        asyncio.run(fails())
    before = counts()
    for _ in range(20):
        with pytest.raises(ExceptionGroup):
            asyncio.run(fails())
    assert as_before(before)
