"""What a fax call costs: how many in real time a core is enough for, libspandsp's engine and ours.

A call is made once, and its sound kept; then each end hears again what it has heard, and says the
same, alone.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence

import mediasock  # noqa: F401 - before numpy, which it has use one thread
from bench.fax_ends import OURS, PEER, Able, fax, receiver, sender, table
from dsp.fax.ready import warm
from dsp.types import RATE, Samples
from tests.support import fax_pages
from tests.support.fax_call import BLOCK, Terminal

TIMES = 7
PAGE = fax_pages.letter()


def _blocks(heard: Samples) -> list[Samples]:
    return [heard[at : at + BLOCK].copy() for at in range(0, len(heard), BLOCK)]


def _ours(end: Terminal, blocks: Sequence[Samples]) -> Callable[[], None]:
    def run() -> None:
        process = end.process
        for block in blocks:
            process(block)

    return run


def _peers(end: Terminal, blocks: Sequence[Samples]) -> Callable[[], None]:
    """Without what its wrapper does to each block, so that its calls alone are counted."""
    engine, state = end.engine
    said = ctypes.create_string_buffer(2 * BLOCK)
    pairs = [(block, block.ctypes.data) for block in blocks]

    def run() -> None:
        hear, speak, which, into = engine.fax_rx, engine.fax_tx, state.value, ctypes.addressof(said)
        for _, at in pairs:
            hear(which, at, BLOCK)
            speak(which, into, BLOCK)

    return run


RUNS = {OURS: _ours, PEER: _peers}


def _spent(who: str, heard: Sequence[Samples], what: str) -> float:
    """Seconds of CPU of a whole call of one end or both."""
    ends = []
    if what != "receive":
        ends.append((sender(who, [PAGE], Able()), heard[0]))
    if what != "transmit":
        ends.append((receiver(who, Able()), heard[1]))
    runs = [RUNS[who](end.terminal, _blocks(sound)) for end, sound in ends]
    begin = time.process_time()
    for run in runs:
        run()
    took = time.process_time() - begin
    for end, _ in ends:
        assert end.terminal.done
        assert end.terminal.result.ok
    return took


def run() -> str:
    """Return the table."""
    warm()
    whats = ("transmit", "receive", "both")
    rows, best = [], {}
    heard, seconds = {}, {}
    for who in (PEER, OURS):
        made = fax((who, who), [PAGE], sound=True)
        assert made.ok
        assert made.call.heard is not None
        heard[who], seconds[who] = made.call.heard, len(made.call.heard[0]) / RATE
    for _ in range(TIMES):
        for who in (PEER, OURS):
            for what in whats:
                took = _spent(who, heard[who], what)
                best[who, what] = min(best.get((who, what), took), took)
    for who in (PEER, OURS):
        figures = [f"{seconds[who] / best[who, what]:,.0f}" for what in whats]
        shares = [f"{1e3 * best[who, what]:.0f} ms" for what in whats]
        told = [f"{one} ({share})" for one, share in zip(figures, shares, strict=True)]
        rows.append([who, f"{seconds[who]:.1f} s", *told])
    head = ["calls a core in real time (CPU of one)", "call", *whats]
    return table(head, rows)


if __name__ == "__main__":
    print(run())
