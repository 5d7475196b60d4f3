"""The interface that programs with an ``ffmpeg`` command line of their own have for hardware encoders, on top of trials."""

from __future__ import annotations

import logging
import threading
import warnings
from typing import TypedDict

from hwenc._errors import Error, NoEncoderError
from hwenc._native import Candidate, Decision, Session, choose

_log = logging.getLogger("hwenc")

# What says least of a machine, and so is no good reason when there are others.
_COMMONPLACE = ("device.missing", "encoder.not_compiled", "backend.not_driven", "policy.not_requested")


class EncoderConfig(TypedDict):
    """What ``get_encoder_config`` returns."""

    encoder: str
    encoder_args: list[str]
    fallback: bool
    reason: str


class HardwareAcceleration:
    """Which encoder to name to the ``ffmpeg`` command, and with which arguments.

    codec: "h264", "hevc", "av1". width, height: a size that is usual for the program, in pixels.

    Nothing is asked before the first call; the answers stay the same for the life of the object. Where no hardware encoder works it
    is a software encoder, with a warning.
    """

    def __init__(self, *, codec: str = "h264", width: int = 1280, height: int = 720) -> None:
        self._wanted = {"codec": codec, "width": width, "height": height}
        self._lock = threading.Lock()
        self._qsv: bool | None = None
        self._config: EncoderConfig | None = None

    def is_qsv_available(self) -> bool:
        """Whether a trial of Quick Sync worked. It never raises. Intel's GPUs have VA-API, too: ``get_encoder_config`` says which
        one works.
        """
        with self._lock:
            if self._qsv is None:
                self._qsv = self._try_qsv()
            return self._qsv

    def get_encoder_config(self) -> EncoderConfig:
        """The encoder that works, as arguments of an ``ffmpeg`` command: ``["-c:v", encoder, *encoder_args]`` before the output.

        ``encoder_args`` may have ``-vaapi_device`` and ``-vf`` in it, which bring the pictures to the device; one with filters
        of its own puts ``,format=nv12,hwupload`` behind those instead. It is empty for software. ``fallback`` says that no hardware
        encoder works, ``reason`` why it is this one. It never raises.
        """
        with self._lock:
            if self._config is None:
                self._config = self._decide()
                if self._config["fallback"]:
                    text = f"encoding on the CPU with {self._config['encoder']}: {self._config['reason']}"
                    _log.warning(text)
                    warnings.warn(text, RuntimeWarning, stacklevel=2)
            return {**self._config, "encoder_args": list(self._config["encoder_args"])}

    def _try_qsv(self) -> bool:
        codec = self._wanted["codec"]
        try:
            choose(**self._wanted, encoder=f"{codec}_qsv")  # type: ignore[call-overload]
        except Error as error:
            _log.info("Quick Sync does not work: %s", error.message)
            return False
        except Exception:
            _log.exception("Quick Sync cannot be tried")
            return False
        return True

    def _decide(self) -> EncoderConfig:
        try:
            decision: Decision = choose(**self._wanted, fallback="software")  # type: ignore[call-overload]
            if decision.fallback_used:
                return _config(decision.encoder, [], True, _why(decision.candidates))
            with decision.open() as session:
                arguments = _arguments(session)
            reason = next(c.reason.message for c in decision.candidates if c.verdict == "chosen")
            return _config(decision.encoder, arguments, False, reason)
        except NoEncoderError as error:
            # The FFmpeg of the command may be another than the one in here, and have more.
            return _config(self._software(), [], True, _why(error.candidates))
        except Exception as error:
            _log.exception("no encoder could be tried")
            return _config(self._software(), [], True, getattr(error, "message", str(error)))

    def _software(self) -> str:
        known = {"h264": "libx264", "hevc": "libx265", "h265": "libx265", "av1": "libsvtav1"}
        return known.get(str(self._wanted["codec"]), "libx264")


def _config(encoder: str, arguments: list[str], fallback: bool, reason: str) -> EncoderConfig:
    return {"encoder": encoder, "encoder_args": arguments, "fallback": fallback, "reason": reason}


def _why(candidates: list[Candidate] | tuple[Candidate, ...]) -> str:
    """What stands in the way of hardware: the reason that says most."""
    hardware = [c for c in candidates if c.backend != "software"]
    telling = [c for c in hardware if c.reason.code not in _COMMONPLACE] or [c for c in hardware if c.backend == "vaapi"]
    if not telling:
        return "no hardware encoder works here"
    return f"no hardware encoder works here: {telling[0].reason.message}"


def _arguments(session: Session) -> list[str]:
    """The arguments with which the ``ffmpeg`` command does what the session does."""
    if session.backend == "qsv":
        return ["-global_quality", "23", "-look_ahead", "1"]
    if session.backend != "vaapi" or session.device is None:
        return []
    arguments = ["-vaapi_device", session.device, "-vf", "format=nv12,hwupload"]
    for name in ("rc_mode", "global_quality", "low_power", "bf"):
        value = session.applied.get(name)
        if value is not None and (name, value) != ("low_power", "false"):
            arguments += [f"-{name}", value]
    return arguments
