"""Hardware video encoding on Linux: what works here, which encoder to take, and why the rest does not.

>>> import hwenc
>>> decision = hwenc.choose(codec="h264", width=1280, height=720, fps=30, quality=70, fallback="software")
>>> with hwenc.open(decision) as session:
...     packets = session.encode(bytes(1280 * 720 * 3 // 2), format="nv12")
...     packets += session.drain()
>>> len(packets)
1

``print(decision)`` shows every encoder and why. docs/PYTHON.md has more examples.
"""

import sys as _sys
from typing import TYPE_CHECKING

from hwenc import _native
from hwenc._errors import CancelledError, Error, NoEncoderError, SizeGateError, UsageError
from hwenc._legacy import EncoderConfig, HardwareAcceleration
from hwenc._native import (
    Cancel,
    Candidate,
    Color,
    Decision,
    Diagnosis,
    Finding,
    Packet,
    Packets,
    Progress,
    Reason,
    Report,
    Request,
    Session,
    Stats,
    StreamReport,
    TranscodeReport,
    __version__,
    capture_ffmpeg_log,
    choose,
    doctor,
    ffmpeg_version,
    open,
    probe,
    transcode,
)

__all__ = [
    "Cancel",
    "CancelledError",
    "Candidate",
    "Color",
    "Decision",
    "Diagnosis",
    "EncoderConfig",
    "Error",
    "Finding",
    "HardwareAcceleration",
    "NoEncoderError",
    "Packet",
    "Packets",
    "Progress",
    "Reason",
    "Report",
    "Request",
    "Session",
    "SizeGateError",
    "Stats",
    "StreamReport",
    "TranscodeReport",
    "UsageError",
    "__version__",
    "capture_ffmpeg_log",
    "choose",
    "doctor",
    "ffmpeg_version",
    "open",
    "probe",
    "transcode",
]


def _start() -> None:
    import logging

    logging.getLogger("hwenc").addHandler(logging.NullHandler())
    _native.start()
    # Of a program that has an interpreter in it, sys.executable may name the program itself.
    program = _sys.executable or ""
    if "python" in program.rpartition("/")[2] and not getattr(_sys, "frozen", False):
        # Nothing of the user's is imported: a module that starts threads, say, would make forking unsafe.
        helper = __file__.rpartition("/")[0] + "/_helper.py"
        _native.set_helper(program, ["-I", "-S", helper])


_start()
del _start

if TYPE_CHECKING:
    from hwenc import aio as aio
else:

    def __getattr__(name: str) -> object:
        # asyncio takes longer to import than all the rest.
        if name == "aio":
            import importlib

            return importlib.import_module("hwenc.aio")
        raise AttributeError(f"module 'hwenc' has no attribute {name!r}")
