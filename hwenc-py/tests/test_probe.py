"""Reports and the doctor."""

import json
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import hwenc


@pytest.fixture(scope="module")
def report() -> hwenc.Report:
    return hwenc.probe()


def test_a_report_says_what_works(report: hwenc.Report) -> None:
    assert report.isolation == "process"
    assert report.isolation_notes == []
    assert ("libx264", None) in report.working
    assert "libx264" in repr(report)
    assert report.to_dict()["hwenc"] == hwenc.__version__
    assert report.to_dict()["ffmpeg"]["version"] == hwenc.ffmpeg_version()


def test_a_report_is_read_back(report: hwenc.Report) -> None:
    assert hwenc.Report.from_json(report.to_json()) == report
    assert pickle.loads(pickle.dumps(report)) == report
    assert json.loads(report.format("json")) == report.to_dict()
    with pytest.raises(hwenc.Error) as caught:
        hwenc.Report.from_json("{}")
    assert caught.value.code == "report.invalid"


def test_other_programs_get_their_formats(report: hwenc.Report) -> None:
    assert "libx264=1" in report.format("dask")
    assert "hwenc.dev/libx264=true" in report.format("nfd")
    with pytest.raises(hwenc.UsageError, match="the format"):
        report.format("yaml")


def test_a_report_is_asked_without_the_machine(report: hwenc.Report) -> None:
    assert report.select(codec="h264", width=1280, height=720, encoder="libx264").encoder == "libx264"
    with pytest.raises(hwenc.NoEncoderError):
        report.select(codec="h264", width=1280, height=720, encoder="h264_nvmpi")


def test_what_was_not_tried_is_said(tmp_path: Path) -> None:
    request = hwenc.Request("h264", 640, 480, encoder="libx264")
    empty = hwenc.Report.from_json('{"schema": 2, "ffmpeg": {"encoders": ["libx264"]}}')
    with pytest.raises(hwenc.NoEncoderError) as caught:
        empty.select(request)
    assert caught.value.code == "select.needs_trials"
    answered = hwenc.probe(request=request, cache_dir=tmp_path)
    assert answered.select(request).encoder == "libx264"
    assert list(tmp_path.iterdir())


def test_nothing_is_kept_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWENC_CACHE_DIR", str(tmp_path / "cache"))
    hwenc.probe(request=hwenc.Request("h264", 320, 240, encoder="libx264"), cache_dir=None)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("deadline", [0, -1, float("nan"), 1e9])
def test_deadlines_have_limits(deadline: float) -> None:
    with pytest.raises(hwenc.UsageError, match="the deadline"):
        hwenc.probe(deadline=deadline)


def test_the_doctor_explains(report: hwenc.Report) -> None:
    diagnosis = hwenc.doctor(report)
    assert diagnosis.verdict is not None
    assert str(diagnosis).startswith(diagnosis.verdict)
    assert all(finding.level == "problem" for finding in diagnosis.problems)
    assert len(diagnosis.text(verbose=True)) > len(str(diagnosis))
    shown = diagnosis.to_dict()
    assert len(shown["checks"]) == len(diagnosis.checks)
    assert not any("evidence" in check for check in shown["checks"])
    assert any("evidence" in check for check in diagnosis.to_dict(evidence=True)["checks"])


def test_one_check_alone(report: hwenc.Report) -> None:
    diagnosis = hwenc.doctor(report, check="ffmpeg.version")
    assert [finding.id for finding in diagnosis.checks] == ["ffmpeg.version"]
    assert diagnosis.checks[0].level == "ok"
    assert diagnosis.verdict is None
    with pytest.raises(hwenc.UsageError, match="the check"):
        hwenc.doctor(report, check="nothing")


def test_a_missing_permission_is_found_with_its_fix(on_gpu: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = on_gpu(
        "import hwenc\n"
        "d = hwenc.doctor()\n"
        "p = next(p for p in d.problems if p.id == 'device.permission')\n"
        "assert p.fix, p\n"
        "assert 'EACCES' in str(p) and 'help: ' in str(p), str(p)\n"
        "print(p.level, d.verdict)\n",
        device="intel-gen9:mode=0600:uid=1",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("problem No hardware encoder works here: ")


def test_ctrl_c_ends_the_wait_for_a_driver_that_hangs(on_gpu: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = on_gpu(
        "import hwenc, os, signal, threading\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try: hwenc.probe(deadline=6000)\n"
        "except KeyboardInterrupt: print('interrupted')\n",
        device="liar-hang",
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
