"""Exceptions: which class, and what they carry."""

import copy
import pickle
from pathlib import Path

import pytest

import hwenc


def test_a_value_out_of_range_says_what_is_legal() -> None:
    with pytest.raises(hwenc.UsageError) as caught:
        hwenc.Request("h264", 1280, 720, quality=300)
    error = caught.value
    assert isinstance(error, ValueError)
    assert isinstance(error, hwenc.Error)
    assert (error.code, error.kind, error.value, error.legal) == ("request.invalid", "usage", "300", "0 to 100")
    assert str(error) == "the quality is 300, and must be 0 to 100"
    assert (error.evidence, error.remedy, error.errno, error.av_error, error.candidates) == ((), "", None, None, ())


def test_remedies_speak_of_arguments_where_the_command_has_options(film: Path, tmp_path: Path) -> None:
    def said(remedy: str) -> str:
        return hwenc.Error("no", remedy=remedy).remedy

    assert said("take it with `--fallback software`, or `--encoder libx264`") == (
        'take it with `fallback="software"`, or `encoder="libx264"`'
    )
    assert said("allow it with `--overwrite`; scale (`--size`)") == "allow it with `overwrite=True`; scale (`size=…`)"
    assert said("`--on-corrupt skip` or `--decode cpu`") == '`on_corrupt="skip"` or `decode_on="cpu"`'
    assert said("`hwenc doctor --snippet compose` prints it") == "`hwenc doctor --snippet compose` prints it"
    (tmp_path / "out.mp4").touch()
    with pytest.raises(hwenc.Error, match="`overwrite=True`"):
        hwenc.transcode(film, tmp_path / "out.mp4", encoder="libx264")


def test_the_remedy_stands_on_a_line_of_its_own() -> None:
    with pytest.raises(hwenc.UsageError) as caught:
        hwenc.Request("h264", 1281, 720)
    error = caught.value
    assert str(error) == f"{error.message}\nhelp: {error.remedy}"
    assert repr(error) == f"hwenc.UsageError('request.size_unsupported', {error.message!r})"


def test_the_number_of_the_operating_system_is_kept(tmp_path: Path) -> None:
    with pytest.raises(hwenc.Error) as caught:
        hwenc.transcode(tmp_path / "none.mp4", tmp_path / "out.mp4", fallback="software")
    assert (caught.value.code, caught.value.kind, type(caught.value)) == ("input.not_found", "work", hwenc.Error)
    assert any("errno 2" in line for line in caught.value.evidence) or caught.value.errno in (2, None)


def test_no_encoder_names_every_candidate() -> None:
    with pytest.raises(hwenc.NoEncoderError) as caught:
        hwenc.choose(codec="h264", width=1280, height=720, encoder="h264_nvmpi")
    error = caught.value
    assert (error.code, error.kind) == ("select.no_encoder", "selection")
    encoders = [candidate.encoder for candidate in error.candidates]
    assert {"h264_vaapi", "h264_nvenc", "libx264"} <= set(encoders)
    assert all(candidate.verdict == "rejected" for candidate in error.candidates)


def test_exceptions_go_through_pickle_and_copy() -> None:
    with pytest.raises(hwenc.NoEncoderError) as caught:
        hwenc.choose(codec="h264", width=1280, height=720, encoder="h264_nvmpi")
    error = caught.value
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is type(error)
        assert (other.code, other.kind, str(other)) == (error.code, error.kind, str(error))
        assert (other.evidence, other.remedy) == (error.evidence, error.remedy)


def test_messages_name_no_path_of_the_machine() -> None:
    with pytest.raises(hwenc.NoEncoderError) as caught:
        hwenc.choose(codec="h264", width=1280, height=720)
    for candidate in caught.value.candidates:
        assert "/usr/" not in candidate.reason.message + candidate.reason.remedy


def test_classes_are_found_where_they_are_documented() -> None:
    for name in ("Error", "UsageError", "NoEncoderError", "CancelledError", "SizeGateError"):
        assert getattr(hwenc, name).__module__ == "hwenc"
