"""`HardwareAcceleration`, for programs with an `ffmpeg` command line of their own."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import hwenc

# It asks, and runs the ffmpeg command with the answer, as those programs do.
PROGRAM = """
import json, subprocess, sys, hwenc
hardware = hwenc.HardwareAcceleration()
config = hardware.get_encoder_config()
print(json.dumps(config), hardware.is_qsv_available())
command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30", "-frames:v", "20",
           "-c:v", config["encoder"], *config["encoder_args"], sys.argv[1]]
subprocess.run(command, check=True)
"""


def frames(path: Path) -> tuple[str, int]:
    entries = "stream=codec_name,nb_read_frames"
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", entries, "-of", "csv=p=0", str(path)]
    codec, count = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().split(",")
    return codec, int(count)


def test_without_a_gpu_it_is_software_and_it_says_so(caplog: pytest.LogCaptureFixture) -> None:
    hardware = hwenc.HardwareAcceleration()
    assert hardware.is_qsv_available() is False
    with pytest.warns(RuntimeWarning, match="encoding on the CPU with libx264") as caught:
        config = hardware.get_encoder_config()
    assert caught[0].filename == __file__
    assert (config["encoder"], config["encoder_args"], config["fallback"]) == ("libx264", [], True)
    assert config["reason"].startswith("no hardware encoder works here: ")
    assert [record.name for record in caplog.records if record.levelname == "WARNING"] == ["hwenc"]


def test_it_warns_once_and_its_answers_are_the_callers_own() -> None:
    hardware = hwenc.HardwareAcceleration()
    with pytest.warns(RuntimeWarning):
        hardware.get_encoder_config()["encoder_args"].append("-changed")
    assert hardware.get_encoder_config()["encoder_args"] == []


def test_it_never_raises() -> None:
    hardware = hwenc.HardwareAcceleration(codec="theora", width=-1)
    assert hardware.is_qsv_available() is False
    with pytest.warns(RuntimeWarning):
        config = hardware.get_encoder_config()
    assert (config["encoder"], config["fallback"]) == ("libx264", True)


@pytest.mark.parametrize(
    ("device", "low_power"), [("intel-gen9", False), ("intel-arc", True), ("intel-haswell", False), ("amd-rdna2", False)]
)
def test_its_arguments_encode(
    on_gpu: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, device: str, low_power: bool
) -> None:
    out = tmp_path / "out.mkv"
    done = on_gpu(PROGRAM, str(out), device=device)
    assert done.returncode == 0, done.stderr
    assert '"encoder": "h264_vaapi"' in done.stdout
    assert '"fallback": false' in done.stdout
    assert done.stdout.rstrip().endswith("False")
    assert ("low_power" in done.stdout) == low_power
    assert "RuntimeWarning" not in done.stderr
    assert frames(out) == ("h264", 20)
