"""A thread that runs calls in order."""

import weakref
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Calls = SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]


class Worker:
    """It ends with ``end``, or when nobody can submit anything any more.

    ``daemon``: the interpreter's end does not wait for it, since a call may hang in a driver. Not for calls that call Python back:
    until 3.14 CPython ends a daemon thread by unwinding it, which does not go through native code.
    """

    def __init__(self, *, daemon: bool) -> None:
        self._calls: _Calls = SimpleQueue()
        self._lock = Lock()
        self._thread = Thread(target=_run, args=(self._calls,), name="hwenc", daemon=daemon)
        self._thread.start()
        self._end = weakref.finalize(self, self._calls.put, None)
        self._end.atexit = False

    def submit(self, function: Callable[_P, _T], /, *args: _P.args, **keywords: _P.kwargs) -> Future[_T]:
        """Has it called after what was submitted before. RuntimeError after the end."""
        future: Future[_T] = Future()
        with self._lock:
            if not self._end.alive:
                raise RuntimeError("the thread has ended")
            self._calls.put((future, lambda: function(*args, **keywords)))
        return future

    def end(self, *, wait: bool) -> None:
        """Lets it end after what was submitted; ``wait`` for that."""
        with self._lock:
            self._end()
        if wait:
            self._thread.join()


def _run(calls: _Calls) -> None:
    while (call := calls.get()) is not None:
        future, function = call
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)
        del call, future, function  # while it waits, it keeps nothing alive
