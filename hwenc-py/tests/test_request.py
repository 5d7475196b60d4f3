"""Requests: every field, its errors, and the way to JSON and back."""

import pickle
from fractions import Fraction
from typing import Any

import pytest

import hwenc

# Every field with a value that is not its default, and what reads back.
FIELDS: dict[str, tuple[Any, Any]] = {
    "fps": (29.97, Fraction(30000, 1001)),
    "time_base": ((1, 90000), Fraction(1, 90000)),
    "bit_depth": (10, 10),
    "chroma": ("4:4:4", "4:4:4"),
    "input": ("rgb24", "rgb24"),
    "color": ("hdr10", hwenc.Color(range="limited", primaries="bt2020", transfer="pq", matrix="bt2020")),
    "sample_aspect_ratio": (Fraction(4, 3), Fraction(4, 3)),
    "quality": (70, 70),
    "qp": (30, 30),
    "bitrate": (4_000_000, 4_000_000),
    "cbr": (4_000_000, 4_000_000),
    "max_bitrate": (8_000_000, 8_000_000),
    "gop": (60, 60),
    "b_frames": (0, 0),
    "latency": ("low", "low"),
    "preset": ("fast", "fast"),
    "threads": (2, 2),
    "encoder": ("libx264", "libx264"),
    "device": ("/dev/dri/renderD129", "/dev/dri/renderD129"),
    "input_device": ("/dev/dri/renderD128", "/dev/dri/renderD128"),
    "fallback": (["h264_vaapi", "libx264"], "h264_vaapi,libx264"),
    "zero_copy": ("require", "require"),
    "parameter_sets": ("global", "global"),
    "options": ({"tune": "film", "aud": True}, {"tune": "film", "aud": "1"}),
}


def hd(**fields: Any) -> hwenc.Request:
    return hwenc.Request("h264", 1280, 720, **fields)


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_kept(field: str) -> None:
    given, kept = FIELDS[field]
    request = hd(**{field: given})
    assert getattr(request, field) == kept
    assert request != hd()
    assert hwenc.Request.from_json(request.to_json()) == request
    assert pickle.loads(pickle.dumps(request)) == request
    assert eval(repr(request)) == request
    assert hash(request) == hash(hd(**{field: given}))
    assert hd().replace(**{field: given}) == request


def test_defaults_are_those_of_the_signature() -> None:
    request = hd()
    assert (request.codec, request.width, request.height) == ("h264", 1280, 720)
    assert (request.bit_depth, request.chroma, request.input) == (8, "4:2:0", "nv12")
    assert (request.fps, request.sample_aspect_ratio) == (Fraction(30), Fraction(1))
    assert (request.quality, request.fallback, request.latency, request.options) == (65, "deny", "normal", {})
    assert repr(request) == "hwenc.Request('h264', 1280, 720)"
    assert str(request) == "h264 1280x720 at 30 fps, 8 bit, quality 65"


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        hd().width = 640  # type: ignore[misc]


def test_replacing_one_rate_control_by_another() -> None:
    assert hd(bitrate=4_000_000).replace(quality=50) == hd(quality=50)
    assert hd(quality=50).replace(cbr=4_000_000) == hd(cbr=4_000_000)
    assert hd(quality=50, max_bitrate=2_000_000).replace(gop=30).max_bitrate == 2_000_000


@pytest.mark.parametrize(
    ("fps", "kept"),
    [
        (30, Fraction(30)),
        (25.0, Fraction(25)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (0.5, Fraction(1, 2)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        ((24, 1), Fraction(24)),
    ],
)
def test_frame_rates_as_people_write_them(fps: Any, kept: Fraction) -> None:
    assert hd(fps=fps).fps == kept


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"fps": 0}, "request.invalid"),
        ({"fps": float("nan")}, "request.invalid"),
        ({"fps": (1, 0)}, "request.invalid"),
        ({"time_base": -1}, "request.invalid"),
        ({"bit_depth": 9}, "request.invalid"),
        ({"bit_depth": 1 << 40}, "request.invalid"),
        ({"chroma": "4:1:1"}, "request.invalid"),
        ({"input": "nothing"}, "request.invalid"),
        ({"color": "red"}, "request.invalid"),
        ({"quality": 101}, "request.invalid"),
        ({"quality": -1}, "request.invalid"),
        ({"qp": 52}, "request.invalid"),
        ({"bitrate": 0}, "request.invalid"),
        ({"cbr": 10**12}, "request.invalid"),
        ({"max_bitrate": 1 << 80}, "request.invalid"),
        ({"gop": 0}, "request.invalid"),
        ({"b_frames": -1}, "request.invalid"),
        ({"latency": "none"}, "request.invalid"),
        ({"threads": 2000}, "request.invalid"),
        ({"encoder": "libfoo"}, "request.unknown_encoder"),
        ({"encoder": "libx265"}, "request.codec_mismatch"),
        ({"fallback": "none"}, "request.unknown_encoder"),
        ({"zero_copy": "maybe"}, "request.invalid"),
        ({"parameter_sets": "here"}, "request.invalid"),
    ],
)
def test_what_is_wrong_on_any_machine_is_refused_at_once(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(hwenc.UsageError) as caught:
        hd(**fields)
    assert caught.value.code == code
    assert caught.value.legal


@pytest.mark.parametrize(
    "fields",
    [
        {"quality": "70"},
        {"quality": 70, "qp": 30},
        {"qp": 30, "max_bitrate": 4_000_000},
        {"fps": "30"},
        {"fallback": 3},
        {"options": {"tune": None}},
        {"color": 3},
        {"colour": "bt709"},
    ],
)
def test_wrong_types_are_type_errors(fields: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        hd(**fields)


@pytest.mark.parametrize("size", [(0, 720), (20_000, 720), (-2, 720), (1 << 70, 720)])
def test_sizes_have_limits(size: tuple[int, int]) -> None:
    with pytest.raises(hwenc.UsageError, match="must be 1 to 16384"):
        hwenc.Request("h264", *size)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"codec":"h264"}'])
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(hwenc.UsageError, match="this is no request"):
        hwenc.Request.from_json(text)


def test_colours_are_code_points() -> None:
    color = hwenc.Color(range="full", transfer=16, matrix="bt601-625")
    assert (color.range, color.primaries, color.transfer, color.matrix) == (2, 2, 16, 5)
    assert repr(color) == "hwenc.Color(range=2, transfer=16, matrix=5)"
    assert color == eval(repr(color))
    with pytest.raises(hwenc.UsageError, match="the matrix"):
        hwenc.Color(matrix="pq")
