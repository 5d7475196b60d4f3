"""The helper process of a probe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import hwenc

HELPER = Path(hwenc.__file__).with_name("_helper.py")
PROBE = "import hwenc; r = hwenc.probe(request=hwenc.Request('h264', 320, 240, encoder='libx264')); print(r.isolation)"


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=120)


def test_trials_run_in_a_process_of_their_own(tmp_path: Path) -> None:
    done = run(PROBE, HWENC_CACHE_DIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "process\n"), done.stderr


@pytest.mark.parametrize("words", [["-m", "hwenc._helper"], [str(HELPER)], ["-I", "-S", str(HELPER)]])
def test_a_helper_leaves_when_its_input_is_closed(words: list[str]) -> None:
    done = subprocess.run([sys.executable, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [["-m", "hwenc._helper"], ["-I", "-S", str(HELPER)], ["-m", "hwenc", "helper"]])
def test_a_helper_has_one_thread(words: list[str]) -> None:
    with subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as helper:
        assert helper.stdin is not None
        tasks = Path(f"/proc/{helper.pid}/task")
        # It has loaded FFmpeg, and waits for its first question.
        while "libavcodec" not in Path(f"/proc/{helper.pid}/maps").read_text():
            assert helper.poll() is None
        assert len(list(tasks.iterdir())) == 1
        helper.stdin.close()
        assert helper.wait(timeout=60) == 0


def test_by_its_path_it_imports_nothing_of_the_package() -> None:
    code = (
        "import runpy, sys; before = set(sys.modules)\n"
        "sys.modules['_native'] = type(sys)('_native'); sys.modules['_native'].serve = lambda: None\n"
        f"runpy.run_path({str(HELPER)!r}, run_name='__main__')\n"
        "print(sorted(m for m in set(sys.modules) - before if 'hwenc' in m or m in ('logging', 'threading')))"
    )
    assert run(code).stdout == "[]\n"


def test_an_interpreter_within_a_program_names_no_helper(tmp_path: Path) -> None:
    code = f"import sys; sys.executable = '/bin/false'; {PROBE}; print([note.code for note in r.isolation_notes])"
    done = run(code, HWENC_CACHE_DIR=str(tmp_path), PATH="/nowhere")
    assert done.returncode == 0, done.stderr
    # Where the package is installed, the command lies beside the interpreter. Nothing was started that is no helper.
    assert done.stdout in ("none\n['helper.missing']\n", "process\n[]\n")


def test_the_named_helper_comes_first(tmp_path: Path) -> None:
    done = run(PROBE, HWENC_CACHE_DIR=str(tmp_path), HWENC_HELPER="/nowhere/helper")
    assert done.returncode == 1
    assert "HWENC_HELPER" in done.stderr
