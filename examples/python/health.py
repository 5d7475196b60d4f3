"""What a health endpoint would answer, as JSON: which encoder serves each codec, and which of them is a fallback."""

import json

import hwenc

answer: dict[str, object] = {"ffmpeg": hwenc.ffmpeg_version()}
for codec in ("h264", "hevc", "av1"):
    try:
        decision = hwenc.choose(codec=codec, width=1280, height=720, fallback="software")
        answer[codec] = {"encoder": decision.encoder, "fallback": decision.fallback_used}
    except hwenc.Error as error:
        answer[codec] = {"encoder": None, "code": error.code}
print(json.dumps(answer))
