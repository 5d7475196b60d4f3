"""Sessions: pictures in, packets out, from one thread or several, to whichever end they come."""

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import hwenc

W, H = 320, 240
PICTURE = W * H * 3 // 2
FRAME = np.add.outer(np.arange(H), np.arange(W))[..., None].astype(np.uint8) * np.array([1, 2, 3], np.uint8)


def session(**fields: Any) -> hwenc.Session:
    all_fields: Any = {"codec": "h264", "width": W, "height": H, "encoder": "libx264", "fps": 25} | fields
    return hwenc.open(**all_fields)


def test_pictures_become_packets() -> None:
    with session() as out:
        assert (out.closed, out.finished) == (False, False)
        assert out.receive() is None
        packets = [packet for _ in range(60) for packet in out.encode(FRAME)]
        assert 0 < len(packets) < 60
        packets += out.drain()
        assert (out.closed, out.finished, out.receive()) == (False, True, None)
        with pytest.raises(hwenc.Error) as caught:
            out.send(FRAME)
        assert caught.value.code == "session.finished"
    assert (out.closed, out.finished) == (True, True)
    assert {packet.pts for packet in packets} == set(range(60))
    times = [packet.dts or 0 for packet in packets]
    assert times == sorted(times)
    stats = out.stats
    assert (stats.frames_in, stats.packets_out, stats.copied_frames) == (60, 60, 60)
    assert stats.bytes_out == sum(map(len, packets))
    assert stats.copied_bytes == 60 * PICTURE
    assert stats.to_dict() == {
        "frames_in": 60,
        "packets_out": 60,
        "bytes_out": stats.bytes_out,
        "copied_frames": 60,
        "copied_bytes": 60 * PICTURE,
        "forced_idr": 0,
        "reopened": 0,
    }
    assert repr(stats).startswith("hwenc.Stats(frames_in=60, packets_out=60, bytes_out=")
    assert stats == out.stats


def test_send_and_receive_are_encode() -> None:
    streams: list[list[bytes]] = []
    for way in range(3):
        with session(latency="low") as out:
            packets: list[hwenc.Packet] = []
            for n in range(5):
                if way == 0:
                    packets += out.encode(FRAME)
                    continue
                out.send(FRAME, pts=n if way == 2 else None)
                packets += out.packets()
            assert len(packets) == 5
            out.finish()
            out.finish()
            while packet := out.receive():
                packets.append(packet)
            streams.append([bytes(packet) for packet in packets])
    assert streams[0] == streams[1] == streams[2]


def test_pictures_have_times_and_can_be_idrs() -> None:
    with session(gop=1000, time_base=(1, 1000), latency="low") as out:
        packets = out.encode(FRAME, pts=-80)
        packets += out.encode(FRAME, pts=3, duration=7)
        packets += out.encode(FRAME, idr=True)
        out.force_idr()
        packets += out.encode(FRAME, pts=1000)
        for wrong in (1000, 3):
            with pytest.raises(hwenc.Error) as caught:
                out.send(FRAME, pts=wrong)
            assert (caught.value.code, caught.value.legal) == ("picture.invalid", "above 1000")
        assert out.stats.forced_idr == 2
    assert [packet.pts for packet in packets] == [-80, 3, 43, 1000]
    assert [packet.duration for packet in packets] == [40, 7, 40, 40]
    assert [packet.is_keyframe for packet in packets] == [True, False, True, True]


def test_it_says_what_it_is() -> None:
    decision = hwenc.choose(codec="h264", width=W, height=H, encoder="libx264", fps=(30000, 1001), qp=23, preset="fast")
    with decision.open() as out:
        assert (out.encoder, out.backend, out.device) == ("libx264", "software", None)
        assert out.decision == decision
        assert out.requested["qp"] == "23"
        assert out.requested["size"] == "320x240"
        assert out.applied["preset"] == "fast"
        assert out.applied["qp"] == "23"
        assert out.time_base == Fraction(1001, 30000)
        assert out.extradata == b""
        assert repr(out) == "<hwenc.Session libx264 320x240, open>"
        out.send(FRAME)
        assert str(out) == "h264 320x240 by libx264: 1 pictures in, 0 packets out, 0 bytes"
        list(out.drain())
        assert repr(out) == "<hwenc.Session libx264 320x240, finished>"
    assert repr(out) == "<hwenc.Session libx264 320x240, closed>"
    assert (out.encoder, out.applied["qp"]) == ("libx264", "23")


