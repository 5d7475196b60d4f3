"""Pictures per second of many threads in one interpreter, beside as many processes with one each.

Started by `versus_processes` (benches/src/bin/versus_processes.rs): one line of JSON on standard output per round.
"""

import argparse
import json
import multiprocessing
import threading
import time

import numpy as np

import hwenc


def work(request, seconds, gate):
    """Opens a session, waits for the others, and codes for so long: pictures, seconds, seconds of this thread's CPU."""
    rows, columns = np.ogrid[: request.height * 3 // 2, : request.width]
    arrays = [(rows // 3 + columns // 7 + 3 * n).astype(np.uint8) for n in range(4)]
    with hwenc.open(request) as session:

        def code(array):
            session.send(array)
            while session.receive() is not None:
                pass

        for n in range(12):
            code(arrays[n % 4])
        gate.wait()
        count, start, cpu = 0, time.monotonic(), time.thread_time()
        while time.monotonic() - start < seconds:
            for array in arrays:
                code(array)
            count += len(arrays)
        return count, time.monotonic() - start, time.thread_time() - cpu


def by_threads(request, seconds, workers):
    gate = threading.Barrier(workers)
    results = []
    threads = [threading.Thread(target=lambda: results.append(work(request, seconds, gate))) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def in_process(request_json, seconds, gate, results):
    results.put(work(hwenc.Request.from_json(request_json), seconds, gate))


def by_processes(request, seconds, workers):
    context = multiprocessing.get_context("spawn")
    gate, results = context.Barrier(workers), context.Queue()
    arguments = (request.to_json(), seconds, gate, results)
    processes = [context.Process(target=in_process, args=arguments) for _ in range(workers)]
    for process in processes:
        process.start()
    collected = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return collected


def requests(part):
    if part == "null":
        for width, height in [(1920, 1080), (320, 240)]:
            yield (
                f"VA-API without an encoder, {width}x{height}",
                hwenc.Request("h264", width, height, input="nv12", encoder="h264_vaapi", latency="low", qp=30, gop=120),
            )
    else:
        for width, height in [(1280, 720), (320, 240)]:
            yield (
                f"libx264 ultrafast, {width}x{height}",
                hwenc.Request(
                    "h264",
                    width,
                    height,
                    input="nv12",
                    encoder="libx264",
                    preset="ultrafast",
                    latency="low",
                    qp=30,
                    gop=120,
                    threads=1,
                ),
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["null", "libx264"])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=8)
    arguments = parser.parse_args()
    sides = {"threads": by_threads, "processes": by_processes}
    for round_ in range(arguments.rounds):
        for what, request in requests(arguments.part):
            line = {"what": what, "rate": {}, "cpu": {}}
            for name in sorted(sides, reverse=round_ % 2 == 0):
                results = sides[name](request, arguments.seconds, arguments.workers)
                assert len(results) == arguments.workers, "every worker came to its end"
                line["rate"][name] = sum(count / elapsed for count, elapsed, _ in results)
                line["cpu"][name] = sum(cpu for *_, cpu in results) / sum(count for count, *_ in results)
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
