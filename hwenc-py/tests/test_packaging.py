"""What is installed is what was meant to be: the wheel says what it holds, and holds what it needs."""

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import hwenc

# `wheel` where `cargo xtask test` tests the wheel that brings FFmpeg; `system` where hwenc uses the system's.
BUNDLED = os.environ.get("HWENC_TESTED", "system") == "wheel"


def loaded() -> list[str]:
    """The libraries of FFmpeg and libva in a process that has imported hwenc and nothing else."""
    code = "import hwenc, pathlib; print(pathlib.Path('/proc/self/maps').read_text())"
    maps = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"/\S*/lib(?:av[a-z]+|sw[a-z]+|va|va-drm|drm|x26[45])[-.]\S*", maps)))


def test_the_tests_test_what_is_installed() -> None:
    assert "site-packages" in hwenc.__file__
    assert hwenc.__version__ == importlib.metadata.version("hwenc")


def test_libraries_come_from_one_place() -> None:
    libraries = loaded()
    ours = [name for name in libraries if "/hwenc.libs/" in name]
    assert any("libavcodec" in name for name in libraries)
    assert any("libva-drm" in name for name in libraries)
    assert ours == (libraries if BUNDLED else [])


def test_no_libavformat_of_the_system_comes_in_later() -> None:
    """Listing filters loads libavfilter by name, which the system may have too."""
    code = "import hwenc, pathlib; hwenc.probe(); print(pathlib.Path('/proc/self/maps').read_text())"
    maps = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    families = ["libavcodec", "libavformat", "libavfilter", "libavutil", "libva-drm"]
    for family in families:
        files = set(re.findall(rf"/\S*/{family}[-.]\S*", maps))
        assert len(files) == 1, files


def test_the_metadata_says_what_is_in_it() -> None:
    metadata = importlib.metadata.metadata("hwenc")
    licence = metadata["License-Expression"]
    texts = metadata.get_all("License-File") or []
    assert {"LICENSE-MIT", "LICENSE-APACHE"} <= set(texts)
    if not BUNDLED:
        assert licence == "MIT OR Apache-2.0"
        return
    for identifier in ["(MIT OR Apache-2.0)", "GPL-2.0-or-later", "LGPL-2.1-or-later", "BSD-2-Clause", "LGPL-2.1-only"]:
        assert identifier in licence.split(" AND "), licence
    for text in ["ffmpeg/COPYING.GPLv2", "libva/COPYING", "x264/copyright", "x265/copyright", "SOURCES.md"]:
        assert text in texts
    files = importlib.metadata.files("hwenc") or []
    names = [str(file) for file in files]
    for text in texts:
        assert any(name.endswith(f".dist-info/licenses/{text}") for name in names), text
    # Every bundled library belongs to a part that SOURCES.md names, with its version.
    sources = next(Path(str(file.locate())) for file in files if str(file).endswith("SOURCES.md")).read_text()
    parts = {"libav": "ffmpeg", "libsw": "ffmpeg", "libva": "libva", "libx264": "x264", "libx265": "x265"}
    parts |= {"libdrm": "libdrm", "libSvt": "svt-av1", "libdav1d": "dav1d", "libnuma": "numactl", "libz": "zlib"}
    bundled = [Path(name).name for name in names if "hwenc.libs/" in name]
    assert bundled
    for library in bundled:
        part = next(part for begin, part in parts.items() if library.startswith(begin))
        assert re.search(rf"\| {part} \| [^|]*\d", sources), library


def test_an_installation_is_complete() -> None:
    """What RECORD names is there, so that uninstalling removes all of it."""
    for file in importlib.metadata.files("hwenc") or []:
        assert Path(str(file.locate())).exists(), file


def test_the_gil_stays_off_where_it_is() -> None:
    """A module that does not say that it can do without would turn it on for the whole process."""
    code = "import sys, hwenc; print(getattr(sys, '_is_gil_enabled', lambda: True)())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(not sysconfig.get_config_var("Py_GIL_DISABLED"))