def test_parameter_sets_can_be_beside_the_stream() -> None:
    with session(parameter_sets="global") as out:
        assert out.extradata.startswith(b"\x00\x00\x00\x01\x67")


def test_open_takes_what_choose_takes() -> None:
    request = hwenc.Request("h264", W, H, encoder="libx264")
    with hwenc.open(request) as a, hwenc.open(request, qp=30) as b, hwenc.open(hwenc.choose(request)) as c:
        assert [out.requested.get("qp") for out in (a, b, c)] == [None, "30", None]
    with pytest.raises(TypeError, match="replace"):
        hwenc.open(hwenc.choose(request), qp=30)  # type: ignore[call-overload]
    nonsense: Any = 7
    with pytest.raises(TypeError):
        hwenc.open(nonsense)
    with pytest.raises(hwenc.UsageError):
        hwenc.open(request, width=0)
    with pytest.raises(TypeError):
        hwenc.Session()


def test_copies_can_be_forbidden() -> None:
    with session(zero_copy="require") as out:
        with pytest.raises(hwenc.Error) as caught:
            out.send(FRAME)
        assert caught.value.code == "encode.copy_required"
        assert caught.value.remedy


USES: dict[str, Callable[[hwenc.Session], Any]] = {
    "send": lambda out: out.send(FRAME),
    "encode": lambda out: out.encode(FRAME),
    "receive": lambda out: out.receive(),
    "packets": lambda out: list(out.packets()),
    "drain": lambda out: list(out.drain()),
    "finish": lambda out: out.finish(),
    "force_idr": lambda out: out.force_idr(),
}


@pytest.mark.parametrize("use", USES)
def test_a_closed_session_is_used_no_more(use: str) -> None:
    out = session()
    packets = out.packets()
    out.send(FRAME)
    out.close()
    out.close()
    for call in (USES[use], lambda _: next(packets)):
        with pytest.raises(hwenc.Error) as caught:
            call(out)
        assert caught.value.code == "session.closed"
        assert caught.value.remedy
    assert out.closed
    assert not out.finished
    assert out.stats.frames_in == 1


def test_with_closes_whatever_happens() -> None:
    out = session()
    with pytest.raises(ZeroDivisionError), out:
        raise ZeroDivisionError
    assert out.closed


