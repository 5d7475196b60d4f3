"""Decisions: who is chosen, why, and why the others are not."""

import json
import pickle
import subprocess
from collections.abc import Callable

import pytest

import hwenc


def small(encoder: str | None = None) -> hwenc.Decision:
    return hwenc.choose(hwenc.Request("h264", 320, 240, fallback="software"), encoder=encoder)


def test_software_is_used_where_it_is_allowed_and_said() -> None:
    decision = small(encoder="libx264")
    assert (decision.encoder, decision.backend, decision.device) == ("libx264", "software", None)
    assert not decision.fallback_used  # it was named
    assert decision.request.encoder == "libx264"
    assert repr(decision) == "<hwenc.Decision libx264>"


def test_print_shows_every_candidate_with_its_reason() -> None:
    decision = small()
    text = str(decision)
    assert text.startswith(decision.encoder)
    for candidate in decision.candidates:
        assert str(candidate) in text
        assert candidate.reason.code in str(candidate)
    chosen = [candidate for candidate in decision.candidates if candidate.verdict == "chosen"]
    assert [(c.encoder, c.reason.code) for c in chosen] == [(decision.encoder, "policy.chosen")]


def test_a_decision_goes_through_json_and_pickle() -> None:
    decision = small()
    assert hwenc.Decision.from_json(decision.to_json()) == decision
    assert pickle.loads(pickle.dumps(decision)) == decision
    assert decision.to_dict() == json.loads(decision.to_json())
    with pytest.raises(hwenc.UsageError, match="this is no decision"):
        hwenc.Decision.from_json("{}")


def test_fields_and_requests_are_the_same() -> None:
    fields = hwenc.choose(codec="h264", width=320, height=240, fallback="software")
    assert fields.request == hwenc.Request("h264", 320, 240, fallback="software")
    with pytest.raises(TypeError, match=r"must be a hwenc\.Request"):
        hwenc.choose("h264")  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        hwenc.choose(codec="h264")  # type: ignore[call-overload]


def test_a_gpu_is_chosen_where_there_is_one(on_gpu: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = on_gpu(
        "import hwenc\n"
        "d = hwenc.choose(codec='h264', width=1280, height=720)\n"
        "print(d.encoder, d.backend, d.device, d.fallback_used, repr(d))\n"
        "with d.open() as session: print(session.encoder)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "h264_vaapi vaapi /dev/dri/renderD128 False <hwenc.Decision h264_vaapi on /dev/dri/renderD128>",
        "h264_vaapi",
    ]
