"""Hardware video encoding on Linux: what works here, which encoder to take, and why the rest does not."""

from hwenc._errors import CancelledError, Error, NoEncoderError, SizeGateError, UsageError
from hwenc._native import Candidate, Color, Decision, Reason, Request, __version__, choose

__all__ = [
    "CancelledError",
    "Candidate",
    "Color",
    "Decision",
    "Error",
    "NoEncoderError",
    "Reason",
    "Request",
    "SizeGateError",
    "UsageError",
    "__version__",
    "choose",
]
