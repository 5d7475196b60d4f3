"""Tests in an interpreter of their own, which may be interrupted, forked, counted and ended.

`@in_child()` runs the body of a test as `python child.py MODULE TEST DIRECTORY`, with a hard limit after which its
stacks are printed and its processes ended. SIGINT is as at a terminal there, also where tests run in the background.
"""

import contextlib
import ctypes
import faulthandler
import functools
import gc
import importlib
import inspect
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FILM = ROOT / "examples/media/big_buck_bunny_720p.mp4"
#: What no child may write, however it ends.
NEVER = ("Fatal Python error", "panicked at", "Exception ignored", "Segmentation fault", "core dumped")


def in_child(*, before=None, seconds=60, ends=0, says="", under=(), env=None, ignore_sigint=False, after=None):
    """Runs the decorated test in a child under softgpu's arguments `under`, where there are any.

    The child must end with the status `ends` within so many `seconds`, leave no process behind, and have written
    `says` and nothing of `NEVER`. In `under` and `env`, `{tmp}` is the test's directory; `before` and `after` are
    called with it on this side.
    """

    def decorate(test):
        @functools.wraps(test)
        def wrapper(tmp_path, request):
            module = pathlib.Path(test.__code__.co_filename).stem
            command = [sys.executable, str(HERE / "child.py"), module, test.__name__, str(tmp_path)]
            if under:
                softgpu = request.getfixturevalue("softgpu")
                command = [str(softgpu), "run", *(word.format(tmp=tmp_path) for word in under), "--", *command]
            if before:
                before(tmp_path)
            cache = tmp_path / "cache"
            cache.mkdir()
            own = {key: value.format(tmp=tmp_path) for key, value in (env or {}).items()}
            # NumPy's linear algebra would have threads, which are counted.
            quiet = {"HWENC_CACHE_DIR": str(cache), "OPENBLAS_NUM_THREADS": "1"}
            environment = {**os.environ, **quiet, **own}
            status, out, err = run(command, environment, seconds, ignore_sigint=ignore_sigint)
            print(out)
            told = f"status {status}\n--- output\n{out}\n--- errors\n{err}"
            assert status == ends, told
            assert says in out, told
            for word in NEVER:
                assert word not in err, told
            if after:
                after(tmp_path)

        # pytest gives what the wrapper takes, and not what the test does.
        del wrapper.__wrapped__
        wrapper.body = test
        return wrapper

    return decorate


def run(command, environment, seconds, *, ignore_sigint=False):
    """A process group that is gone afterwards, whatever it did: status, output, errors."""
    disposition = (lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore_sigint else None
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=disposition,
    )
    try:
        out, err = process.communicate(timeout=seconds)
        return process.returncode if gone(process.pid) else "processes left behind", out, err
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGABRT)  # which has all of them print their stacks
        with contextlib.suppress(subprocess.TimeoutExpired):
            return f"none within {seconds} s", *process.communicate(timeout=5)
        return f"none within {seconds} s, nor by SIGABRT", "", ""
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def gone(group):
    """Whether all processes of the group end; what waits for the child's end needs a moment to see it."""
    for _ in range(1000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def entries(directory):
    return len(list(pathlib.Path(directory).iterdir()))


def counts():
    """Threads and open files of this process, without those of garbage."""
    gc.collect()
    return {"threads": entries("/proc/self/task"), "files": entries("/proc/self/fd")}


def as_before(before):
    """Whether there are no more than `before`. A thread that was waited for needs a moment more to be gone."""
    for _ in range(500):
        if all(now <= before[what] for what, now in counts().items()):
            return True
        time.sleep(0.01)
    print(f"counted {counts()}, and before {before}", file=sys.stderr)
    return False


class _Mallinfo2(ctypes.Structure):
    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


def allocated():
    """Bytes that are in use of what C's allocator gave (mallinfo(3)): exact, but without Python's own small objects."""
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo2
    info = mallinfo2()
    return info.uordblks + info.hblkhd


def resident():
    """Resident bytes of this process (proc(5), `statm`), without what C's allocator keeps for later."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def children():
    """Processes whose parent this one is, zombies too."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                found += [int(entry.name)] if int(parent) == os.getpid() else []
    return found


def until(condition):
    """Waits for what must come; that it comes at all is seen to by the limit of the child."""
    while not condition():
        time.sleep(0.005)


@contextlib.contextmanager
def aside(work):
    """Runs `work` in a thread meanwhile, and raises here what it raised there."""
    raised = []

    def guarded():
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()
    if raised:
        raise raised[0]


def tiny(**fields):
    """A request whose sessions cost nearly nothing."""
    import hwenc

    given = {"encoder": "libx264", "preset": "ultrafast", "latency": "low", "threads": 1, "qp": 30, **fields}
    return hwenc.Request("h264", given.pop("width", 64), given.pop("height", 64), **given)


def slow(**fields):
    """A request whose pictures take long."""
    return tiny(width=1280, height=720, preset="placebo", **fields)


def picture(request, n=0):
    """A picture for it in NV12 that differs with `n`."""
    import numpy

    rows, columns = numpy.ogrid[: request.height * 3 // 2, : request.width]
    return (rows + 2 * columns + 7 * n).astype(numpy.uint8)


def code(session, frames=5):
    """Sends pictures, ends the stream, and returns it."""
    stream = []
    for n in range(frames):
        session.send(picture(session.decision.request, n))
        stream += [bytes(packet) for packet in session.packets()]
    stream += [bytes(packet) for packet in session.drain()]
    assert len(stream) == frames, f"{len(stream)} packets of {frames} pictures"
    return b"".join(stream)


def main():
    faulthandler.enable()
    if "CHILD_SIGINT" not in os.environ:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    import hwenc

    hwenc.capture_ffmpeg_log()  # of a stopped encoder, errors are what is looked for
    name, test, directory = sys.argv[1:]
    tmp = pathlib.Path(directory) / "work"
    tmp.mkdir()
    body = getattr(importlib.import_module(name), test).body
    body(tmp) if inspect.signature(body).parameters else body()


if __name__ == "__main__":
    main()
