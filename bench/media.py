"""Two-way calls on one core, with all detectors on every call and every frame sent back."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from bench.far_end import DIGITS
from dsp.ears import Ears
from mediasock.media.hub import MediaHub
from mediasock.media.onesocket import OneSocket
from mediasock.media.wire import Wire

CALLS = (100, 200, 400, 600, 800, 1000, 1200, 1400)
LOOPS = 5
TRIES = 3
FAR_END_LATE = 5.0
"""Milliseconds, p99, from which on the far end itself spoils a measurement."""

_HUB_CORE, _FAR_CORE = 0, 1
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


async def _serve(calls, local_port):
    """Be the media server: streams for all calls, echoing, until standard input ends."""
    hub = MediaHub(capacity=calls, ears=Ears, transport=OneSocket(calls, local_port=local_port))
    hub.start()
    heard = [0]
    streams = [hub.open(f"call-{k}", Wire("L16", 8000, 20)) for k in range(calls)]
    for k, stream in enumerate(streams):
        stream.loop_back()
        stream.on_detection(_counter(heard, DIGITS[k % 16]))
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await asyncio.sleep(0.3)
    hub.clear_histograms()
    address = streams[0].address
    print(json.dumps({"ip": address.local_ip, "port": address.remote_port}), flush=True)
    begin, cpu = time.monotonic(), time.process_time()
    await reader.readline()
    cpu = (time.process_time() - cpu) / (time.monotonic() - begin)
    report = {**asdict(hub.metrics()), "cpu": cpu, "digits": heard[0], "resident": _resident()}
    print(json.dumps(report), flush=True)
    hub.stop()


def _counter(heard, digit):
    def count(detection):
        if detection.kind == "dtmf" and detection.ended and detection.value == digit:
            heard[0] += 1

    return count


def _process(*arguments):
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def _tell(process, line):
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _heard(process):
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args}: it ended with status {process.wait()}")
    return json.loads(line)


def measure(calls):
    """Measure one number of calls; return what the far end and the hub say."""
    far = _process("-m", "bench.far_end", calls, _FAR_CORE)
    hub = _process("-m", "bench.media", calls, _heard(far)["port"])
    try:
        at = _heard(hub)
        parts = [int(part) for part in at["ip"].split(".")]
        base = parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3]
        _tell(far, json.dumps({"base": base, "port": at["port"], "loops": LOOPS}))
        result = _heard(far)
        _tell(hub, "enough")
        return result, _heard(hub)
    finally:
        for process in (far, hub):
            process.stdin.close()
            process.wait(10)


def undisturbed(calls):
    """Measure, again where the far end was late itself: the machine did something else then."""
    for _ in range(TRIES):
        far, hub = measure(calls)
        if far["late_p99"] <= FAR_END_LATE:
            break
    return far, hub


def _line(calls, far, hub, first):
    streams = hub["streams"]
    lost = far["sent"] - far["echoed"] - far["overflows"]
    kib = (hub["resident"] - first) / 1024 / (calls - CALLS[0]) if calls > CALLS[0] else None
    return (
        f"| {calls:,} | {far['sent']:,} | {max(lost, streams['lost'], hub['overflows']):,} "
        f"| {hub['digits']:,} of {calls * LOOPS:,} "
        f"| {far['p50']:.1f} / {far['p99']:.1f} ms | {hub['lateness_p99_ms']:.1f} ms "
        f"| {far['late_p99']:.1f} ms "
        f"| {hub['dsp_p50_ms']:.1f} / {hub['dsp_p99_ms']:.1f} ms | {hub['cpu']:.0%} "
        f"| {'' if kib is None else f'{kib:.0f} KiB'} |"
    )


def run() -> str:
    """Return the table, as Markdown."""
    if len(os.sched_getaffinity(0)) < 2:
        return (
            "Two-way calls: this needs two cores, one for the media server and one for the calls."
        )
    lines = [
        "Two-way calls, L16 8 kHz, 20 ms, all detectors on every call, every frame sent back; the "
        "media server on one core, the calls' far end on another. Turn-around: from the far end's "
        "sending of a frame to its echo's arrival.",
        "",
        "| calls | frames | lost | digits heard | turn-around p50 / p99 | thread late p99 "
        "| far end late p99 | detectors a 5 ms tick p50 / p99 | CPU | memory a call |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    first = 0
    for calls in CALLS:
        far, hub = undisturbed(calls)
        first = first or hub["resident"]
        lines.append(_line(calls, far, hub, first))
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


def main():
    """Measure; or, with a number of calls and a port, be the media server of a measurement."""
    if len(sys.argv) == 3:
        os.sched_setaffinity(0, {_HUB_CORE})
        asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
    else:
        print(run())


if __name__ == "__main__":
    main()
