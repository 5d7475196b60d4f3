"""What the tests share: a cache of their own, the shipped film, and softgpu."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps reports of other machines and of other runs out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HWENC_CACHE_DIR", str(tmp_path_factory.mktemp("hwenc-cache")))
        yield


@pytest.fixture(scope="session")
def film() -> Path:
    """The film that is shipped: 1280x720, H.264 with AAC, 132 pictures."""
    return ROOT / "examples/media/big_buck_bunny_720p.mp4"


@pytest.fixture(scope="session")
def softgpu() -> str:
    """The program `softgpu`: HWENC_SOFTGPU, or built here and now."""
    if named := os.environ.get("HWENC_SOFTGPU"):
        return named
    parts = [word for part in ("softgpu", "softgpu-drm", "softgpu-va", "softgpu-codec") for word in ("-p", part)]
    subprocess.run(["cargo", "build", "--quiet", "--locked", *parts], cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    return str(ROOT / target / "debug/softgpu")


@pytest.fixture
def on_gpu(softgpu: str, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Python code in a process that sees a device of softgpu."""

    def run(
        code: str, *arguments: str, device: str = "intel-gen9", options: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        command = [softgpu, "run", "--device", device, *options, "--", sys.executable, "-c", code, *arguments]
        cache = {"HWENC_CACHE_DIR": str(tmp_path / "cache")}
        return subprocess.run(command, env=os.environ | cache, capture_output=True, text=True, timeout=300)

    return run
