"""What modems cost: how many calls at a time a core's user CPU is enough for, beside libspandsp."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bench.modem_ends import OURS, PEER, Condition, Mode, receiver, sent, transmitter
from dsp.modem.types import Bits
from dsp.types import Samples
from tests.support import spandsp_modems

SECONDS = (5.0, 45.0)
"""Of a short burst and a long one: what they differ by is data alone."""

BLOCKS = (160, 8000)
"""Samples that are heard, or sent, at a time."""

_SNR = 30.0
_TIMES = 9


def _spent(runs: Sequence[Callable[[], object]]) -> list[float]:
    """Seconds of CPU, each at its best of some times, one after the other."""
    best = np.full(len(runs), np.inf)
    for _ in range(_TIMES):
        for number, run in enumerate(runs):
            before = time.process_time()
            run()
            best[number] = min(best[number], time.process_time() - before)
    return [float(one) for one in best]


def _compared(runs: Sequence[Callable[[float], Callable[[], object]]]) -> list[str]:
    """Channels that a core is enough for, and milliseconds that a burst costs besides, of each."""
    short, long = SECONDS
    spent = iter(_spent([run(seconds) for run in runs for seconds in SECONDS]))
    shown = []
    for _ in runs:
        little, much = next(spent), next(spent)
        second = (much - little) / (long - short)
        shown.append(f"{1 / second:,.0f}, {max(0.0, 1000 * (little - short * second)):.0f}")
    return shown


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


def receiving(mode: Mode) -> list[str]:
    """What libspandsp's receiver and ours cost, by blocks."""

    def made(run: Callable[..., None], block: int, seconds: float) -> Callable[[], object]:
        _, samples = sent(PEER, mode, round(seconds * mode[1]))
        return partial(run, mode, Condition(_SNR).line(samples, (1,)), block)

    sides = _peer_receives, _we_receive
    return _compared([partial(made, run, at) for at in BLOCKS for run in sides])


def sending(mode: Mode) -> list[str]:
    """What libspandsp's transmitter and ours cost, by blocks."""

    def made(run: Callable[..., None], block: int, seconds: float) -> Callable[[], object]:
        return partial(run, mode, sent(PEER, mode, round(seconds * mode[1]))[0], block)

    sides = _peer_sends, _we_send
    return _compared([partial(made, run, at) for at in BLOCKS for run in sides])
