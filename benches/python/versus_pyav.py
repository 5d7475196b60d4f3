"""What a picture in NumPy costs on its way to an encoder: hwenc in Python, the same loop in Rust, and PyAV.

Started by `versus_pyav` (benches/src/bin/versus_pyav.rs), which does the arithmetic: every line on standard output is
one round of one measurement in JSON. All sides run in this one process, in alternating blocks, on the same arrays.
"""

import argparse
import contextlib
import ctypes
import functools
import itertools
import json
import pathlib
import time
from fractions import Fraction

import av
import numpy as np

import hwenc

FILM = str(pathlib.Path(__file__).parents[2] / "examples/media/big_buck_bunny_720p.mp4")
FPS = 30
GOP = 120
CHANNELS = {"rgb24": 3, "bgra": 4}


class RustLoop:
    """The loop of benches/src/rust_loop.rs with a session of its own, in this process."""

    def __init__(self, library, request):
        self._library = library
        self._handle = library.hwenc_benches_open(request.to_json().encode())

    def code(self, array, times):
        return self._library.hwenc_benches_code(self._handle, array.ctypes.data, array.nbytes, times)

    def close(self):
        self._library.hwenc_benches_close(self._handle)


def load(path):
    library = ctypes.CDLL(path)
    library.hwenc_benches_open.restype = ctypes.c_void_p
    library.hwenc_benches_open.argtypes = [ctypes.c_char_p]
    library.hwenc_benches_code.restype = ctypes.c_uint64
    library.hwenc_benches_code.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64]
    library.hwenc_benches_close.argtypes = [ctypes.c_void_p]
    return library


