"""Encodes a film again: `python encode_film.py INPUT OUTPUT`."""

import sys

import hwenc


def show(progress: hwenc.Progress) -> None:
    if progress.fraction is not None:
        print(f"\r{progress.fraction:4.0%}", end="", file=sys.stderr)


if len(sys.argv) != 3:
    sys.exit(f"usage: {sys.argv[0]} INPUT OUTPUT")

report = hwenc.transcode(
    sys.argv[1],
    sys.argv[2],
    quality=65,
    fallback="software",  # said aloud: without it, no GPU means an error
    progress=show,
)
print(file=sys.stderr)
print(f"{report.frames_out} frames by {report.encoder} at {report.fps:.0f} fps")
for stream in report.streams:
    if stream.reason:
        print(f"stream {stream.index} was not kept as it is: {stream.reason}")
