"""Fax calls at once through ``serve``, its process on one core, the embedded switch on another."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from dsp.fax import ready
from dsp.fax.document import read
from dsp.fax.sink import Pages
from dsp.fax.terminal import FaxTerminal
from mediasock.apps.fax import Fax
from mediasock.config import Config
from mediasock.logs import to_stream
from mediasock.serve import Server
from mediasock.switch.dialer import CallPlan, place_call, real_switch
from mediasock.switch.talking import TalkingPhone

CALLS = 100
DOCUMENT = Path("fixtures/fax/two.tiff")
BEGIN_WITHIN = 10.0
"""Seconds over which the calls begin, evenly."""

_SERVER_CORE, _SWITCH_CORE = 0, 1


def _pin(core):
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {core})


# -- the server's process -----------------------------------------------------------------------


async def _serve(spool):
    """Serve until standard input ends; tell the port first, and the figures at the end."""
    to_stream("error")
    app = Fax({"spool": spool, "documents": [str(DOCUMENT.parent.resolve())]})
    async with Server({"": app}, Config(listen="127.0.0.1:0", max_calls=2 * CALLS)) as server:
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        _tell({"port": server.port})
        await lines.readline()
        server.hub.clear_histograms()
        begin, cpu = time.monotonic(), time.process_time()
        await lines.readline()
        cpu = (time.process_time() - cpu) / (time.monotonic() - begin)
        _tell({**asdict(server.hub.metrics()), "cpu": cpu, "counts": asdict(app.counts)})


# -- the switch's process -----------------------------------------------------------------------


async def _call(port, calls, within):
    """Place the calls, the even ones sending to the server, the odd ones receiving from it."""
    switch = real_switch()
    pages = list(read(DOCUMENT))
    begin = time.monotonic()

    async def one(index):
        await asyncio.sleep(begin + index * within / calls - time.monotonic())
        got = Pages()
        if index % 2:
            terminal = FaxTerminal(False, receive=got)
            variables = {"fax_mode": "send", "fax_file_name": DOCUMENT.name}
        else:
            terminal, variables = FaxTerminal(True, send=pages), {}
        phone = TalkingPhone(terminal)
        plan = CallPlan(
            "127.0.0.1",
            port,
            phone,
            codec="L16",
            full=False,
            variables=variables,
            seconds=300.0,
        )
        outcome = await place_call(plan, switch=switch)
        return {
            "uuid": outcome.uuid,
            "receives": bool(index % 2),
            "exact": index % 2 == 0 or _same(pages, got),
            "ok": terminal.result.ok,
            "code": terminal.result.outcome.name if terminal.result.outcome else None,
            "line": terminal.result.seconds,
            "seconds": outcome.seconds,
            "late": outcome.late_ticks,
        }

    done = await asyncio.gather(*(one(index) for index in range(calls)))
    cpu = time.process_time() / (time.monotonic() - begin)
    _tell({"calls": done, "cpu": cpu})


def _same(pages, others):
    return len(pages) == len(others) and all(
        np.array_equal(one.rows, other.rows) for one, other in zip(pages, others, strict=True)
    )


# -- both ---------------------------------------------------------------------------------------


def _tell(what):
    print(json.dumps(what), flush=True)


def _process(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "bench.fax_serve", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _heard(process):
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args}: it ended with status {process.wait()}")
    return json.loads(line)


def measure(calls, within=BEGIN_WITHIN):
    """Place so many calls; return what the switch and the server say, and the pages found."""
    pages = list(read(DOCUMENT))
    with tempfile.TemporaryDirectory() as spool:
        server = _process("serve", spool)
        try:
            port = _heard(server)["port"]
            server.stdin.write("begin\n")
            server.stdin.flush()
            switch = _process("call", port, calls, within)
            told = _heard(switch)
            server.stdin.write("end\n")
            server.stdin.flush()
            figures = _heard(server)
        finally:
            server.stdin.close()
            server.wait(60)
        for call in told["calls"]:
            if not call["receives"]:
                path = Path(spool, f"{call['uuid']}.tiff")
                call["exact"] = path.exists() and _same(pages, list(read(path)))
        return told, figures


def run() -> str:
    """Return the table, as Markdown."""
    if len(os.sched_getaffinity(0)) < 2:
        return (
            "Fax calls through serve: this needs two cores, one for the server, one for the calls."
        )
    told, figures = measure(CALLS)
    calls = told["calls"]
    exact = sum(call["exact"] and call["ok"] for call in calls)
    longest = max(call["seconds"] for call in calls)
    slow = max(call["seconds"] / call["line"] for call in calls if call["line"])
    return "\n".join(
        [
            f"{CALLS} fax calls at once through `serve`, half of them sending, half receiving two "
            "pages (V.17 14,400, ECM); the server on one core, the embedded switch and its "
            "terminals on another.",
            "",
            "| calls | whole and exact | longest call | slowest switch | media late p50 / p99 "
            "| talkers p99 | frames lost, late | CPU of server, of switch |",
            "| --: | --: | --: | --: | --: | --: | --: | --: |",
            f"| {CALLS} | {exact} | {longest:.0f} s | {slow:.2f} × real time "
            f"| {figures['lateness_p50_ms']:.1f} / {figures['lateness_p99_ms']:.1f} ms "
            f"| {figures['talk_p99_ms']:.1f} ms "
            f"| {figures['streams']['lost']}, {figures['streams']['late']} "
            f"| {figures['cpu']:.0%}, {told['cpu']:.0%} |",
        ]
    )


if __name__ == "__main__":
    ready.warm()
    if sys.argv[1] == "serve":
        _pin(_SERVER_CORE)
        asyncio.run(_serve(sys.argv[2]))
    else:
        _pin(_SWITCH_CORE)
        asyncio.run(_call(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
