"""The helper process of a probe, in which drivers may hang and crash: ``python -m hwenc._helper``, or this file by its path.

It forks, and so must have a single thread: by its path, it imports nothing but the native module.
"""

import sys


def main() -> None:
    """Serves on standard input and output, and ends the process."""
    if __package__:
        from hwenc import _native as native
    else:
        sys.path[:0] = [__file__.rpartition("/")[0] or "."]
        native = __import__("_native")
    native.serve()


if __name__ == "__main__":
    main()
