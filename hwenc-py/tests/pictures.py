"""Pictures to encode, all the ways in which a program may have them, and what became of them."""

import array
import ctypes
import mmap
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


def moving(width: int, height: int, n: int, depth: int = 8) -> Planes:
    """Y, Cb and Cr of picture `n` of a film in which everything moves, 4:2:0, within the limited range."""

    def wave(t: Any) -> Any:
        return np.minimum(t % 128, 127 - t % 128)

    y, x = np.mgrid[0:height, 0:width]
    v, u = np.mgrid[0 : height // 2, 0 : width // 2]
    planes: Any = 40 + wave(x + 3 * n) + wave(2 * y + n), 90 + wave(u + v + 2 * n), 100 + wave(2 * u + n)
    if depth > 8:
        planes = [4 * plane + n % 4 for plane in planes]
    luma, cb, cr = (plane.astype(np.uint8 if depth == 8 else np.uint16) for plane in planes)
    return luma, cb, cr


def colours(width: int, height: int, n: int) -> np.ndarray:
    """Red, green and blue of picture `n` of another film, (H, W, 3)."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([(2 * x + n) % 256, (3 * y + n) % 256, (x + y + 9 * n) % 256], axis=-1).astype(np.uint8)


def luma(rgb: np.ndarray) -> np.ndarray:
    """BT.601, limited range (ITU-R BT.601-7, 2.5.1), not rounded."""
    return 16 + rgb.astype(float) @ (np.array([0.299, 0.587, 0.114]) * 219 / 255)


def interleaved(planes: Planes) -> np.ndarray:
    """Cb and Cr in pairs, (H / 2, W / 2, 2)."""
    return np.stack(planes[1:], axis=-1)


def nv12(planes: Planes) -> np.ndarray:
    """As one array, (H * 3 / 2, W)."""
    return np.concatenate([planes[0], interleaved(planes).reshape(len(planes[1]), -1)])


def i420(planes: Planes) -> np.ndarray:
    """As one array, (H * 3 / 2, W), the way of OpenCV."""
    return np.concatenate([plane.reshape(-1) for plane in planes]).reshape(-1, planes[0].shape[1])


def crop(picture: np.ndarray, right: int = 7, below: int = 3) -> np.ndarray:
    """The same picture as a part of a larger one."""
    large = np.full((picture.shape[0] + below, picture.shape[1] + right, *picture.shape[2:]), 77, picture.dtype)
    large[: picture.shape[0], : picture.shape[1]] = picture
    part = large[: picture.shape[0], : picture.shape[1]]
    assert not part.flags.c_contiguous
    return part


def mapped(picture: np.ndarray) -> mmap.mmap:
    """In memory of the operating system."""
    memory = mmap.mmap(-1, picture.nbytes)
    memory[:] = picture.tobytes()
    return memory


class Tensor:
    """DLPack and nothing else, as a tensor of PyTorch looks."""

    def __init__(self, array: np.ndarray, versions: bool = True) -> None:
        self.array, self.versions = array, versions

    def __dlpack__(self, **arguments: Any) -> Any:
        if arguments and not self.versions:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        return self.array.__dlpack__(**arguments)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


def of_av(array: np.ndarray, format: str) -> Any:
    """A frame of PyAV."""
    import av

    return av.VideoFrame.from_ndarray(array, format=format)


# What a program may have a YUV picture in: how it is made of the planes, and the format where the shape does not tell.
Way = tuple[Callable[[Planes], Any], str | None]

YUV: dict[str, Way] = {
    "array nv12": (nv12, "nv12"),
    "array nv12 by the session's input": (nv12, None),
    "array i420": (i420, "yuv420p"),
    "read-only array": (lambda p: np.frombuffer(nv12(p).tobytes(), np.uint8).reshape(-1, p[0].shape[1]), "nv12"),
    "crop nv12": (lambda p: crop(nv12(p)), "nv12"),
    "tuple nv12": (lambda p: (p[0], interleaved(p)), None),
    "tuple nv12, chroma in rows": (lambda p: (p[0], interleaved(p).reshape(len(p[1]), -1)), None),
    "tuple nv12 of crops": (lambda p: (crop(p[0]), crop(interleaved(p), 2, 1)), None),
    "tuple i420": (lambda p: p, None),
    "list i420 of crops": (lambda p: [crop(plane) for plane in p], None),
    "tuple of bytes": (lambda p: tuple(plane.tobytes() for plane in p), None),
    "bytes": (lambda p: nv12(p).tobytes(), "nv12"),
    "bytes i420": (lambda p: i420(p).tobytes(), "yuv420p"),
    "bytearray": (lambda p: bytearray(nv12(p).tobytes()), None),
    "memoryview": (lambda p: nv12(p).data, "nv12"),
    "array.array": (lambda p: array.array("B", nv12(p).tobytes()), "nv12"),
    "mmap": (lambda p: mapped(i420(p)), "i420"),
    "ctypes": (lambda p: (ctypes.c_ubyte * (p[0].size * 3 // 2)).from_buffer_copy(nv12(p).tobytes()), "nv12"),
    "tensor": (lambda p: Tensor(nv12(p)), "nv12"),
    "tensor, cropped": (lambda p: Tensor(crop(nv12(p))), "nv12"),
    "tensor of DLPack before 1.0": (lambda p: Tensor(i420(p), versions=False), "yuv420p"),
    "tuple of tensors": (lambda p: tuple(map(Tensor, p)), None),
    "av nv12": (lambda p: of_av(nv12(p), "nv12"), None),
    "av yuv420p": (lambda p: of_av(i420(p), "yuv420p"), None),
}

RGB: dict[str, tuple[Callable[[np.ndarray], Any], str | None]] = {
    "rgb24": (lambda p: p, None),
    "bgr24": (lambda p: np.ascontiguousarray(p[..., ::-1]), "bgr24"),
    "rgba": (lambda p: np.dstack([p, np.full(p.shape[:2], 9, np.uint8)]), None),
    "bgra": (lambda p: np.dstack([p[..., ::-1], np.full(p.shape[:2], 9, np.uint8)]), "bgra"),
    "argb": (lambda p: np.dstack([np.full(p.shape[:2], 9, np.uint8), p]), "argb"),
    "0bgr": (lambda p: np.dstack([np.full(p.shape[:2], 9, np.uint8), p[..., ::-1]]), "0bgr"),
    "crop": (crop, None),
    "crop bgra": (lambda p: crop(np.dstack([p[..., ::-1], p[..., 0]])), "bgra"),
    "bytes": (lambda p: p.tobytes(), "rgb24"),
    "rows of bytes": (lambda p: p.reshape(len(p), -1), "rgb24"),
    "tensor": (Tensor, None),
    "av rgb24": (lambda p: of_av(p, "rgb24"), None),
    "av bgr24": (lambda p: of_av(np.ascontiguousarray(p[..., ::-1]), "bgr24"), None),
}


def decoded(codec: str, packets: Iterable[Any], size: tuple[int, int], depth: int = 8) -> list[Planes]:
    """The pictures of a stream, by the ffmpeg command."""
    layout = "yuv420p" if depth == 8 else "yuv420p10le"
    command = ["ffmpeg", "-v", "error", "-f", codec, "-i", "-", "-f", "rawvideo", "-pix_fmt", layout, "-"]
    stream = b"".join(map(bytes, packets))
    out = subprocess.run(command, input=stream, stdout=subprocess.PIPE, check=True, timeout=120).stdout
    width, height = size
    samples = np.frombuffer(out, np.uint8 if depth == 8 else np.uint16)
    pictures = samples.reshape(-1, width * height * 3 // 2)
    ends = width * height, width * height * 5 // 4
    return [
        (
            p[: ends[0]].reshape(height, width),
            p[ends[0] : ends[1]].reshape(height // 2, -1),
            p[ends[1] :].reshape(height // 2, -1),
        )
        for p in pictures
    ]


def same(some: Planes, other: Planes) -> bool:
    """All samples are equal."""
    return all(np.array_equal(a, b) for a, b in zip(some, other, strict=True))
