"""Interpreters that end in mid-encode: at once, with their own status, without a word."""

import asyncio
import atexit
import contextlib
import os
import sys
import threading

from child import FILM, in_child, picture, slow, tiny, until

import hwenc
from hwenc import aio

NULL = ("--device", "intel-gen9", "--engine", "null")
#: The picture that comes after the trials' never returns from the driver.
HANG = (*NULL, "--fault", "va.EndPicture=hang@12")
KEPT = []


def device():
    return hwenc.Request("h264", 320, 192, encoder="h264_vaapi", latency="low", qp=30)


def sending(request, threads=1):
    """Threads that send without end, and will be in the middle of it."""
    sent = [0] * threads

    def work(n):
        session, array = hwenc.open(request), picture(request)
        while True:
            session.send(array)
            for _ in session.packets():
                pass
            sent[n] += 1

    for n in range(threads):
        threading.Thread(target=work, args=(n,), daemon=True).start()
    return sent


@in_child(says="through")
def test_daemon_threads_send():
    sent = sending(tiny(), 4)
    until(lambda: min(sent) > 3)
    print("through", flush=True)


@in_child(says="through")
def test_daemon_threads_send_pictures_that_take_long():
    sent = sending(slow(), 2)
    until(lambda: min(sent) > 0)
    print("through", flush=True)


@in_child(says="through", ends=7)
def test_sys_exit_with_daemon_threads():
    sent = sending(tiny(), 4)
    until(lambda: min(sent) > 3)
    print("through", flush=True)
    sys.exit(7)


@in_child(says="through", under=NULL)
def test_daemon_threads_send_to_a_device():
    sent = sending(device(), 4)
    until(lambda: min(sent) > 3)
    print("through", flush=True)


@in_child(says="through", under=HANG)
def test_a_daemon_thread_hangs_in_the_driver():
    sent = sending(device())
    until(lambda: sent[0] > 2)
    print("through", flush=True)


@in_child(says="through", under=HANG)
def test_a_session_of_asyncio_hangs_in_the_driver():
    async def main():
        session = await aio.open(device())
        array = picture(device())
        sent = [asyncio.create_task(session.send(array)) for _ in range(20)]
        while session.stats.frames_in < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert not all(task.done() for task in sent)

    asyncio.run(main())
    print("through", flush=True)


@in_child(says="closed at exit")
def test_atexit_closes_what_a_daemon_thread_uses():
    session = hwenc.open(tiny())
    array, sent = picture(tiny()), [0]

    def work():
        with contextlib.suppress(hwenc.Error):
            while True:
                session.send(array)
                sent[0] += 1
                for _ in session.packets():
                    pass

    def at_exit():
        session.close()
        assert session.closed
        print("closed at exit", flush=True)

    atexit.register(at_exit)
    threading.Thread(target=work, daemon=True).start()
    until(lambda: sent[0] > 3)


@in_child(says="through")
def test_sessions_are_open_at_the_end():
    for request in (tiny(), tiny(threads=3, latency="normal"), slow()):
        session = hwenc.open(request)
        session.send(picture(request))
        KEPT.append(session)
        sys.kept = session  # outlives the modules
    print("through", flush=True)


@in_child(says="through", under=NULL)
def test_device_sessions_are_open_at_the_end():
    session = hwenc.open(device())
    session.send(picture(device()))
    KEPT.append(session)
    sys.kept = session, session.receive()
    print("through", flush=True)


@in_child(says="through")
def test_a_cycle_is_collected_at_the_end():
    class Holder:
        """Keeps a session, a packet and itself, and uses them when it goes."""

        def __del__(self):
            self.session.close()

    holder = Holder()
    holder.session, holder.me = hwenc.open(tiny()), holder
    holder.session.send(picture(tiny()))
    holder.packet = memoryview(holder.session.receive())
    print("through", flush=True)


@in_child(says="through")
def test_transcode_in_a_daemon_thread(tmp):
    seen = []
    arguments = {"encoder": "libx264", "preset": "placebo", "threads": 2, "progress": seen.append}
    thread = threading.Thread(target=hwenc.transcode, args=(FILM, tmp / "out.mp4"), kwargs=arguments, daemon=True)
    thread.start()
    until(lambda: len(seen) > 1)
    print("through", flush=True)


@in_child(says="through", ends=3)
def test_os_exit_in_mid_encode():
    sent = sending(tiny(), 2)
    until(lambda: min(sent) > 3)
    print("through", flush=True)
    os._exit(3)


@in_child(says="through", under=("--device", "liar-hang", "--engine", "null"))
def test_a_probe_in_a_daemon_thread():
    from child import children

    threading.Thread(target=lambda: hwenc.probe(refresh=True, deadline=600), daemon=True).start()
    until(children)
    print("through", flush=True)
