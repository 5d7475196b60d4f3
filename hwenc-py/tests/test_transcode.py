"""Film in, film out: progress, and the ways in which a job can end early."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import hwenc

QUICK: dict[str, Any] = {"encoder": "libx264", "preset": "ultrafast"}
SLOW: dict[str, Any] = {"encoder": "libx264", "preset": "placebo"}


def test_a_film_is_encoded_and_reported(film: Path, tmp_path: Path) -> None:
    steps: list[hwenc.Progress] = []
    threads: set[int] = set()

    def progress(step: hwenc.Progress) -> None:
        steps.append(step)
        threads.add(threading.get_ident())

    out = tmp_path / "out.mp4"
    report = hwenc.transcode(film, out, size=(640, 360), quality=50, progress=progress, **QUICK)
    assert (report.frames_in, report.frames_out, report.corrupt_frames) == (132, 132, 0)
    assert (report.encoder, report.backend, report.device, report.fallback_used) == ("libx264", "software", None, False)
    assert report.bytes_out == out.stat().st_size
    assert report.bytes_in == film.stat().st_size
    assert report.output == str(out)
    assert report.duration_s == pytest.approx(5.3, abs=0.1)
    assert [(stream.kind, stream.action) for stream in report.streams] == [("video", "encoded"), ("audio", "copied")]
    assert report.settings_requested["size"] == "640x360"
    assert report.settings_applied["preset"] == "ultrafast"
    assert report.decision.encoder == "libx264"
    assert report.to_dict()["frames_out"] == 132
    assert "132 frames by libx264" in repr(report)
    assert threads == {threading.get_ident()}
    assert steps[-1].fraction == 1.0
    assert (steps[-1].frames, steps[-1].total_frames) == (132, 132)
    assert steps[-1].bytes_out == report.bytes_out


@pytest.mark.parametrize("last", [False, True])
def test_an_exception_in_progress_comes_out_with_its_traceback(film: Path, tmp_path: Path, last: bool) -> None:
    def fails(step: hwenc.Progress) -> None:
        if not last or step.fraction == 1.0:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough") as caught:
        hwenc.transcode(film, tmp_path / "out.mp4", progress=fails, **QUICK)
    assert caught.traceback[-1].name == "fails"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shown", [False, True])
def test_a_job_is_cancelled_from_progress_and_from_another_thread(film: Path, tmp_path: Path, shown: bool) -> None:
    cancel = hwenc.Cancel()
    progress = (lambda _: cancel.cancel()) if shown else None
    timer = threading.Timer(60 if shown else 0.3, cancel.cancel)
    timer.start()
    with pytest.raises(hwenc.CancelledError) as caught:
        hwenc.transcode(film, tmp_path / "out.mp4", progress=progress, cancel=cancel, **SLOW)
    timer.cancel()
    assert (caught.value.code, caught.value.kind) == ("cancelled", "cancelled")
    assert cancel.cancelled
    assert list(tmp_path.iterdir()) == []


def test_in_another_thread_a_job_runs_and_fails_like_here(film: Path, tmp_path: Path) -> None:
    got: list[object] = []

    def work() -> None:
        got.append(hwenc.transcode(film, tmp_path / "out.mp4", **QUICK))
        try:
            hwenc.transcode(film, tmp_path / "out.mp4", **QUICK)
        except hwenc.Error as error:
            got.append(error.code)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(120)
    assert isinstance(got[0], hwenc.TranscodeReport)
    assert got[1] == "output.exists"


def test_the_size_gate(film: Path, tmp_path: Path) -> None:
    with pytest.raises(hwenc.SizeGateError) as caught:
        hwenc.transcode(film, tmp_path / "out.mp4", quality=95, max_size_ratio=0.1, **QUICK)
    assert caught.value.kind == "gate"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"size": (641, 360)}, hwenc.UsageError),
        ({"size": 3}, TypeError),
        ({"codec": "theora"}, hwenc.UsageError),
        ({"on_corrupt": "perhaps"}, hwenc.UsageError),
        ({"decode_on": "moon"}, hwenc.UsageError),
        ({"max_size_ratio": -1.0}, hwenc.UsageError),
        ({"options": {"no_such_option": 1}}, hwenc.UsageError),
        ({"progress": 3}, TypeError),
        ({"quality": 50, "qp": 20}, TypeError),
        ({"threads": -1}, hwenc.UsageError),
    ],
)
def test_wrong_arguments_touch_no_file(film: Path, tmp_path: Path, fields: dict[str, Any], kind: type) -> None:
    with pytest.raises(kind):
        hwenc.transcode(film, tmp_path / "out.mp4", **{"encoder": "libx264", **fields})
    assert list(tmp_path.iterdir()) == []


# A shell may have had SIGINT ignored for its children; the interpreter's usual handler is what is tested.
JOB = """
import signal, sys, hwenc
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
show = (lambda step: print("going", flush=True)) if sys.argv[3] == "shown" else None
print("going", flush=True) if show is None else None
try:
    hwenc.transcode(sys.argv[1], sys.argv[2], encoder="libx264", preset="placebo", progress=show)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise
"""


@pytest.mark.parametrize("shown", ["shown", "silent"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_job_and_leaves_nothing(film: Path, tmp_path: Path, shown: str, number: signal.Signals) -> None:
    command = [sys.executable, "-c", JOB, str(film), str(tmp_path / "out.mp4"), shown]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "going\n"
        while not list(tmp_path.iterdir()):  # it has begun to write
            assert job.poll() is None
        job.send_signal(number)
        out, errors = job.communicate(timeout=60)
    if number == signal.SIGINT:
        assert "interrupted" in out
        assert errors.rstrip().endswith("KeyboardInterrupt")
        assert job.returncode in (1, -signal.SIGINT)
    else:
        assert job.returncode == 7
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_hangs_is_left_alone(tmp_path: Path) -> None:
    """A read that never ends: a pipe that somebody holds open and writes nothing to."""
    os.mkfifo(tmp_path / "film.mkv")
    command = [sys.executable, "-c", JOB, str(tmp_path / "film.mkv"), str(tmp_path / "out.mp4"), "silent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "going\n"
        with (tmp_path / "film.mkv").open("wb"):  # waits until the job reads
            job.send_signal(signal.SIGINT)
            out, _ = job.communicate(timeout=60)
    assert "interrupted" in out
    assert [path.name for path in tmp_path.iterdir()] == ["film.mkv"]


END = """
import sys, threading, time, hwenc
job = {"encoder": "libx264", "preset": "placebo", "progress": lambda step: begun.set()}
begun = threading.Event()
threading.Thread(target=hwenc.transcode, args=sys.argv[1:3], kwargs=job, daemon=True).start()
begun.wait()
sys.exit(3)
"""


def test_a_job_of_a_thread_that_nobody_waits_for_ends_with_the_interpreter(film: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", END, str(film), str(tmp_path / "out.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_a_forked_child_leaves_the_jobs_of_its_parent_alone(film: Path, tmp_path: Path) -> None:
    code = """
import os, sys, warnings, hwenc
warnings.simplefilter("ignore")
children = []
def show(step):
    if not children:
        children.append(os.fork())
        if not children[0]:
            sys.exit(0)  # by way of atexit
        os.waitpid(children[0], 0)
hwenc.transcode(sys.argv[1], sys.argv[2], encoder="libx264", preset="ultrafast", progress=show)
"""
    out = tmp_path / "out.mp4"
    done = subprocess.run([sys.executable, "-c", code, str(film), str(out)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == [out]
