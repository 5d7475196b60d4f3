"""The native log, in Python's `logging`."""

import logging
import os
import subprocess
import sys
import threading

import pytest

import hwenc


def encode(count: int = 3) -> None:
    picture = bytes(320 * 240 * 3 // 2)
    with hwenc.open(codec="h264", width=320, height=240, encoder="libx264", preset="ultrafast") as session:
        for _ in range(count):
            session.send(picture, format="nv12")
        list(session.drain())


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, timeout=120)


def test_lines_are_there_when_the_call_returns(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="hwenc"):
        encode()
    opened = [record for record in caplog.records if record.getMessage().startswith("session opened")]
    assert [(record.name, record.levelno) for record in opened] == [("hwenc.encode", logging.INFO)]
    assert "encoder=libx264" in opened[0].getMessage()
    assert opened[0].pathname.endswith("session.rs")


def test_levels_that_nobody_wants_do_not_arrive(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="hwenc"):
        encode()
    assert not [record for record in caplog.records if record.name.startswith("hwenc")]


def test_a_child_can_want_more_than_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("hwenc.encode")
    logger.setLevel(logging.INFO)
    try:
        encode()
    finally:
        logger.setLevel(logging.NOTSET)
    assert {record.name for record in caplog.records if record.name.startswith("hwenc")} == {"hwenc.encode"}


FFMPEG = """
import logging, hwenc
logging.basicConfig(level={level}, format="%(levelno)s %(name)s %(message)s")
{capture}
with hwenc.open(codec="h264", width=320, height=240, encoder="libx264", preset="ultrafast") as session:
    session.send(bytes(320 * 240 * 3 // 2), format="nv12")
    list(session.drain())
"""


def test_ffmpegs_lines_come_when_they_are_asked_for() -> None:
    done = run(FFMPEG.format(level=5, capture="hwenc.capture_ffmpeg_log()"))
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert all(line.split()[1].startswith("hwenc") for line in lines), done.stderr
    ffmpeg = [line for line in lines if " hwenc.ffmpeg [libx264]" in line]
    assert any(line.startswith("20 ") for line in ffmpeg)
    assert any(line.startswith("5 ") for line in ffmpeg)


def test_captured_lines_that_nobody_wants_are_not_written_anywhere() -> None:
    done = run(FFMPEG.format(level=30, capture="hwenc.capture_ffmpeg_log()"))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_last_lines_come_before_the_interpreter_ends() -> None:
    # The session is closed by the end of the interpreter; x264 then says what it did.
    code = (
        FFMPEG.format(level=20, capture="hwenc.capture_ffmpeg_log()")
        .replace("with ", "session = ")
        .replace(" as session:", "")
        .replace("\n    ", "\n")
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "hwenc.encode session opened" in done.stderr


def test_a_handler_may_call_hwenc_and_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    failed: list[BaseException | None] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())
            hwenc.choose(codec="h264", width=320, height=240, encoder="libx264")
            raise RuntimeError("a handler's own")

    monkeypatch.setattr(sys, "unraisablehook", lambda caught: failed.append(caught.exc_value))
    logger, handler = logging.getLogger("hwenc.encode"), Handler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        encode()
        encode()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert len([line for line in seen if line.startswith("session opened")]) == 2
    assert {str(error) for error in failed} == {"a handler's own"}


def test_a_handler_that_makes_more_lines_comes_to_an_end() -> None:
    seen: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())
            encode(1)

    logger, handler = logging.getLogger("hwenc.encode"), Handler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        encode(1)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert len(seen) > 1
    encode(1)  # takes the last of them out


def test_a_handler_with_a_lock_does_not_stop_the_encoder(caplog: pytest.LogCaptureFixture) -> None:
    """Threads that encode, and one that holds the lock of the handler for a while."""
    hwenc.capture_ffmpeg_log()
    with caplog.at_level(logging.DEBUG, logger="hwenc"):
        threads = [threading.Thread(target=encode, args=(20,)) for _ in range(4)]
        caplog.handler.acquire()
        try:
            for thread in threads:
                thread.start()
            encoding = threading.Event()
            encoding.wait(0.2)
        finally:
            caplog.handler.release()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert len([r for r in caplog.records if r.getMessage().startswith("session opened")]) == 4


def test_the_child_of_a_fork_logs_too() -> None:
    code = """
import logging, os, sys, threading, warnings, hwenc
warnings.simplefilter("ignore")
logging.basicConfig(level=20, format="%(process)d %(message)s")
logging.getLogger("hwenc.ffmpeg").setLevel(40)
hwenc.capture_ffmpeg_log()  # which otherwise writes between these lines
def encode():
    with hwenc.open(codec="h264", width=320, height=240, encoder="libx264", preset="ultrafast") as session:
        pass
encode()
child = os.fork()
encode()
if child:
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
"""
    done = run(code)
    assert done.returncode == 0, done.stderr
    opened = [line.split()[0] for line in done.stderr.splitlines() if "session opened" in line]
    assert len(opened) == 3
    assert len(set(opened)) == 2
