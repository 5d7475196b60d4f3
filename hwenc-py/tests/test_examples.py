"""Every program in examples/python runs, and what it makes is looked at by an independent decoder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/python"


def run(name: str, *arguments: Path) -> str:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def frames(path: Path) -> int:
    count = ["-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"]
    probe = subprocess.run(["ffprobe", "-v", "error", *count, str(path)], check=True, capture_output=True, text=True)
    return int(probe.stdout)


def encode_film(film: Path, place: Path) -> None:
    out = place / "out.mp4"
    assert run("encode_film.py", film, out).startswith("132 frames by ")
    assert frames(out) == 132


def frames_to_packets(_film: Path, place: Path) -> None:
    out = place / "out.h264"
    assert run("frames_to_packets.py", out).startswith("50 packets by ")
    assert frames(out) == 50


def choose_encoder(_film: Path, _place: Path) -> None:
    text = run("choose_encoder.py")
    assert "hevc_vaapi" in text
    assert "libx265" in text


def health(_film: Path, _place: Path) -> None:
    answer = json.loads(run("health.py"))
    assert answer["ffmpeg"]
    for codec in ("h264", "hevc", "av1"):
        assert answer[codec]["encoder"], answer


CHECKS = {check.__name__: check for check in (choose_encoder, encode_film, frames_to_packets, health)}


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_example(name: str, film: Path, tmp_path: Path) -> None:
    CHECKS[name](film, tmp_path)
