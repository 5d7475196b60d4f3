"""Generated RGB pictures become an H.264 stream: `python frames_to_packets.py OUTPUT.h264`."""

import sys

import numpy as np

import hwenc

WIDTH, HEIGHT, FRAMES = 640, 360, 50

if len(sys.argv) != 2:
    sys.exit(f"usage: {sys.argv[0]} OUTPUT.h264")

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
decision = hwenc.choose(codec="h264", width=WIDTH, height=HEIGHT, fps=25, quality=70, fallback="software")

with open(sys.argv[1], "wb") as sink, hwenc.open(decision) as session:
    for n in range(FRAMES):
        # A gradient that moves.
        picture = np.stack([x + y, y + n * 2, x + n * 4], axis=2).astype(np.uint8)
        for packet in session.encode(picture):
            sink.write(packet)
    for packet in session.drain():
        sink.write(packet)
    print(f"{session.stats.packets_out} packets by {session.encoder}")
