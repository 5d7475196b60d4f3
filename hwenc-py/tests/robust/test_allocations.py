"""From an array into the encoder: one pass over the pixels and no copy beside it. To a memoryview: none.

Counted three times: what Python allocates (tracemalloc), what anybody asks of C's allocator (count_malloc.c,
preloaded), and what softgpu's driver sees written into its surfaces.
"""

import ctypes
import json
import pathlib
import subprocess
import tracemalloc

from child import in_child

import hwenc

WIDTH, HEIGHT = 640, 480
WARM, COUNTED = 300, 600
NULL = ("--device", "intel-gen9", "--engine", "null", "--report", "{tmp}/report.json")


def build(tmp):
    """The library that counts, by the C compiler."""
    source = pathlib.Path(__file__).with_name("count_malloc.c")
    subprocess.run(["cc", "-std=c11", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", tmp / "count.so", source], check=True)


COUNTED_BY = {"before": build, "env": {"LD_PRELOAD": "{tmp}/count.so"}, "says": "counted"}


def native(limit):
    """Calls and bytes so far, and calls for at least `limit` bytes since it was set."""
    out = (ctypes.c_uint64 * 3)()
    count = ctypes.CDLL(None).count_malloc
    count.argtypes = [ctypes.c_uint64 * 3, ctypes.c_size_t]
    count(out, limit)
    return list(out)


def arrays():
    """What programs have: whole arrays, and crops, whose rows are not next to each other."""
    import numpy

    noise = numpy.random.default_rng(1)

    def make(*shape):
        return noise.integers(40, 200, shape, numpy.uint8)

    yield "nv12", make(HEIGHT * 3 // 2, WIDTH)
    yield "yuv420p", make(HEIGHT * 3 // 2, WIDTH)
    yield "gray8", make(HEIGHT, WIDTH)
    for format_, channels in [("rgb24", 3), ("bgr24", 3), ("rgba", 4), ("bgra", 4)]:
        yield format_, make(HEIGHT, WIDTH, channels)
        yield format_, make(HEIGHT + 16, WIDTH + 32, channels)[8:-8, 16:-16]


def run(session, array, format_, frames):
    """Bytes of the packets, through their memoryviews."""
    size = 0
    for _ in range(frames):
        session.send(array, format=format_)
        while (packet := session.receive()) is not None:
            with memoryview(packet) as view:
                size += view[-1] & 0 or len(view)
    return size


def no_copies(request_of):
    pixels = WIDTH * HEIGHT
    ours = bytearray(pixels)
    native(pixels // 4)
    ours = bytearray(pixels)
    assert native(pixels // 4)[2] >= 1, "the count sees Python's"
    del ours
    for format_, array in arrays():
        with hwenc.open(request_of(format_)) as session:
            run(session, array, format_, WARM)
            before = native(pixels // 4)
            size = run(session, array, format_, COUNTED)
            calls, total, large = (now - then for now, then in zip(native(pixels // 4), before, strict=True))
            frames = session.stats.frames_in
            assert frames == session.stats.packets_out == session.stats.copied_frames == WARM + COUNTED
            one_pass = session.stats.copied_bytes / frames
            tracemalloc.start()
            run(session, array, format_, 20)
            tracemalloc.reset_peak()
            then = tracemalloc.get_traced_memory()[0]
            run(session, array, format_, COUNTED)
            now, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        what = f"{format_} {'crop' if array.base is not None else 'whole'}"
        print(
            f"{what}: {calls / COUNTED:.1f} calls for {total / COUNTED:.0f} bytes per picture, "
            f"packets of {size / COUNTED:.0f};"
            f" {one_pass / pixels:.2f} bytes written per pixel; Python's peak {peak - then} bytes"
        )
        assert large == 0, f"{what}: {large} allocations of a quarter picture or more in {COUNTED} pictures"
        assert total - 4 * size < COUNTED * pixels // 8, f"{what}: {total / COUNTED:.0f} bytes per picture"
        assert one_pass <= pixels * 1.5 + 4096, f"{what}: {one_pass:.0f} bytes written per picture: more than one pass"
        assert peak - then < 8192, f"{what}: Python's memory: {peak - then} bytes at most"
        assert now - then < 2048, f"{what}: Python's memory: {now - then} bytes more"
    print("counted")


@in_child(seconds=240, **COUNTED_BY)
def test_software_takes_arrays_without_a_copy():
    # Quantiser 51: small packets, whose memory is not that of pictures.
    def request_of(format_):
        source = {"gray8": "gray"}.get(format_, format_)
        return hwenc.Request(
            "h264",
            WIDTH,
            HEIGHT,
            input=source,
            encoder="libx264",
            preset="ultrafast",
            latency="low",
            qp=51,
            threads=1,
            gop=1000,
        )

    no_copies(request_of)


def written_once(tmp):
    """What softgpu's driver saw."""
    report = json.loads((tmp / "report.json").read_text())
    sent = (WARM + 2 * COUNTED + 20) * len(list(arrays()))
    # The trial of the probe has some of its own.
    assert sent <= report["image_maps"] <= sent + 200, report
    assert report["put_images"] == report["get_images"] == 0, report
    assert report["misuse"] == [], report


@in_child(seconds=240, under=NULL, after=written_once, **COUNTED_BY)
def test_devices_take_arrays_without_a_copy():
    def request_of(format_):
        source = {"gray8": "gray"}.get(format_, format_)
        return hwenc.Request("h264", WIDTH, HEIGHT, input=source, encoder="h264_vaapi", latency="low", qp=30, gop=1000)

    no_copies(request_of)
