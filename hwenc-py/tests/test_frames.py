"""Pictures go in from any memory: each is read where it lies, once, and comes out as it went in."""

import ctypes
import json
import random
import tracemalloc
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import RGB, YUV, Tensor, colours, crop, decoded, i420, interleaved, luma, moving, nv12, of_av, same

import hwenc

SIZE = (W, H) = (98, 66)
COUNT = 3
PICTURE = W * H * 3 // 2


def lossless(**fields: Any) -> hwenc.Session:
    """libx264 at quantiser 0 gives back what went in, at 8 bit."""
    return hwenc.open(codec="h264", width=W, height=H, encoder="libx264", qp=0, **fields)


def through(session: hwenc.Session, frames: list[Any], **how: Any) -> list[Any]:
    packets = [packet for frame in frames for packet in session.encode(frame, **how)]
    return packets + list(session.drain())


@pytest.mark.parametrize("way", YUV)
def test_yuv_comes_out_as_it_went_in(way: str) -> None:
    make, format = YUV[way]
    film = [moving(W, H, n) for n in range(COUNT)]
    with lossless() as session:
        packets = through(session, [make(planes) for planes in film], format=format)
        assert (session.stats.copied_frames, session.stats.copied_bytes) == (COUNT, COUNT * PICTURE)
    out = decoded("h264", packets, SIZE)
    assert len(out) == COUNT
    assert all(map(same, out, film))


@pytest.mark.parametrize("way", RGB)
def test_rgb_is_converted_in_one_pass(way: str) -> None:
    make, format = RGB[way]
    film = [colours(W, H, n) for n in range(COUNT)]
    with lossless() as session:
        packets = through(session, [make(picture) for picture in film], format=format)
        assert (session.stats.copied_frames, session.stats.copied_bytes) == (COUNT, COUNT * PICTURE)
    out = decoded("h264", packets, SIZE)
    assert len(out) == COUNT
    for (y, _, _), picture in zip(out, film, strict=True):
        assert np.abs(y - luma(picture)).max() < 1.6


def test_rgb_of_all_orders_is_the_same() -> None:
    streams = set()
    for make, format in RGB.values():
        with lossless() as session:
            streams.add(b"".join(map(bytes, through(session, [make(colours(W, H, 1))], format=format))))
    assert len(streams) == 1


@pytest.mark.parametrize("way", RGB)
def test_rgb_becomes_ten_bits_in_one_pass(way: str) -> None:
    make, format = RGB[way]
    picture = colours(W, H, 1)
    with lossless(bit_depth=10) as session:
        (out,) = decoded("h264", through(session, [make(picture)], format=format), SIZE, depth=10)
        assert session.stats.copied_bytes == 2 * PICTURE
    # 8 bits widened to 10, and a quantiser that is not quite lossless.
    assert np.abs(out[0] - 4 * luma(picture)).max() < 5


def test_grey_goes_from_black_to_white() -> None:
    gray = np.add.outer(np.arange(H), 2 * np.arange(W)).astype(np.uint8)
    for frame in (gray, crop(gray), gray[..., None], Tensor(gray), of_av(gray, "gray")):
        with lossless() as session:
            (out,) = decoded("h264", through(session, [frame]), SIZE)
            assert session.stats.copied_bytes == PICTURE
        assert np.abs(out[0] - (16 + gray * (219 / 255))).max() <= 0.51
        assert (out[1] == 128).all()
        assert (out[2] == 128).all()


DEEP: dict[str, tuple[Callable[[Any], Any], str | None]] = {
    "p010": (lambda p: nv12(tuple(plane << 6 for plane in p)), "p010"),
    "p010 by the session's input": (lambda p: nv12(tuple(plane << 6 for plane in p)), None),
    "p010, cropped": (lambda p: crop(nv12(tuple(plane << 6 for plane in p))), "p010le"),
    "tuple p010": (lambda p: (p[0] << 6, interleaved(p) << 6), None),
    "yuv420p10": (i420, "yuv420p10"),
    "tuple yuv420p10": (lambda p: p, None),
    "bytes": (lambda p: i420(p).tobytes(), "yuv420p10le"),
    "tensor": (lambda p: Tensor(i420(p)), "yuv420p10"),
    "av yuv420p10le": (lambda p: of_av(i420(p), "yuv420p10le"), None),
}


