"""Ctrl-C: KeyboardInterrupt from whatever runs, nothing left behind, and everything works afterwards."""

import os
import signal
import threading
import time

from child import FILM, as_before, aside, children, code, counts, in_child, picture, slow, tiny, until

import hwenc

#: A picture in the middle of the film never returns from the driver.
HANG = ("--device", "intel-gen9", "--engine", "null", "--fault", "va.EndPicture=hang@80")
HANGS = ("--device", "liar-hang", "--engine", "null")


def interrupt():
    """As from the terminal: the signal goes to the process, and the kernel picks the thread."""
    os.kill(os.getpid(), signal.SIGINT)


def interrupted(work):
    try:
        work()
    except KeyboardInterrupt:
        return
    raise AssertionError("it was not interrupted")


@in_child()
def test_transcode_without_a_callback(tmp):
    def when_it_writes():
        until(lambda: list(tmp.iterdir()))
        interrupt()

    for _ in range(3):
        with aside(when_it_writes):
            interrupted(lambda: hwenc.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="placebo", threads=1))
        assert list(tmp.iterdir()) == [], "no file is left"


@in_child()
def test_transcode_with_a_callback(tmp):
    def progress(_):
        interrupt()

    interrupted(lambda: hwenc.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="placebo", threads=1, progress=progress))
    assert list(tmp.iterdir()) == []


@in_child()
def test_transcode_in_another_thread_goes_on_until_it_is_cancelled(tmp):
    cancel, outcome = hwenc.Cancel(), []

    def work():
        try:
            hwenc.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="placebo", threads=1, cancel=cancel)
        except hwenc.CancelledError as error:
            outcome.append(error)

    worker = threading.Thread(target=work)

    def when_it_writes():
        until(lambda: list(tmp.iterdir()))
        interrupt()

    def meanwhile():
        worker.start()
        # Not a lock: CPython may go to sleep on one between looking for signals and sleeping.
        while True:
            time.sleep(0.01)

    with aside(when_it_writes):
        interrupted(meanwhile)
    assert not outcome, "Ctrl-C is the main thread's"
    assert list(tmp.iterdir()), "the job goes on"
    cancel.cancel()
    worker.join()
    assert len(outcome) == 1
    assert list(tmp.iterdir()) == []


@in_child(env={"CHILD_SIGINT": "kept"}, ignore_sigint=True)
def test_who_ignores_sigint_is_not_interrupted(tmp):
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    report = hwenc.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="medium", threads=1, progress=lambda _: interrupt())
    assert report.frames_out == 132
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@in_child(under=HANG)
def test_transcode_whose_driver_hangs(tmp):
    def when_it_writes():
        until(lambda: list(tmp.iterdir()))
        interrupt()

    with aside(when_it_writes):
        interrupted(lambda: hwenc.transcode(FILM, tmp / "out.mp4", encoder="h264_vaapi"))
    assert list(tmp.iterdir()) == []


def send_until_interrupted(request, after):
    pictures = [picture(request, n) for n in range(4)]
    sent = 0
    with aside(lambda: (until(lambda: sent >= after), interrupt())):
        try:
            with hwenc.open(request) as session:
                while True:
                    session.send(pictures[sent % 4])
                    for _ in session.packets():
                        pass
                    sent += 1
        except KeyboardInterrupt:
            pass
    assert session.closed, "`with` closes"
    return session


@in_child()
def test_loops_of_send():
    send_until_interrupted(tiny(), 3)
    before = counts()
    for n in range(1, 31):
        send_until_interrupted(tiny(), n)
    for _ in range(3):
        send_until_interrupted(slow(threads=2), 2)
    assert as_before(before)
    assert len(code(hwenc.open(tiny()))) > 0


@in_child()
def test_a_session_goes_on_after_an_interrupt():
    request = tiny()
    pictures = [picture(request, n) for n in range(4)]
    session, packets, sent = hwenc.open(request), 0, [0]

    def when_more_are_sent():
        goal = sent[0] + 10
        until(lambda: sent[0] >= goal)
        interrupt()

    for _ in range(20):
        with aside(when_more_are_sent):
            try:
                while True:
                    session.send(pictures[sent[0] % 4])
                    sent[0] += 1
            except KeyboardInterrupt:
                pass
        packets += sum(1 for _ in session.packets())
    packets += sum(1 for _ in session.drain())
    # One that was taken may not have been counted: the interrupt came between the two.
    assert session.stats.frames_in == packets >= sent[0]


@in_child(under=HANGS)
def test_probes_of_a_device_that_hangs():
    request = hwenc.Request("h264", 640, 368)
    for work in (
        lambda: hwenc.probe(refresh=True, deadline=600),
        lambda: hwenc.probe(request=request, refresh=True, deadline=600),
    ):
        known = set(children())  # an earlier helper is still there

        def when_a_helper_runs(known=known):
            until(lambda: set(children()) - known)
            interrupt()

        with aside(when_a_helper_runs):
            interrupted(work)
    # The helper goes with this process at the latest; whoever started this one sees to that.
    assert len(code(hwenc.open(tiny()))) > 0
