"""A fax call of two terminals, ours or spandsp's, over a line, in virtual time."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dsp.fax.result import Result
from dsp.line import OwnClock
from dsp.types import RATE, Samples

BLOCK = 160


class Terminal(Protocol):
    """What calls or answers."""

    @property
    def done(self) -> bool: ...

    @property
    def result(self) -> Result: ...

    def process(self, block: Samples) -> Samples: ...

    def hang_up(self) -> None: ...


class Carries(Protocol):
    """A line, as `dsp.line.TwoWay` is."""

    def process(self, a: Samples, b: Samples) -> tuple[Samples, Samples]: ...


@dataclass(frozen=True)
class Call:
    """How a call went.

    Parameters
    ----------
    seconds
        Of line time, until both ends were done, or the call was cut off.
    ended
        Whether both came to an end by themselves.
    done
        Second at which each end was done; the call's last one where it was not.
    a, b
        What either end says of it.
    said
        What A and B said, where it was asked for.
    heard
        What A and B heard.
    """

    seconds: float
    ended: bool
    done: tuple[float, float]
    a: Result
    b: Result
    said: tuple[Samples, Samples] | None
    heard: tuple[Samples, Samples] | None

    @property
    def ok(self) -> bool:
        """Whether both say that all went well."""
        return self.ended and self.a.ok and self.b.ok


def call(
    a: Terminal,
    b: Terminal,
    *,
    line: Carries | None = None,
    seconds: float = 1200.0,
    ppm: float = 0.0,
    sound: bool = False,
    block: int = BLOCK,
) -> Call:
    """Connect two terminals until both are done.

    Parameters
    ----------
    a, b
        The terminals: as a rule A calls and B answers.
    line
        What is between them, from A to B and back; ``None`` is nothing but the one block by which
        everything is heard later.
    seconds
        After which the call is cut off.
    ppm
        By how many millionths B's clock is faster than the line's.
    sound
        Whether the sound of both sides is kept.
    block
        Samples that are carried at a time.
    """
    hear_b = OwnClock(b.process, ppm).process if ppm else b.process
    to_a = to_b = np.zeros(block, dtype=np.int16)
    kept: list[tuple[Samples, ...]] = []
    done = [0, 0]
    at = 0
    while not (a.done and b.done) and at < seconds * RATE:
        said = a.process(to_a), hear_b(to_b)
        at += block
        if sound:
            kept.append((*said, to_a, to_b))
        done = [was if end.done and was else at for was, end in zip(done, (a, b), strict=True)]
        to_a, to_b = (said[1], said[0]) if line is None else line.process(*said)
    whole = [np.concatenate(one) for one in zip(*kept, strict=True)] if kept else []
    return Call(
        seconds=at / RATE,
        ended=a.done and b.done,
        done=(done[0] / RATE, done[1] / RATE),
        a=a.result,
        b=b.result,
        said=(whole[0], whole[1]) if kept else None,
        heard=(whole[2], whole[3]) if kept else None,
    )
