"""Types of arguments, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from os import PathLike
from typing import TYPE_CHECKING, Literal, Required, TypeAlias, TypedDict

if TYPE_CHECKING:
    from hwenc._native import Color, Request

Ratio: TypeAlias = int | float | Fraction | tuple[int, int]
Path: TypeAlias = str | PathLike[str]
Options: TypeAlias = Mapping[str, str | int | float | bool]


class _Rest(TypedDict, total=False):
    fps: Ratio
    time_base: Ratio | None
    bit_depth: int
    chroma: Literal["4:2:0", "4:4:4"]
    input: str
    color: Color | str | None
    sample_aspect_ratio: Ratio
    quality: int | None
    qp: int | None
    bitrate: int | None
    cbr: int | None
    max_bitrate: int | None
    gop: int | None
    b_frames: int | None
    latency: Literal["normal", "low"]
    preset: str | None
    threads: int
    encoder: str | None
    device: Path | None
    input_device: Path | None
    fallback: str | Sequence[str]
    zero_copy: Literal["allow", "require"]
    parameter_sets: Literal["inband", "global"]
    options: Options | None


class Changes(_Rest, total=False):
    """Fields of a request."""

    codec: str
    width: int
    height: int


class Fields(_Rest, total=False):
    """Fields of a request; it has to have these."""

    codec: Required[str]
    width: Required[int]
    height: Required[int]


class ProbeFields(TypedDict, total=False):
    """What ``probe`` takes."""

    request: Request | None
    refresh: bool
    isolation: bool
    quarantined: bool
    deadline: float | None
    cache_dir: Path | None


class TranscodeFields(TypedDict, total=False):
    """What ``transcode`` takes beside its files, progress and cancel."""

    codec: str | None
    size: tuple[int, int] | None
    bit_depth: int | None
    quality: int | None
    qp: int | None
    bitrate: int | None
    cbr: int | None
    max_bitrate: int | None
    gop: int | None
    preset: str | None
    threads: int
    encoder: str | None
    device: Path | None
    fallback: str | Sequence[str]
    zero_copy: Literal["allow", "require"]
    decode_on: Literal["auto", "cpu", "device"]
    options: Options | None
    on_corrupt: Literal["fail", "skip"]
    max_size_ratio: float | None
    faststart: bool
    overwrite: bool