@pytest.mark.parametrize("way", DEEP)
def test_ten_bits_are_uint16(way: str) -> None:
    make, format = DEEP[way]
    film = [moving(W, H, n, depth=10) for n in range(COUNT)]
    with lossless(bit_depth=10, input="p010") as session:
        packets = through(session, [make(planes) for planes in film], format=format)
        assert session.stats.copied_bytes == COUNT * PICTURE * 2
    out = decoded("h264", packets, SIZE, depth=10)
    # The quantiser 0 of libx264 is not quite lossless at 10 bit.
    for got, sent in zip(out, film, strict=True):
        assert all(np.abs(a.astype(int) - b).max() <= 3 for a, b in zip(got, sent, strict=True))


def test_a_session_takes_its_input_where_the_shape_does_not_differ() -> None:
    picture = colours(W, H, 0)
    streams = []
    for input, frame in (("rgb24", picture), ("bgr24", np.ascontiguousarray(picture[..., ::-1]))):
        with lossless(input=input) as session:
            streams.append([bytes(packet) for packet in through(session, [frame])])
    assert streams[0] == streams[1]


def test_planes_of_4_4_4_lie_one_behind_the_other() -> None:
    planes = np.stack([colours(W, H, n)[..., 0] for n in range(3)])
    streams = []
    for frame in (planes, tuple(planes), planes.tobytes(), planes.reshape(-1, W), crop(planes.reshape(-1, W))):
        with lossless(chroma="4:4:4", input="yuv444p") as session:
            streams.append([bytes(packet) for packet in through(session, [frame])])
            assert session.stats.copied_bytes == 3 * W * H
    assert all(stream == streams[0] for stream in streams)


RGB24 = colours(W, H, 0)
NV12 = nv12(moving(W, H, 0))

REFUSED: dict[str, tuple[Any, str | None, str]] = {
    "rows backwards": (RGB24[::-1], None, "numpy.ascontiguousarray"),
    "columns backwards": (RGB24[:, ::-1], None, "numpy.ascontiguousarray"),
    "channels backwards": (RGB24[..., ::-1], None, "numpy.ascontiguousarray"),
    "every second column": (np.repeat(RGB24, 2, axis=1)[:, ::2], None, "numpy.ascontiguousarray"),
    "three of four channels": (np.dstack([RGB24, RGB24[..., 0]])[..., :3], None, "numpy.ascontiguousarray"),
    "transposed": (np.ascontiguousarray(RGB24.transpose(1, 0, 2)).transpose(1, 0, 2), None, "numpy.ascontiguousarray"),
    "one row for all": (np.broadcast_to(RGB24[:1], RGB24.shape), None, "numpy.ascontiguousarray"),
    "padded i420 in one array": (crop(i420(moving(W, H, 0))), "yuv420p", "numpy.ascontiguousarray"),
    "chroma backwards": ((moving(W, H, 0)[0], interleaved(moving(W, H, 0))[::-1]), None, "numpy.ascontiguousarray"),
    "channels of a tensor backwards": (RGB24[..., ::-1], "rgb24", "numpy.ascontiguousarray"),
    "float": (RGB24.astype(np.float32), None, "uint8"),
    "signed": (RGB24.astype(np.int8), None, "uint8"),
    "bool": (RGB24 > 7, None, "uint8"),
    "other byte order": (NV12.astype(">u2"), "p010", "numpy.uint16"),
    "8 bits for 10": (NV12, "p010", "uint16"),
    "16 bits for 8": (NV12.astype(np.uint16), "nv12", "uint8"),
    "five channels": (np.zeros((H, W, 5), np.uint8), None, "format="),
    "five dimensions": (np.zeros((1, 1, H, W, 3), np.uint8), None, "dimensions"),
    "no dimension": (np.array(7, np.uint8), None, "dimensions"),
    "nothing": (b"", None, "format="),
    "no rows": (RGB24[:0], "rgb24", "height"),
    "too few bytes": (NV12.tobytes()[1:], "nv12", "nv12"),
    "another format's shape": (RGB24, "nv12", "height * 3 // 2"),
    "too many planes": ((NV12,) * 5, None, "format="),
    "no plane": ((), "nv12", "nv12"),
    "planes of other sizes": ((RGB24[..., 0], RGB24[..., 1]), "nv12", "nv12"),
    "an unknown format": (NV12, "nv13", "nv13"),
    "a format of a device": (NV12, "vaapi", "vaapi"),
    "a frame of another format": (of_av(RGB24, "rgb24"), "bgr24", "bgr24"),
}


