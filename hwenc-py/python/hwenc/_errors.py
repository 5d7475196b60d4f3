"""The exceptions of hwenc."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwenc._native import Candidate


# Remedies are written in the command's words: `--fallback software`.
_OPTION = re.compile(r"`--([a-z-]+)(?: ([^` ]+))?`")
_NAMES = {"decode": "decode_on"}


def _argument(option: re.Match[str]) -> str:
    """An option of the command as the argument of Python that it is."""
    name, value = option[1].replace("-", "_"), option[2]
    if value is None:
        value = "True" if name == "overwrite" else "…"
    elif not value.isdigit():
        value = f'"{value}"'
    return f"`{_NAMES.get(name, name)}={value}`"


class Error(Exception):
    """Something failed. ``str`` of it is one sentence, and what to do on a line of its own where that is known.

    code: stable name, such as "encoder.open_failed"; docs/codes.md lists them.
    kind: "usage", "selection", "cancelled", "gate" or "work".
    message: the sentence.
    evidence: what shows it: numbers, words of FFmpeg or a driver. It may name paths, versions and addresses of the machine.
    remedy: what to do next; empty where nothing can be said.
    value, legal: the offending value and what would have been legal, as text; None where there is none.
    errno: the number of the operating system, where that refused. av_error: FFmpeg's, where that refused.
    candidates: every encoder with its reason, where none could be chosen.
    """

    kind: str = "work"

    def __init__(
        self,
        message: str,
        *,
        code: str = "internal",
        evidence: tuple[str, ...] = (),
        remedy: str = "",
        value: str | None = None,
        legal: str | None = None,
        errno: int | None = None,
        av_error: int | None = None,
        candidates: tuple[Candidate, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.evidence = evidence
        self.remedy = _OPTION.sub(_argument, remedy)
        self.value = value
        self.legal = legal
        self.errno = errno
        self.av_error = av_error
        self.candidates = candidates

    def __str__(self) -> str:
        return f"{self.message}\nhelp: {self.remedy}" if self.remedy else self.message

    def __repr__(self) -> str:
        return f"hwenc.{type(self).__name__}({self.code!r}, {self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Candidates stay behind: they are for a person beside the machine.
        state = {name: value for name, value in self.__dict__.items() if name != "candidates"}
        return type(self), (self.message,), state


class UsageError(Error, ValueError):
    """Something was asked for that cannot be, whatever the machine."""

    kind = "usage"


class NoEncoderError(Error):
    """No encoder here satisfies the request."""

    kind = "selection"


class CancelledError(Error):
    """The caller cancelled."""

    kind = "cancelled"


class SizeGateError(Error):
    """The result would have become larger than allowed."""

    kind = "gate"


for _class in (Error, UsageError, NoEncoderError, CancelledError, SizeGateError):
    _class.__module__ = "hwenc"  # where users find them
del _class
