"""Sessions leave nothing behind, however many there are: memory, threads and open files stay as they are.

`HWENC_SOAK=10000` opens so many; a change waits for a few hundred.
"""

import os

from child import FILM, allocated, as_before, children, counts, in_child, picture, resident, tiny

import hwenc

SOAK = int(os.environ.get("HWENC_SOAK", "0"))
FEW = 400
#: What C's allocator may have given out more at the end than after a quarter: below 100 bytes of each session of a change's
#: run. A session has about 500 kB, its decision 2 kB.
MOST_ALLOCATED = 32 << 10
#: What may be resident more at the end than after a quarter. Pieces of memory between others stay; that comes to an end.
MOST_RESIDENT = 16 << 20


def live_and_die(n, decision):
    """Every way in which a session ends."""
    request = decision.request
    array = picture(request, n)
    way = n % 6
    if way == 0:  # to the end
        with decision.open() as session:
            session.send(array)
            session.send(array, idr=True)
            packets = list(session.drain())
            assert [len(memoryview(packet)) > 0 for packet in packets] == [True, True]
    elif way == 1:  # closed with pictures in it
        with hwenc.open(decision) as session:
            session.send(array)
    elif way == 2:  # dropped, its packet outliving it
        session = decision.open()
        session.send(array)
        view = memoryview(session.receive())
        del session
        assert len(view) > 0
    elif way == 3:  # dropped by the collector
        loop = [decision.open()]
        loop.append(loop)
    elif way == 4:  # chosen anew, and an exception on the way
        try:
            with hwenc.open(request) as session:
                session.send(array[:-1])
        except hwenc.Error:
            pass
        else:
            raise AssertionError("a picture that is too small was taken")
    else:  # refused
        try:
            hwenc.open(tiny(options={"no-such-option": "1"}))
        except hwenc.Error:
            pass
        else:
            raise AssertionError("an option that nobody has was taken")


def flat(what, before, held):
    assert as_before(before)
    assert children() == []
    more = [now - then for now, then in zip((allocated(), resident()), held, strict=True)]
    print(f"{what}: {counts()}, {more[0]} bytes allocated and {more[1]} resident more than after a quarter")
    assert more[0] <= MOST_ALLOCATED, f"{more[0]} bytes more allocated"
    assert more[1] <= MOST_RESIDENT, f"{more[1]} bytes more resident"


def many(count, request):
    decision = hwenc.choose(request)
    before = held = None
    for n in range(count):
        if n == count // 4:
            before, held = counts(), (allocated(), resident())
        live_and_die(n, decision)
    flat(f"{count} sessions", before, held)


@in_child(seconds=max(120, SOAK / 10), says="sessions")
def test_sessions_in_software_leave_nothing():
    many(SOAK or FEW, tiny())


@in_child(seconds=max(120, SOAK / 10), says="sessions", under=("--device", "intel-gen9", "--engine", "null"))
def test_sessions_on_a_device_leave_nothing():
    many(max(SOAK // 10, 120), hwenc.Request("h264", 320, 192, encoder="h264_vaapi", latency="low", qp=30))


@in_child(seconds=max(120, SOAK / 10), says="films")
def test_probes_and_transcodes_leave_nothing(tmp):
    from child import allocated, counts, resident, tiny

    count = max(SOAK // 100, 12)
    for n in range(count):
        if n == count // 4:
            before, held = counts(), (allocated(), resident())
        hwenc.choose(tiny())
        str(hwenc.doctor(hwenc.probe()))
        hwenc.transcode(FILM, tmp / "out.mkv", encoder="libx264", preset="ultrafast", overwrite=True, progress=lambda _: None)
    flat(f"{count} films", before, held)
