"""What modems cost: how many calls at a time a core's user CPU is enough for, beside libspandsp."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench.modem_ends import PEER, Condition, Mode, receiver, sent, transmitter
from dsp.types import RATE
from tests.support import spandsp_modems

SECONDS = 20.0
BLOCKS = (160, 8000)
"""Samples that are heard, or sent, at a time."""

_SNR = 30.0
_TIMES = 7


def _channels(samples: int, run: Callable[[], object]) -> float:
    """Seconds of sound for one of CPU, at the best of some runs."""
    best = np.inf
    for _ in range(_TIMES):
        before = time.process_time()
        run()
        best = min(best, time.process_time() - before)
    return samples / RATE / best


def receiving(who: str, mode: Mode, block: int) -> float:
    """Channels of a receiver that hears a burst, nearly all of it data."""
    _, samples = sent(who, mode, round(SECONDS * mode[1]))
    line = Condition(_SNR).line(samples, (1,))

    if who == PEER:
        # the blocks are cut where that costs next to nothing
        modem, rate = mode
        return _channels(
            len(line), lambda: spandsp_modems.Receiver(modem, rate, piece=block).process(line)
        )

    def run() -> None:
        hearing = receiver(who, mode)
        for begin in range(0, len(line), block):
            hearing.process(line[begin : begin + block])

    return _channels(len(line), run)


def sending(who: str, mode: Mode, block: int) -> float:
    """Channels of a transmitter that sends one."""
    bits, samples = sent(who, mode, round(SECONDS * mode[1]))
    if who == PEER:
        modem, rate = mode
        return _channels(len(samples), lambda: spandsp_modems.burst(modem, rate, bits, piece=block))

    def run() -> None:
        sending = transmitter(who, mode)
        left = bits

        def source(count: int) -> np.ndarray:
            nonlocal left
            given, left = left[:count], left[count:]
            return given

        sending.start(source)
        while not sending.done:
            sending.pull(block)

    return _channels(len(samples), run)
