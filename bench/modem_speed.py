"""What modems cost: how many calls at a time a core's user CPU is enough for, beside libspandsp."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bench.modem_ends import OURS, PEER, Condition, Mode, receiver, sent, transmitter
from dsp.modem.types import Bits
from dsp.types import RATE, Samples
from tests.support import spandsp_modems

SECONDS = 20.0
BLOCKS = (160, 8000)
"""Samples that are heard, or sent, at a time."""

_SNR = 30.0
_TIMES = 9


def _channels(samples: int, runs: Sequence[Callable[[], object]]) -> list[float]:
    """Seconds of sound for one of CPU, each at its best of some times, one after the other."""
    best = np.full(len(runs), np.inf)
    for _ in range(_TIMES):
        for number, run in enumerate(runs):
            before = time.process_time()
            run()
            best[number] = min(best[number], time.process_time() - before)
    return [float(samples / RATE / one) for one in best]


def _peer_receives(mode: Mode, line: Samples, block: int) -> None:
    # it cuts the blocks itself, where that costs next to nothing
    spandsp_modems.Receiver(*mode, piece=block).process(line)


def _we_receive(mode: Mode, line: Samples, block: int) -> None:
    hearing = receiver(OURS, mode)
    for begin in range(0, len(line), block):
        hearing.process(line[begin : begin + block])


def _peer_sends(mode: Mode, bits: Bits, block: int) -> None:
    spandsp_modems.burst(*mode, bits, piece=block)


def _we_send(mode: Mode, bits: Bits, block: int) -> None:
    left = bits

    def source(count: int) -> Bits:
        nonlocal left
        given, left = left[:count], left[count:]
        return given

    sending = transmitter(OURS, mode)
    sending.start(source)
    while not sending.done:
        sending.pull(block)


def receiving(mode: Mode) -> list[float]:
    """Channels of libspandsp's receiver and of ours, by blocks, of a burst nearly all data."""
    _, samples = sent(PEER, mode, round(SECONDS * mode[1]))
    line = Condition(_SNR).line(samples, (1,))
    runs = [partial(run, mode, line, at) for at in BLOCKS for run in (_peer_receives, _we_receive)]
    return _channels(len(line), runs)


def sending(mode: Mode) -> list[float]:
    """Channels of libspandsp's transmitter and of ours, by blocks, of such a burst."""
    bits, samples = sent(PEER, mode, round(SECONDS * mode[1]))
    runs = [partial(run, mode, bits, at) for at in BLOCKS for run in (_peer_sends, _we_send)]
    return _channels(len(samples), runs)
