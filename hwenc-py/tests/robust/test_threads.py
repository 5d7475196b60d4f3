"""Sessions and many threads: hammered, dropped and closed while others use them."""

import gc
import threading

import pytest
from child import as_before, code, counts, in_child, picture, slow, tiny

import hwenc

NULL = ("--device", "intel-gen9", "--engine", "null")
#: Each picture takes 50 ms inside of the driver.
SLOW = (*NULL, "--fault", "va.EndPicture=slow:50@12+")


def device(**fields):
    return hwenc.Request("h264", 320, 192, encoder="h264_vaapi", latency="low", qp=30, **fields)


def together(count, work):
    """Runs `work(n)` in so many threads that begin at once; what any of them raises is raised here."""
    gate, raised = threading.Barrier(count), []

    def one(n):
        try:
            gate.wait()
            work(n)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def hammer(request, each=200, threads=8):
    session, packets, lock = hwenc.open(request), [0], threading.Lock()
    pictures = [picture(request, n) for n in range(threads)]

    def work(n):
        for i in range(each):
            session.send(pictures[n], idr=i % 50 == 0)
            got = sum(1 for _ in session.packets())
            with lock:
                packets[0] += got
            assert not session.finished

    together(threads, work)
    packets[0] += sum(1 for _ in session.drain())
    assert session.stats.frames_in == packets[0] == each * threads, (session.stats, packets)
    session.close()


@in_child(seconds=120)
def test_threads_hammer_one_session():
    hammer(tiny())
    hammer(tiny(threads=2, latency="normal"))


@in_child(seconds=120, under=NULL)
def test_threads_hammer_one_session_on_a_device():
    hammer(device())


@in_child()
def test_threads_with_a_session_each_do_not_mix():
    alone = [code(hwenc.open(tiny(width=64 + 16 * n))) for n in range(8)]
    streams = [None] * 8

    def work(n):
        for _ in range(20):
            streams[n] = code(hwenc.open(tiny(width=64 + 16 * n)))
            assert streams[n] == alone[n]

    together(8, work)
    assert streams == alone


def without_end(session, started, array):
    while True:
        started.set()
        session.send(array)
        for _ in session.packets():
            pass


def closed_while_sending(request, rounds, how):
    """`how(session)` in one thread while another sends: what came before goes through, then an error says why."""
    codes = set()
    for _ in range(rounds):
        session, started = hwenc.open(request), threading.Event()
        array = picture(request)

        def sends(session=session, started=started, array=array):
            with pytest.raises(hwenc.Error) as raised:
                without_end(session, started, array)
            codes.add(raised.value.code)

        def ends(session=session, started=started):
            started.wait()
            how(session)

        together(2, lambda n, work=(sends, ends): work[n]())
        session.close()
        assert session.closed
        with pytest.raises(hwenc.Error, match="closed"):
            session.send(array)
    return codes


@in_child(seconds=120)
def test_close_while_another_thread_sends():
    closed_while_sending(tiny(), 1, lambda session: session.close())
    before = counts()
    assert closed_while_sending(tiny(), 50, lambda session: session.close()) == {"session.closed"}
    assert closed_while_sending(slow(), 3, lambda session: session.close()) == {"session.closed"}
    assert as_before(before)


@in_child(seconds=120)
def test_finish_while_another_thread_sends():
    assert closed_while_sending(tiny(), 50, lambda session: list(session.drain())) == {"session.finished"}


@in_child(under=SLOW)
def test_close_while_the_driver_codes():
    assert closed_while_sending(device(), 5, lambda session: session.close()) == {"session.closed"}


def dropped(request, rounds):
    """The last reference goes in a thread that did not open the session, and while another is inside of a call."""
    for _ in range(rounds):
        box, inside = [hwenc.open(request)], threading.Event()
        array = picture(request)

        def sends(box=box, inside=inside, array=array):
            send = box[0].send  # holds the session until the thread is through
            for _ in range(10):
                inside.set()
                send(array)

        def drops(box=box, inside=inside):
            inside.wait()
            box.clear()
            gc.collect()

        together(2, lambda n, work=(sends, drops): work[n]())


@in_child(seconds=120)
def test_sessions_dropped_from_another_thread():
    dropped(tiny(), 2)
    before = counts()
    dropped(tiny(), 100)
    dropped(tiny(threads=3, latency="normal"), 30)
    assert as_before(before)


@in_child(under=SLOW)
def test_device_sessions_dropped_from_another_thread():
    dropped(device(), 1)
    before = counts()
    dropped(device(), 3)
    assert as_before(before)


@in_child()
def test_packets_outlive_their_session_in_other_threads():
    request = tiny()
    session = hwenc.open(request)
    views, copies = [], []
    for n in range(50):
        session.send(picture(request, n))
        for packet in session.packets():
            views.append(memoryview(packet))
            copies.append(bytes(packet))
    together(2, lambda n: session.close() if n else None)
    session = packet = None
    gc.collect()
    for _ in range(20):
        code(hwenc.open(tiny()))  # what would write over memory that was given back too early
    together(4, lambda _: [None for view, copy in zip(views, copies, strict=True) if bytes(view) == copy or 1 / 0])
    together(4, lambda n: views[n::4].clear())