@pytest.fixture(scope="module")
def lasting() -> Any:
    """A session that outlives what it refuses."""
    with lossless() as session:
        yield session


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_picture_is_refused(what: str, lasting: hwenc.Session) -> None:
    frame, format, word = REFUSED[what]
    before = lasting.stats
    with pytest.raises(hwenc.UsageError) as caught:
        lasting.send(frame, format=format)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code in ("picture.layout", "request.invalid")
    assert word in str(caught.value)
    assert lasting.stats == before
    lasting.send(RGB24)


@pytest.mark.parametrize("frame", ["nv12", 7, None, object(), [1, 2, 3], {}], ids=repr)
def test_what_is_no_memory_is_a_type_error(frame: Any, lasting: hwenc.Session) -> None:
    with pytest.raises(TypeError, match="buffer protocol"):
        lasting.send(frame)


def arrays(seed: int, count: int) -> Iterator[Any]:
    """Arrays of all shapes, strides and types, most of which are no pictures."""
    rnd = random.Random(seed)
    lengths = [0, 1, 2, 3, 4, 5, W, H, W // 2, H // 2, H * 3 // 2, 3 * W, 3 * H, W * H * 3 // 2, 2**31, 2**40]
    known = [(H, W, 3), (H, W, 4), (H * 3 // 2, W), (H, W), (3, H, W), (3 * H, W), (W * H * 3,), (H // 2, W // 2, 2)]
    for _ in range(count):
        shape = rnd.choice(known) if rnd.random() < 0.5 else tuple(rnd.choices(lengths, k=rnd.randrange(6)))
        kind = rnd.choice(["u1", "u1", "u1", "<u2", "<u2", ">u2", "f4", "i1"])
        try:
            picture = np.lib.stride_tricks.as_strided(np.zeros(1, kind), shape, (0,) * len(shape))
        except ValueError:
            continue  # larger than NumPy's arrays can be
        way = rnd.randrange(8)
        if picture.size < 10**6 and way > 0:
            picture = np.zeros(shape, kind)
            if way == 1 and picture.ndim > 1 and len(picture) > 1 and picture.size:
                picture = crop(picture)
            elif way == 2:
                picture = picture[tuple(slice(None, None, rnd.choice([1, 2, -1])) for _ in shape)]
            elif way == 3:
                picture = picture.T
            elif way == 4:
                picture = np.frombuffer(picture.tobytes(), np.uint8)
        yield Tensor(picture, rnd.random() < 0.5) if way == 5 else picture


def test_no_array_takes_a_session_down(lasting: hwenc.Session) -> None:
    formats = [
        "nv12",
        "yuv420p",
        "rgb24",
        "argb",
        "gray",
        "p010",
        "yuv420p10",
        "yuv444p",
        "rgb48le",
        "yuyv422",
        "gbrp",
        "monob",
        "pal8",
    ]
    rnd, taken = random.Random(1), 0
    for frame in arrays(seed=2, count=3000):
        parts = (frame,) * rnd.choice([0, 1, 2, 3, 3, 5])
        try:
            lasting.send(parts if rnd.random() < 0.2 else frame, format=rnd.choice([None, None, *formats]))
            taken += 1
        except (hwenc.Error, BufferError):
            pass
    assert taken > 50
    lasting.send(RGB24)


def test_another_size_is_named(lasting: hwenc.Session) -> None:
    frames: list[Any] = [RGB24[:-2], nv12(moving(96, H, 0)), moving(W, 64, 0), of_av(RGB24[:, :-2].copy(), "rgb24")]
    for frame in frames:
        with pytest.raises(hwenc.Error) as caught:
            lasting.send(frame)
        assert caught.value.code == "picture.invalid"
        assert caught.value.legal == f"{W}x{H}"


def test_a_frame_keeps_its_times() -> None:
    with lossless(fps=25, time_base=Fraction(1, 1000)) as session:
        packets = []
        for n in range(4):
            frame = of_av(RGB24, "rgb24")
            frame.pts, frame.time_base = 3600 * n, Fraction(1, 90000)
            packets += session.encode(frame, pts=333 if n == 3 else None, duration=17 if n == 3 else None)
        packets += session.drain()
    packets.sort(key=lambda packet: packet.pts or 0)
    assert [packet.pts for packet in packets] == [0, 40, 80, 333]
    assert packets[3].duration == 17
    assert packets[0].time_base == Fraction(1, 1000)


def test_a_frame_without_a_time_base_counts_as_the_session() -> None:
    with lossless(fps=25, time_base=(1, 1000)) as session:
        frame = of_av(RGB24, "rgb24")
        frame.pts = 7
        (packet,) = through(session, [frame])
    assert packet.pts == 7


def test_a_frame_keeps_its_colours() -> None:
    planes = moving(W, H, 0)
    streams = []
    full = hwenc.Color(range="full", matrix="bt709")
    for color, range, matrix in ((None, 2, 1), (full, 1, 6), (full, 0, 2), (None, 1, 6)):
        frame = of_av(i420(planes), "yuv420p")
        frame.color_range, frame.colorspace = range, matrix
        with lossless(color="bt601") as session:
            streams.append([bytes(packet) for packet in through(session, [frame], color=color)])
    # What the call says comes before what the frame says.
    assert streams[0] == streams[1] == streams[2] != streams[3]


def test_frames_of_a_device_are_refused(lasting: hwenc.Session) -> None:
    class Format:
        name = "vaapi"

    class Frame:
        width, height, planes, format = W, H, (), Format()

    frame: Any = Frame()
    with pytest.raises(hwenc.UsageError, match="device"):
        lasting.send(frame)


def test_no_copy_is_made_in_python() -> None:
    width, height = 1280, 720
    planes = moving(width, height, 0)
    frames: list[Any] = [
        (nv12(planes), None),
        (crop(nv12(planes)), None),
        (colours(width, height, 0), None),
        (crop(colours(width, height, 0)), None),
        (Tensor(nv12(planes)), None),
        (tuple(planes), None),
        (nv12(planes).tobytes(), None),
    ]
    with hwenc.open(codec="h264", width=width, height=height, encoder="libx264", preset="ultrafast") as session:
        session.send(frames[0][0])
        tracemalloc.start()
        try:
            for frame, format in frames:
                tracemalloc.reset_peak()
                before, _ = tracemalloc.get_traced_memory()
                session.send(frame, format=format)
                _, peak = tracemalloc.get_traced_memory()
                assert peak - before < 8192, type(frame)
        finally:
            tracemalloc.stop()
        assert session.stats.copied_bytes == (1 + len(frames)) * width * height * 3 // 2


def test_memory_is_lent_for_the_call_alone(lasting: hwenc.Session) -> None:
    good = bytearray(NV12.tobytes())
    lasting.send(good)
    good += b"it can grow again, so nobody holds it"
    with pytest.raises(hwenc.UsageError):
        lasting.send(good)
    good.clear()
    pair = bytearray(W * H), bytearray(5)
    with pytest.raises(hwenc.UsageError):
        lasting.send(pair)
    for part in pair:
        part.clear()


# dlpack.h of DLPack 1.0.


class DLTensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Plain(ctypes.Structure):
    _fields_ = (("tensor", DLTensor), ("manager", ctypes.c_void_p), ("deleter", Deleter))


class Versioned(ctypes.Structure):
    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", Deleter),
        ("flags", ctypes.c_uint64),
        ("tensor", DLTensor),
    )


class Counted:
    """A tensor that counts how often it is given back."""

    def __init__(self, pixels: np.ndarray, versioned: bool, major: int = 1, device: int = 1, **fields: int) -> None:
        self.pixels, self.device, self.deleted = pixels, device, 0
        self.managed = Versioned() if versioned else Plain()
        if versioned:
            self.managed.major = major
        tensor = self.managed.tensor
        tensor.data, tensor.byte_offset = pixels.ctypes.data - 64, 64
        tensor.device_type, tensor.ndim = device, pixels.ndim
        tensor.code, tensor.bits, tensor.lanes = 1, 8, 1
        self.shape = (ctypes.c_int64 * pixels.ndim)(*pixels.shape)
        tensor.shape = self.shape
        for name, value in fields.items():
            setattr(tensor, name, value)
        self.deleter = Deleter(self.delete)
        self.managed.deleter = self.deleter
        self.name = b"dltensor_versioned" if versioned else b"dltensor"

    def delete(self, _managed: int) -> None:
        self.deleted += 1

    def __dlpack__(self, max_version: tuple[int, int] | None = None) -> Any:
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        return new(ctypes.addressof(self.managed), self.name, None)


@pytest.mark.parametrize("versioned", [True, False])
def test_a_tensor_is_given_back_once(versioned: bool, lasting: hwenc.Session) -> None:
    good: Any = Counted(RGB24, versioned)
    lasting.send(good)
    assert good.deleted == 1
    with lossless() as session:
        one, other = through(session, [RGB24]), lossless()
        assert [bytes(p) for p in one] == [bytes(p) for p in through(other, [Counted(RGB24, versioned)])]
        other.close()
    wrong: list[Any] = [
        Counted(RGB24, versioned, bits=64),
        Counted(RGB24, versioned, code=2, bits=32),
        Counted(RGB24, versioned, lanes=4),
        Counted(RGB24, versioned, ndim=0),
        Counted(RGB24, versioned, ndim=9),
        Counted(RGB24, versioned, device=2),
        Counted(RGB24[:-1], versioned),
        Counted(np.zeros((H, W, 5), np.uint8), versioned),
    ]
    if versioned:
        wrong.append(Counted(RGB24, versioned, major=2))
    for tensor in wrong:
        with pytest.raises(hwenc.Error):
            lasting.send(tensor)
        assert tensor.deleted == 1
    late: Any = Counted(RGB24, versioned)
    with pytest.raises(hwenc.Error, match="closed"):
        session.send(late)
    assert late.deleted == 1
    pair: Any = Counted(moving(W, H, 0)[0], versioned), Counted(RGB24[..., 1].copy(), versioned)
    with pytest.raises(hwenc.UsageError):
        lasting.send(pair)
    assert [tensor.deleted for tensor in pair] == [1, 1]


def test_tensors_of_a_device_are_not_asked_for(lasting: hwenc.Session) -> None:
    class Cuda(Counted):
        def __dlpack_device__(self) -> tuple[int, int]:
            return (2, 0)

    tensor: Any = Cuda(RGB24, True)
    with pytest.raises(hwenc.UsageError, match="cpu"):
        lasting.send(tensor)
    assert tensor.deleted == 0


ON_A_GPU = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
from pictures import RGB, YUV, colours, crop, luma, moving
import hwenc
W, H, COUNT = 640, 360, 2
out = {}
for name, (make, format) in [*YUV.items(), *RGB.items(), ("gray", (lambda p: p[..., 0].copy(), None))]:
    film = [(moving if name in YUV and YUV[name][0] is make else colours)(W, H, n) for n in range(COUNT)]
    with hwenc.open(codec="h264", width=W, height=H, encoder="h264_vaapi") as session:
        packets = [p for picture in film for p in session.encode(make(picture), format=format)]
        packets += session.drain()
        stats = session.stats
    file = pathlib.Path(sys.argv[2], f"{len(out)}.h264")
    file.write_bytes(b"".join(map(bytes, packets)))
    kind = "yuv" if name in YUV and YUV[name][0] is make else "gray" if name == "gray" else "rgb"
    out[f"{kind} {name}"] = [str(file), stats.copied_frames, stats.copied_bytes]
print(json.dumps(out))
"""


TEN_BITS_ON_A_GPU = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from pictures import colours, crop
import hwenc
W, H = 640, 360
with hwenc.open(codec="hevc", width=W, height=H, bit_depth=10, encoder="hevc_vaapi") as session:
    packets = session.encode(colours(W, H, 0)) + session.encode(crop(colours(W, H, 1))) + list(session.drain())
    assert session.stats.copied_bytes == 2 * W * H * 3, session.stats
pathlib.Path(sys.argv[2]).write_bytes(b"".join(map(bytes, packets)))
"""


def test_ten_bits_end_on_a_surface_in_one_pass(on_gpu: Any, tmp_path: Path) -> None:
    stream, here = tmp_path / "stream.hevc", str(Path(__file__).parent)
    ran = on_gpu(TEN_BITS_ON_A_GPU, here, str(stream), options=("--engine", "lossless"))
    assert ran.returncode == 0, ran.stderr
    out = decoded("hevc", [stream.read_bytes()], (640, 360), depth=10)
    assert len(out) == 2
    for n, picture in enumerate(out):
        with hwenc.open(codec="h264", width=640, height=360, bit_depth=10, encoder="libx264", qp=0) as session:
            (other,) = decoded("h264", through(session, [colours(640, 360, n)]), (640, 360), depth=10)
        assert np.abs(picture[0] - 4 * luma(colours(640, 360, n))).mean() < 2
        for ours, theirs in zip(picture, other, strict=True):
            assert np.abs(ours.astype(int) - theirs).mean() < 2


def test_every_way_ends_on_a_surface_in_one_pass(on_gpu: Any, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    here = str(Path(__file__).parent)
    ran = on_gpu(ON_A_GPU, here, str(tmp_path), options=("--engine", "lossless", "--report", str(report)))
    assert ran.returncode == 0, ran.stderr
    width, height, count = 640, 360, 2
    out = json.loads(ran.stdout)
    assert len(out) == len(YUV) + len(RGB) + 1
    for name, (file, frames, copied) in out.items():
        assert (frames, copied) == (count, count * width * height * 3 // 2), name
        pictures = decoded("h264", [Path(file).read_bytes()], (width, height))
        assert len(pictures) == count, name
        for n, picture in enumerate(pictures):
            if name.startswith("yuv"):
                assert same(picture, moving(width, height, n)), name
            elif name.startswith("rgb"):
                assert np.abs(picture[0] - luma(colours(width, height, n))).max() < 1.6, name
            else:
                gray = colours(width, height, n)[..., 0]
                assert np.abs(picture[0] - (16 + gray * (219 / 255))).max() <= 0.51, name
    # Each picture is written through one mapping of its surface; nothing is put or fetched by the driver.
    counts = json.loads(report.read_text())
    assert counts["image_maps"] == counts["encodes"] > len(out) * count
    assert (counts["put_images"], counts["get_images"], counts["cpu_bytes"]) == (0, 0, 0)
    assert counts["misuse"] == []
    assert set(counts["alive"].values()) == {0}
