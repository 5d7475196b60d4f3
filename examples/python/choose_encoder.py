"""Chooses an encoder and prints why, and why not the others."""

import hwenc

try:
    decision = hwenc.choose(codec="hevc", width=1920, height=1080, fps=30, bit_depth=10, fallback="software")
except hwenc.NoEncoderError as error:
    print(error)
    for candidate in error.candidates:
        print(f"  {candidate}")
else:
    if decision.fallback_used:
        print("no hardware works here")
    print(decision)
