"""What a progress callback may do: raise anything, and call hwenc itself."""

import pytest
from child import FILM, as_before, code, counts, in_child, tiny

import hwenc


class Own(BaseException):
    """Something that nobody foresaw."""


def stopped_by(error, tmp):
    calls = []

    def progress(_):
        calls.append(1)
        raise error

    caught = None
    try:
        hwenc.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="placebo", threads=1, progress=progress)
    except BaseException as raised:
        caught = raised
    assert caught is error, repr(caught)
    assert len(calls) == 1, "a callback that raised is not called again"
    assert list(tmp.iterdir()) == [], "no file is left"


@in_child()
def test_exceptions_stop_the_job_and_come_out_as_they_are(tmp):
    kinds = [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, StopIteration, Own]
    stopped_by(RuntimeError("the first, which opens what is opened once"), tmp)
    before = counts()
    for kind in kinds:
        stopped_by(kind("no more"), tmp)
    assert as_before(before)
    assert len(code(hwenc.open(tiny()))) > 0


@in_child()
def test_a_callback_may_encode_and_transcode(tmp):
    called = []

    def progress(_):
        if not called:
            called.append(len(code(hwenc.open(tiny()))))
            inner = hwenc.transcode(FILM, tmp / "inner.mp4", encoder="libx264", preset="ultrafast", progress=lambda _: None)
            called.append(inner.frames_out)

    hwenc.transcode(FILM, tmp / "out.mp4", encoder="libx264", preset="medium", threads=1, progress=progress)
    assert called[0] > 0
    assert called[1] == 132
    assert sorted(path.name for path in tmp.iterdir()) == ["inner.mp4", "out.mp4"]


@in_child()
def test_a_callback_may_cancel(tmp):
    cancel = hwenc.Cancel()
    arguments = {"encoder": "libx264", "preset": "placebo", "threads": 1, "cancel": cancel}
    with pytest.raises(hwenc.CancelledError):
        hwenc.transcode(FILM, tmp / "out.mp4", progress=lambda _: cancel.cancel(), **arguments)
    assert cancel.cancelled
    assert list(tmp.iterdir()) == []
