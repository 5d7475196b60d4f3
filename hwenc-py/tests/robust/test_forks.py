"""fork() after a probe and beside open sessions, and multiprocessing's ways to start processes."""

import contextlib
import multiprocessing
import os
import sys

from child import as_before, children, code, counts, in_child, picture, slow, tiny

import hwenc

NULL = ("--device", "intel-gen9", "--engine", "null")


def device():
    return hwenc.Request("h264", 320, 192, encoder="h264_vaapi", latency="low", qp=30)


def forked(work):
    """Runs `work` in a fork that ends as interpreters do, destructors and all, and checks its status.

    `sys.exit` goes out through `main` of child.py.
    """
    pid = os.fork()
    if pid == 0:
        work()
        sys.exit(42)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 42, os.waitstatus_to_exitcode(status)


def nothing():
    pass


@in_child()
def test_a_fork_after_a_probe_does_nothing():
    hwenc.probe()
    before = counts()
    for _ in range(5):
        forked(nothing)
    assert as_before(before)
    assert children() == []
    assert len(code(hwenc.open(tiny()))) > 0


@in_child()
def test_a_fork_after_a_probe_encodes_and_probes():
    hwenc.probe()
    expected = code(hwenc.open(tiny()))

    def work():
        assert code(hwenc.open(tiny())) == expected
        hwenc.probe()
        hwenc.probe(refresh=True)
        assert code(hwenc.open(hwenc.choose(tiny()))) == expected

    for _ in range(2):
        forked(work)
    assert code(hwenc.open(tiny())) == expected


@in_child(under=NULL)
def test_a_fork_after_a_probe_encodes_on_the_device():
    hwenc.probe()
    expected = code(hwenc.open(device()))

    def work():
        assert code(hwenc.open(device())) == expected

    for _ in range(2):
        forked(work)
    assert code(hwenc.open(device())) == expected


def beside(request):
    """A fork beside an open session: it drops its copy, whose threads it does not have, and the parent's goes on."""
    expected = code(hwenc.open(request), 12)
    session, stream = hwenc.open(request), []
    for n in range(12):
        session.send(picture(request, n))
        stream += [bytes(packet) for packet in session.packets()]
        if n in (0, 6):
            forked(nothing)
    stream += [bytes(packet) for packet in session.drain()]
    assert b"".join(stream) == expected


@in_child(seconds=120)
def test_a_fork_beside_open_sessions():
    beside(tiny())
    beside(tiny(threads=3, latency="normal"))
    beside(slow(threads=2))
    assert children() == []


@in_child(under=NULL)
def test_a_fork_beside_an_open_session_on_a_device():
    beside(device())


@in_child()
def test_a_fork_may_not_use_its_parents_session():
    request = tiny(threads=3, latency="normal")
    session = hwenc.open(request)
    session.send(picture(request))

    def work():
        # Whether it is refused or works is not promised; it must neither hang nor crash.
        with contextlib.suppress(hwenc.Error):
            session.close()

    forked(work)
    assert len(list(session.drain())) == 1


def encodes(size, results):
    results.put((size, code(hwenc.open(tiny(width=size)))))


def by(method):
    hwenc.probe()
    expected = {size: code(hwenc.open(tiny(width=size))) for size in (64, 96, 128)}
    context = multiprocessing.get_context(method)
    results = context.Queue()
    processes = [context.Process(target=encodes, args=(size, results)) for size in expected]
    for process in processes:
        process.start()
    got = dict(results.get() for _ in processes)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    assert got == expected


@in_child()
def test_multiprocessing_by_fork():
    by("fork")


@in_child()
def test_multiprocessing_by_spawn():
    by("spawn")


@in_child()
def test_multiprocessing_by_forkserver():
    by("forkserver")
