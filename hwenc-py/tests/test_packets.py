"""Packets lend their bytes, and keep them."""

import gc
import io
import tracemalloc
import weakref
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import hwenc

W, H = 320, 240


def packets(count: int = 3, **fields: Any) -> list[hwenc.Packet]:
    """Packets of a session that is closed again."""
    noise = np.random.default_rng(7)
    frames = [noise.integers(0, 256, (H, W, 3), np.uint8) for _ in range(count)]
    with hwenc.open(codec="h264", width=W, height=H, encoder="libx264", fps=25, **fields) as session:
        return [packet for frame in frames for packet in session.encode(frame)] + list(session.drain())


def address(view: Any) -> int:
    return np.frombuffer(view, np.uint8).ctypes.data


def test_bytes_are_lent_and_not_copied() -> None:
    packet = packets()[0]
    assert len(packet) > 20_000
    tracemalloc.start()
    try:
        views = [memoryview(packet), packet.data, memoryview(packet)[5:]]
        copied, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert copied < 4096
    assert len({address(packet), address(views[0]), address(views[1]), address(views[2]) - 5}) == 1
    assert views[0].nbytes == len(packet)
    assert views[0].format == "B"
    assert views[0].ndim == 1
    assert bytes(packet) == views[0].tobytes()
    assert bytes(packet)[:4] == b"\x00\x00\x00\x01"


def test_bytes_cannot_be_written_to() -> None:
    packet = packets(1)[0]
    assert packet.data.readonly
    assert not np.frombuffer(packet.data, np.uint8).flags.writeable
    with pytest.raises(TypeError):
        packet.data[0] = 1
    with pytest.raises(TypeError):
        io.BytesIO(b"x").readinto(packet)


def test_a_view_keeps_the_packet() -> None:
    packet = packets(1)[0]
    content, alive = bytes(packet), weakref.ref(packet)
    view = memoryview(packet)
    del packet
    gc.collect()
    assert alive() is not None
    assert bytes(view) == content
    view.release()
    gc.collect()
    assert alive() is None


def test_packets_outlive_the_session_and_each_other() -> None:
    first, *others = packets(5)
    before = bytes(first)
    del others
    gc.collect()
    packets(5)
    assert bytes(first) == before


def test_times_count_in_the_time_base() -> None:
    made = packets(4, time_base=Fraction(1, 50), b_frames=0)
    assert [packet.pts for packet in made] == [0, 2, 4, 6]
    assert [packet.dts for packet in made] == [0, 2, 4, 6]
    assert {packet.duration for packet in made} == {2}
    assert {packet.time_base for packet in made} == {Fraction(1, 50)}
    assert [packet.is_keyframe for packet in made] == [True, False, False, False]


def test_files_take_them() -> None:
    made, file = packets(), io.BytesIO()
    file.writelines(made)
    assert file.getvalue() == b"".join(made)


def test_they_say_what_they_are() -> None:
    first, second = packets(2, b_frames=0)
    assert repr(first) == f"<hwenc.Packet of {len(first)} bytes, pts 0, dts 0, keyframe>"
    assert repr(second) == f"<hwenc.Packet of {len(second)} bytes, pts 1, dts 1>"
    with pytest.raises(AttributeError):
        first.pts = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        hwenc.Packet()


def test_pyav_decodes_them() -> None:
    import av

    decoder = av.CodecContext.create("h264", "r")
    made = packets(6)
    theirs = [packet.to_av() for packet in made]
    for packet, its in zip(made, theirs, strict=True):
        assert bytes(its) == bytes(packet)
        assert (its.pts, its.dts, its.duration) == (packet.pts, packet.dts, packet.duration)
        assert (its.time_base, its.is_keyframe) == (packet.time_base, packet.is_keyframe)
    frames = [frame for packet in [*theirs, None] for frame in decoder.decode(packet)]
    assert [frame.pts for frame in frames] == list(range(6))
    assert {(frame.width, frame.height) for frame in frames} == {(W, H)}
