"""Hardware video encoding on Linux: what works here, which encoder to take, and why the rest does not."""

from hwenc._native import __version__ as __version__