def test_nothing_is_kept_alive() -> None:
    out = session()
    out.send(FRAME)
    packets, gone = out.packets(), weakref.ref(out)
    del out
    gc.collect()
    assert gone() is not None
    del packets
    gc.collect()
    assert gone() is None


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Runs it in as many threads, and raises what any of them raised."""
    failures: list[BaseException] = []

    def run(n: int) -> None:
        try:
            work(n)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "a deadlock"
    if failures:
        raise failures[0]


def test_threads_share_a_session() -> None:
    with session(preset="ultrafast") as out:
        packets: list[hwenc.Packet] = []

        def work(n: int) -> None:
            for _ in range(40):
                if n == 0:
                    packets.extend(out.packets())
                    assert out.stats.frames_in <= 120
                    assert repr(out)
                else:
                    out.send(FRAME)

        in_threads(4, work)
        packets += out.drain()
    assert len(packets) == 120
    assert {packet.pts for packet in packets} == set(range(120))


@pytest.mark.parametrize("attempt", range(5))
def test_a_session_is_closed_while_others_are_in_it(attempt: int) -> None:
    out, started = session(preset="veryslow", threads=1 + attempt), threading.Barrier(5)
    ends: list[str] = []

    def work(n: int) -> None:
        started.wait(60)
        if n == 0:
            while out.stats.frames_in < 3:
                time.sleep(0)
            out.close()
            assert out.closed
            return
        try:
            while True:
                out.encode(FRAME)
        except hwenc.Error as error:
            ends.append(error.code)

    in_threads(5, work)
    assert ends == ["session.closed"] * 4
    assert out.stats.frames_in >= 3


def test_a_session_goes_with_its_last_thread() -> None:
    kept = [session() for _ in range(4)]

    def work(_: int) -> None:
        out = kept.pop()
        out.send(FRAME)
        del out

    in_threads(4, work)
    assert not kept


def test_other_threads_run_meanwhile() -> None:
    """With an interval that never ends the GIL changes hands only where a call gives it away."""
    counted, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0)

    before, thread = sys.getswitchinterval(), threading.Thread(target=count, daemon=True)
    large = np.zeros((720, 1280, 3), np.uint8)
    with session(width=1280, height=720) as out:
        sys.setswitchinterval(1000)
        try:
            thread.start()
            seen, sent = counted[0], 0
            while counted[0] == seen and sent < 1000:
                out.send(large)
                sent += 1
            assert counted[0] > seen, f"nothing ran during {sent} calls"
        finally:
            stop.set()
            sys.setswitchinterval(before)
            thread.join(60)


ENDS = {
    "a session in a global": "out = opened(); [out.send(picture) for _ in range(30)]",
    "packets and views in globals": "out = opened(); p = [x for _ in range(60) for x in out.encode(picture)]; v = p[0].data",
    "a thread in mid-encode": """
import threading
out, sent = opened(preset="veryslow"), threading.Event()
def work():
    while True:
        out.encode(picture)
        sent.set()
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
sent.wait()
""",
    "an exception": "out = opened(); out.send(picture); raise SystemExit(0)",
    "in a cycle": "class Holder: pass\nh = Holder(); h.me = h; h.out = opened(); h.out.send(picture)",
    "at exit": "import atexit; out = opened(); atexit.register(lambda: list(out.drain())); out.send(picture)",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_interpreter_ends_in_mid_encode(end: str) -> None:
    program = f"""
import hwenc
picture = bytes(640 * 360 * 3 // 2)
def opened(**fields):
    return hwenc.open(codec="h264", width=640, height=360, encoder="libx264", **fields)
{ENDS[end]}
print("done")
"""
    ran = subprocess.run([sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ("" if "SystemExit" in program else "done\n")
    assert not [word for word in ("Fatal", "Traceback", "Warning") if word in ran.stderr], ran.stderr


FORKS = """
import gc, os, sys, hwenc
picture = bytes(640 * 360 * 3 // 2)
out = hwenc.open(codec="h264", width=640, height=360, encoder="libx264", threads=4)
packets = [packet for _ in range(20) for packet in out.encode(picture)]
child = os.fork()
if child == 0:
    try:
        out.send(picture)
    except hwenc.Error as error:
        assert error.code == "session.closed", error
        out.close()
        with hwenc.open(codec="h264", width=640, height=360, encoder="libx264") as own:
            own.send(picture)
            assert len(list(own.drain())) == 1
        if sys.argv[1] == "drop":
            del out
            gc.collect()
        sys.exit(7)
    sys.exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
packets += [*out.encode(picture), *out.drain()]
assert len(packets) == 21
"""


@pytest.mark.parametrize("end", ["drop", "exit"])
def test_a_child_leaves_the_session_of_its_parent_alone(end: str) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS, end]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


def test_sessions_come_and_go() -> None:
    """What a hundred of them leave behind is nothing."""
    from pathlib import Path

    def left() -> tuple[int, int]:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

    decision = hwenc.choose(codec="h264", width=W, height=H, encoder="libx264", preset="ultrafast")
    for n in range(110):
        if n == 10:
            before = left()
        out = decision.open()
        out.send(FRAME)
        if n % 3 == 0:
            out.close()
        elif n % 3 == 1:
            list(out.drain())
        del out
    assert left() == before
