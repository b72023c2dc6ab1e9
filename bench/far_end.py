"""The switch's side of many calls on one socket: speaks from an address a call, times the echo.

A call's number and the frame's are hidden in the lowest bits of its first samples, so that the
echo itself says which frame it is.
"""

import json
import os
import socket
import sys
import time

import numpy as np

from mediasock.media.batch import SLOT
from mediasock.media.mmsg import Receiver, Sender

FRAME = 160
PTIME = 20_000_000
LOOP = 100
DIGITS = "123A456B789C*0#D"
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
_DIGIT_AT, _DIGIT_FRAMES = 20, 5
_CALL_BITS, _FRAME_BITS = 12, 16
_MARK, _MARK_BITS = 0b1011, 4
_WIDTH = _CALL_BITS + _FRAME_BITS + _MARK_BITS
_REMEMBERED = 64

_IP_PKTINFO = 8
_PKTINFO = np.dtype(
    [("len", "u8"), ("level", "u4"), ("type", "u4"), ("index", "u4"), ("source", ">u4"), ("", "u8")]
)


class SenderFromMany(Sender):
    """Sends each datagram from a local address of its own (IP_PKTINFO, ip(7))."""

    def __init__(self, sock, data):
        super().__init__(sock, data)
        control = np.zeros(self.size, dtype=_PKTINFO)
        control["len"], control["type"] = 28, _IP_PKTINFO
        self.sources = control["source"]
        line = np.arange(self.size, dtype=np.uint64)
        self._headers["control"] = control.ctypes.data + line * _PKTINFO.itemsize
        self._headers["controllen"] = _PKTINFO.itemsize


def sounds():
    """Return ``(16, LOOP, FRAME)``: 2 s of faint noise with a digit of 100 ms in it, each digit."""
    rng = np.random.default_rng(3)
    sound = rng.normal(0, 60, (16, LOOP * FRAME))
    n = _DIGIT_FRAMES * FRAME
    t = np.arange(n) / 8000
    for k in range(16):
        tone = sum(np.sin(2 * np.pi * f * t) for f in (_ROWS[k // 4], _COLUMNS[k % 4]))
        sound[k, _DIGIT_AT * FRAME :][:n] += 5000 * tone
    return sound.astype(np.int16).reshape(16, LOOP, FRAME)


class FarEnd:
    """So many calls, in even phases over a frame's length.

    Every call plays whole loops and begins in the pause after a digit, so that it plays one digit
    a loop, whole.
    """

    def __init__(self, calls):
        self.calls = calls
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("0.0.0.0", 0))
        self.port = self.sock.getsockname()[1]
        self.receiver = Receiver(self.sock, 2048)
        self.sender = SenderFromMany(self.sock, np.zeros((2048, SLOT), np.uint8))
        self.sounds = sounds()
        self.offset = 30 + np.arange(calls) * 7 % 60
        self.sent_at = np.zeros((calls, _REMEMBERED), np.int64)
        self.turn_arounds = []
        self.echoed = 0
        self.lateness = []

    def run(self, base, port, loops):
        """Play ``loops`` loops on every call, whose addresses count up from ``base``."""
        step = PTIME / self.calls
        total = loops * LOOP * self.calls
        start = time.monotonic_ns() + 50_000_000
        done = 0
        while done < total:
            time.sleep(0.001)
            now = time.monotonic_ns()
            due = min(int((now - start) / step), total, done + self.sender.size)
            if due > done:
                self.lateness.append(now - start - done * step)
                self._send(np.arange(done, due), base, port)
                done = due
            self._receive()
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            time.sleep(0.005)
            self._receive()
        return total

    def _send(self, events, base, port):
        n = len(events)
        call, frame = events % self.calls, events // self.calls
        samples = self.sounds[call % 16, (self.offset[call] + frame) % LOOP]
        number = call | frame << _CALL_BITS | _MARK << _CALL_BITS + _FRAME_BITS
        bits = number[:, None] >> np.arange(_WIDTH) & 1
        samples[:, :_WIDTH] = (samples[:, :_WIDTH] & ~1) | bits
        self.sender.data[:n, : FRAME * 2] = samples.view(np.uint8)
        self.sender.sources[:n] = base + call
        self.sent_at[call, frame % _REMEMBERED] = time.monotonic_ns()
        self.sender.send(n, np.full(n, FRAME * 2), np.full(n, 0x7F000001), port)

    def _receive(self):
        while n := self.receiver.receive():
            samples = self.receiver.data[:n, : FRAME * 2].view(np.int16)
            bits = samples[:, :_WIDTH].astype(np.int64) & 1
            number = (bits << np.arange(_WIDTH)).sum(axis=1)
            ours = number >> (_CALL_BITS + _FRAME_BITS) == _MARK
            number, arrivals = number[ours], self.receiver.arrivals[ours]
            call, frame = number & ((1 << _CALL_BITS) - 1), number >> _CALL_BITS
            self.turn_arounds.append(arrivals - self.sent_at[call, frame % _REMEMBERED])
            self.echoed += len(number)


def main():
    """Serve the bench: read what to do from standard input, write what came of it."""
    os.sched_setaffinity(0, {int(sys.argv[2])})
    far = FarEnd(int(sys.argv[1]))
    print(json.dumps({"port": far.port}), flush=True)
    job = json.loads(sys.stdin.readline())
    sent = far.run(job["base"], job["port"], job["loops"])
    times = np.concatenate(far.turn_arounds) / 1e6
    print(
        json.dumps(
            {
                "sent": sent,
                "echoed": far.echoed,
                "overflows": far.receiver.overflows,
                "p50": float(np.percentile(times, 50)),
                "p99": float(np.percentile(times, 99)),
                "late_p99": float(np.percentile(far.lateness, 99)) / 1e6,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
