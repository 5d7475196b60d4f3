"""What has to work wherever the wheel is installed: `essential.py FILM ENCODER WORD…`.

Needs Python and the wheel, and nothing else: no pytest, no NumPy, no FFmpeg. ENCODER is what an H.264 session gets here
with software allowed; the WORDs have to be in what the doctor says.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import hwenc

WIDTH, HEIGHT, FRAMES = 640, 360, 40


def libraries() -> None:
    """FFmpeg and libva are the wheel's own, whatever the system has; what softgpu brings besides is not looked at."""
    code = "import hwenc, pathlib; print(pathlib.Path('/proc/self/maps').read_text())"
    maps = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    files = set(re.findall(r"/\S*/lib(?:av[a-z]+|sw[a-z]+|va|va-drm)[-.]\S*", maps))
    assert len(files) >= 7, files
    assert all("/hwenc.libs/" in file for file in files), files
    assert hwenc.ffmpeg_version()


def session(encoder: str) -> None:
    """Generated pictures become packets, in order, beginning with a key frame."""
    decision = hwenc.choose(codec="h264", width=WIDTH, height=HEIGHT, fps=25, quality=60, fallback="software")
    assert decision.encoder == encoder, decision
    packets = []
    with hwenc.open(decision) as out:
        for n in range(FRAMES):
            luma = bytes((x + 3 * n) & 0xFF for x in range(WIDTH)) * HEIGHT
            packets += out.encode(luma + bytes([128]) * (WIDTH * HEIGHT // 2), format="nv12")
        packets += out.drain()
        assert out.encoder == encoder
    assert len(packets) == FRAMES, len(packets)
    assert packets[0].is_keyframe
    assert bytes(packets[0])
    times = [packet.dts for packet in packets if packet.dts is not None]
    assert len(times) == FRAMES
    assert times == sorted(times)
    assert len({packet.pts for packet in packets}) == FRAMES


def film(path: str, encoder: str) -> None:
    """A film is encoded again, pictures and sound."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place, "out.mp4")
        report = hwenc.transcode(path, out, quality=50, fallback="software")
        assert report.frames_in == report.frames_out == 132, report
        assert report.encoder == encoder, report
        assert out.stat().st_size > 100_000


def machine(words: list[str]) -> None:
    """The probe runs in a process of its own, finds the wheel's libva, and the doctor says what is wrong here."""
    report = hwenc.probe()
    facts = report.to_dict()
    assert facts["isolation"] == "process", facts["isolation_notes"]
    loads = {library["name"]: library["error"] for library in facts["libraries"]}
    assert loads["libva.so.2"] is None, loads
    assert loads["libva-drm.so.2"] is None, loads
    text = str(hwenc.doctor(report))
    for word in words:
        assert word in text, f"{word!r} is not in:\n{text}"


def command() -> None:
    """`python -m hwenc` is the command."""
    done = subprocess.run([sys.executable, "-m", "hwenc", "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done
    assert hwenc.__version__ in done.stdout


def main() -> None:
    path, encoder, *words = sys.argv[1:]
    libraries()
    session(encoder)
    film(path, encoder)
    machine(words)
    command()
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"hwenc {hwenc.__version__} with FFmpeg {hwenc.ffmpeg_version()} on Python {version}: {encoder}")


if __name__ == "__main__":
    main()
