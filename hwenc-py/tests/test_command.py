"""`python -m hwenc`: the whole command, in the interpreter's process."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hwenc


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # Nothing else can be the command: no program is found.
    clean = os.environ | {"PATH": "/nowhere"} | environment
    return subprocess.run([sys.executable, "-m", "hwenc", *words], env=clean, capture_output=True, text=True, timeout=120)


def test_its_version_is_the_packages() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"hwenc {hwenc.__version__}\n")


def test_every_command_is_there() -> None:
    help_text = run("--help").stdout
    for command in ("probe", "select", "doctor", "transcode"):
        assert command in help_text
        assert run(command, "--help").returncode == 0


def test_probe_select_and_doctor_share_reports(tmp_path: Path) -> None:
    saved = tmp_path / "report.json"
    assert run("probe", "--json", "--output", str(saved)).returncode == 0
    assert hwenc.Report.from_json(saved.read_text()).isolation == "process"
    done = run("select", "--codec", "h264", "--size", "640x480", "--encoder", "libx264", "--input", str(saved), "--json")
    assert json.loads(done.stdout)["candidates"][-1]["encoder"] == "libx264"
    assert run("doctor", "--list-checks").stdout.startswith("ffmpeg.version")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("frobnicate",), 2),
        (("select", "--codec", "h264", "--size", "641x480"), 2),
        (("select", "--codec", "h264", "--size", "640x480", "--encoder", "h264_nvmpi"), 3),
        (("transcode", "/nowhere/film.mp4", "/nowhere/out.mp4", "--encoder", "libx264"), 1),
    ],
)
def test_exit_codes_are_the_contracts(words: tuple[str, ...], code: int) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("error[")


def test_errors_as_json() -> None:
    for words in (("select", "--codec", "theora", "--size", "64x64", "--json"), ("probe", "--nonsense", "--json")):
        assert set(json.loads(run(*words).stdout)) >= {"code", "message", "evidence", "remedy"}


def test_transcode_runs_in_this_process(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    done = run("transcode", str(film), str(out), "--encoder", "libx264", "--preset", "ultrafast", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["frames_out"], report["bytes_out"]) == (132, out.stat().st_size)
    # Neither FFmpeg nor the interpreter adds a word.
    assert done.stderr == ""


def test_the_log_is_shown_where_that_is_asked_for(film: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out.mkv")
    done = run("transcode", str(film), out, "--encoder", "libx264", "--preset", "ultrafast", "--verbose")
    assert "hwenc::encode::session: session opened" in done.stderr
    assert "ffmpeg: [libx264]" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("ignored", [False, True])
def test_a_signal_stops_it_cleanly(film: Path, tmp_path: Path, number: signal.Signals, code: int, ignored: bool) -> None:
    shell = "trap '' INT; " if ignored else ""
    words = [sys.executable, "-m", "hwenc", "transcode", str(film), str(tmp_path / "out.mp4")]
    line = f'{shell}exec "$@" --encoder libx264 --preset placebo'
    with subprocess.Popen(["/bin/sh", "-c", line, "sh", *words], stderr=subprocess.PIPE, text=True) as job:
        while not list(tmp_path.iterdir()):
            assert job.poll() is None
        job.send_signal(number)
        _, errors = job.communicate(timeout=60)
    assert job.returncode == code
    assert errors.startswith(f"error[cancelled]: stopped by {number.name}")
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_went_away_is_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hwenc", "doctor", "--list-checks"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as done:
        assert done.stdout is not None
        done.stdout.close()
        assert done.stderr is not None
        assert "Traceback" not in done.stderr.read()
