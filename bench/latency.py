"""How soon an application hears: one call's answer to its first frame, a digit's end to its event.

An application in a process of its own is called by the embedded switch in this one. Both read the
same monotonic clock, so that what one sends and the other hears can be subtracted.
"""

import asyncio
import random
import subprocess
import sys
import time
from typing import ClassVar

import numpy as np

from mediasock.app import App
from mediasock.config import Config
from mediasock.serve import Server
from mediasock.switch import dialer, shell
from mediasock.switch.far_end import FarEnd, HangUp, Keys, Wait
from mediasock.switch.unicast import Send

CALLS = 30
DIGITS = "1590"
DIGIT_CALLS = 25
ON_MS, OFF_MS = 100, 100
FIRST_AT = 0.5
GOAL = 60.0


class FirstFrame(App):
    """Says how long it took from the sending of ``answer`` to the first frame's arrival.

    The switch obeys once a frame, so ``answer`` is sent at any moment of one.
    """

    async def on_call(self, call):
        await asyncio.sleep(random.uniform(0.1, 0.12))
        answering = time.monotonic_ns()
        async with call.media():
            print("first", time.monotonic_ns() - answering, flush=True)
        await call.hangup()


class DigitEnd(App):
    """Says when it was told of each digit's end, and when ``digits()`` returned it."""

    async def on_call(self, call):
        async with call.media() as media:
            media.on_detection(self._note)
            while True:
                await media.digits(max=1, timeout=None)
                print("digits", time.monotonic_ns(), flush=True)

    def _note(self, detection):
        if detection.kind == "dtmf" and detection.ended:
            print("event", time.monotonic_ns(), flush=True)


class TimedPhone(FarEnd):
    """A phone that knows with which frame each of its digits' sound ended."""

    def __init__(self, script, ends):
        super().__init__(script, rate=8000)
        self.ends = ends
        self.due = []

    def speak(self, n):
        before = self._at
        said = super().speak(n)
        self.due += [end for end in self.ends if before < end <= self._at]
        return said


class TimedShell(shell.Shell):
    """A shell that notes when the datagram with the last of a digit's sound was sent."""

    sent: ClassVar = []

    def _send(self, action: Send):
        super()._send(action)
        phone = self.session.line.phone
        if isinstance(phone, TimedPhone):
            self.sent += [time.monotonic_ns()] * len(phone.due)
            phone.due.clear()


async def _serve():
    """Be the application's side until standard input ends."""
    apps = {"first": FirstFrame(), "digits": DigitEnd()}
    async with Server(apps, Config(listen="127.0.0.1:0")) as server:
        print(server.port, flush=True)
        await asyncio.to_thread(sys.stdin.readline)


async def _call(port, path, phone):
    await dialer.place_call(dialer.CallPlan("127.0.0.1", port, phone, path=path, seconds=20.0))


def _measure():
    """Place the calls; return the milliseconds of each kind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.latency", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    dialer.Shell = TimedShell
    try:
        port = int(process.stdout.readline())
        for _ in range(CALLS):
            asyncio.run(_call(port, "first", FarEnd([], rate=8000)))
        period = (ON_MS + OFF_MS) * 8
        ends = [int(FIRST_AT * 8000) + k * period + ON_MS * 8 for k in range(len(DIGITS))]
        for _ in range(DIGIT_CALLS):
            script = [Wait(FIRST_AT), Keys(DIGITS, ON_MS, OFF_MS), Wait(0.3), HangUp()]
            asyncio.run(_call(port, "digits", TimedPhone(script, ends)))
    finally:
        dialer.Shell = shell.Shell
        told, _ = process.communicate("\n", 30)
    times = {"first": [], "event": [], "digits": []}
    for line in told.splitlines():
        kind, nanoseconds = line.split()
        times[kind].append(int(nanoseconds))
    sent = TimedShell.sent
    heard = {kind: times[kind] for kind in ("event", "digits")}
    for kind, moments in heard.items():
        if len(moments) != len(sent):
            raise RuntimeError(f"{len(sent)} digits were sent, and {len(moments)} heard: {kind}")
    return {
        "answer to first frame": np.array(times["first"]) / 1e6,
        "digit end to event": (np.array(times["event"]) - sent) / 1e6,
        "digit end to `digits()`": (np.array(times["digits"]) - sent) / 1e6,
    }


def run() -> str:
    """Return the Markdown table."""
    lines = [
        "One call at a time, PCMU, 20 ms; the embedded switch in another process. A digit's end is "
        f"the sending of the datagram with the last of its sound; {ON_MS} ms on, {OFF_MS} ms off.",
        "",
        "| what | times | median | p99 | goal, median |",
        "| --- | --- | --- | --- | --- |",
    ]
    for what, times in _measure().items():
        median, p99 = np.percentile(times, [50, 99])
        lines.append(
            f"| {what} | {len(times)} | {median:.1f} ms | {p99:.1f} ms | ≤ {GOAL:.0f} ms |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(_serve())
    else:
        print(run())