def picture(format_, width, height):
    """A slope: something to convert and to code."""
    rows, columns = np.ogrid[:height, :width]
    slope = (rows + columns // 7).astype(np.uint8)
    if format_ == "nv12":
        chroma = np.full((height // 2, width), 120, np.uint8)
        return np.ascontiguousarray(np.vstack([slope, chroma]))
    channels = [slope + 40 * channel for channel in range(CHANNELS[format_])]
    return np.ascontiguousarray(np.stack(channels, axis=-1).astype(np.uint8))


def film(format_, count):
    """Pictures of the shipped film."""
    with av.open(FILM) as container:
        return [frame.to_ndarray(format=format_) for frame in itertools.islice(container.decode(video=0), count)]


def timed(work):
    """What it returns, and nanoseconds of CPU of this process and of the clock."""
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    result = work()
    return result, (time.process_time_ns() - cpu, time.perf_counter_ns() - wall)


def alternate(sides, blocks, steps):
    """The quickest block of each side per step: nothing makes a block quicker than it is (benches/src/paired.rs)."""
    best = {name: [float("inf")] * 2 for name in sides}
    for block in range(blocks):
        for name in list(sides) if block % 2 == 0 else reversed(sides):
            _, spent = timed(functools.partial(sides[name], steps))
            best[name] = [min(before, now / steps) for before, now in zip(best[name], spent, strict=True)]
    return best


def report(what, best):
    line = {"what": what, "cpu": {}, "wall": {}}
    for name, (cpu, wall) in best.items():
        line["cpu"][name], line["wall"][name] = cpu, wall
    print(json.dumps(line), flush=True)


class PythonLoop:
    """The same loop in Python: `send` and `receive`, or `encode`, which is both."""

    def __init__(self, request, *, in_one=False):
        self._session = hwenc.open(request)
        self._pts = 0
        self.code = self._in_one if in_one else self._in_two

    def _in_one(self, array, times):
        session, first = self._session, self._pts
        for pts in range(first, first + times):
            session.encode(array, pts=pts)
        self._pts = first + times

    def _in_two(self, array, times):
        session, first = self._session, self._pts
        for pts in range(first, first + times):
            session.send(array, pts=pts)
            while session.receive() is not None:
                pass
        self._pts = first + times

    def close(self):
        self._session.close()


def from_ndarray(array, format_, times):
    for _ in range(times):
        av.VideoFrame.from_ndarray(array, format=format_)


def surface(library, format_, size, *, reverse):
    """One round. Where memory happens to lie changes speed: everything is made anew, in one order or the other."""
    small = size[0] < 1000
    request = hwenc.Request("h264", *size, fps=FPS, input=format_, encoder="h264_vaapi", latency="low", qp=30, gop=GOP)
    make = {
        "python": lambda: PythonLoop(request),
        "python encode": lambda: PythonLoop(request, in_one=True),
        "rust": lambda: RustLoop(library, request),
        "control": lambda: RustLoop(library, request),
    }
    array = picture(format_, *size)
    with contextlib.ExitStack() as stack:
        made = {name: stack.enter_context(contextlib.closing(make[name]())) for name in sorted(make, reverse=reverse)}
        sides = {name: functools.partial(loop.code, array) for name, loop in made.items()}
        sides["pyav"] = functools.partial(from_ndarray, array, format_)
        for work in sides.values():
            work(10)  # the first pictures of a context are truly coded
        report(f"{format_} {size[0]}x{size[1]}", alternate(sides, 6, 8 * GOP if small else GOP // 4))


def surfaces(arguments):
    """Onto a surface of a device whose encoder does nothing: what is left is everything but the encoder."""
    library = load(arguments.library)
    for round_ in range(arguments.rounds):
        for format_, *size in [("nv12", 1920, 1080), ("rgb24", 1920, 1080), ("bgra", 1920, 1080), ("nv12", 128, 96)]:
            surface(library, format_, size, reverse=round_ % 2 == 0)


def encode_hwenc(request, pictures):
    size = 0
    with hwenc.open(request) as session:
        for array in pictures:
            session.send(array)
            for packet in session.packets():
                size += len(packet)
        for packet in session.drain():
            size += len(packet)
    return size


def encode_pyav(request, pictures, *, borrow=False):
    """The usual loop with the same settings; with `borrow` by PyAV's way around the copy in `from_ndarray`."""
    coded = "nv12" if request.input == "nv12" else "yuv420p"
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = request.width, request.height, coded
    context.framerate, context.time_base = FPS, Fraction(1, FPS)
    context.gop_size, context.thread_count = GOP, 1
    # Quality 65 is CRF 23.
    context.options = {"preset": request.preset, "crf": "23", "forced-idr": "1"}
    make = av.VideoFrame.from_numpy_buffer if borrow else av.VideoFrame.from_ndarray
    size = 0
    for pts, array in enumerate(pictures):
        frame = make(array, format=request.input)
        if request.input != coded:
            frame = frame.reformat(format=coded, dst_colorspace="ITU709")
        frame.pts = pts
        for packet in context.encode(frame):
            size += packet.size
    for packet in context.encode(None):
        size += packet.size
    return size


def encode(arguments):
    """With libx264 at equal settings, from the first picture to the last byte."""
    sides = {
        "python": encode_hwenc,
        "pyav": encode_pyav,
        "pyav buffer": functools.partial(encode_pyav, borrow=True),
    }
    for format_ in ["rgb24", "nv12"]:
        pictures = film(format_, arguments.pictures)
        for preset in ["ultrafast", "veryfast"]:
            request = hwenc.Request(
                "h264",
                1280,
                720,
                fps=FPS,
                input=format_,
                encoder="libx264",
                quality=65,
                gop=GOP,
                preset=preset,
                threads=1,
            )
            what, sizes = f"{format_} {preset}", {}
            for round_ in range(arguments.rounds):
                times = {}
                for name in sorted(sides, reverse=round_ % 2 == 0):
                    sizes[name], spent = timed(functools.partial(sides[name], request, pictures))
                    times[name] = [value / len(pictures) for value in spent]
                report(what, times)
            print(json.dumps({"what": what, "bytes": sizes}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["surfaces", "encode"])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=48, help="pictures of each stream of `encode`")
    parser.add_argument("--library", help="libhwenc_benches.so, for `surfaces`")
    arguments = parser.parse_args()
    {"surfaces": surfaces, "encode": encode}[arguments.part](arguments)


if __name__ == "__main__":
    main()
