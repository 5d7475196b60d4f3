"""The command: ``python -m hwenc probe``, and what pip installs as ``hwenc``."""

import signal
import sys

from hwenc import _native


def main() -> int:
    """Runs the command with the program's arguments, and returns its exit code."""
    # The command stops its jobs itself, and ends with 130; an exception of the interpreter would come in between.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.command(["hwenc", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
