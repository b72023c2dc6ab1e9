"""Who answers a call by what it hears: a two-way processing of one's own, block by block.

A fax terminal is one; a noise canceller, a scrambler, an echo with a delay are others. A talker
lives on the call's own clock: for every frame that comes it is given the sound, at 8 kHz whatever
the wire has, and what it returns goes back as the answer to that frame, as many samples as it was
given. A frame that is lost on the way is silence to it, so that the time of the call stays right;
what it says then goes nowhere, as there is no frame to be answered. Where a switch on the same
host stands still nothing is lost, and a talker's time stands still with it: its signal goes on
without a hole when the frames come again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np

from dsp.resample import Upsampler
from dsp.types import Samples

from .batch import Flags, Ints
from .errors import TalkerError


class Talker(Protocol):
    """Hears a call and answers it; the media thread calls it.

    It must be quick: what it takes is taken from all calls of the process. What it raises ends
    its conversation, and nothing else.
    """

    def process(self, block: Samples, /) -> Samples:
        """Take what is heard next and return what is said meanwhile.

        Parameters
        ----------
        block
            ``(n,)`` int16 at 8 kHz, 160 samples of most streams and never none.

        Returns
        -------
        numpy.ndarray
            ``(n,)`` int16.
        """

    @property
    def done(self) -> bool:
        """Whether it has said all and is not to be asked any more."""


class Over(NamedTuple):
    """The end of a conversation.

    Parameters
    ----------
    row
        Whose.
    talker
        Who talked.
    failure
        What it raised; ``None`` where it was done or was stopped.
    done
        Whether it had said all.
    """

    row: int
    talker: Talker
    failure: Exception | None = None
    done: bool = False


class Talkers:
    """The talkers of all calls.

    Parameters
    ----------
    calls
        Rows.
    """

    def __init__(self, calls: int) -> None:
        self._talkers: dict[int, Talker] = {}
        self._talking = np.zeros(calls, dtype=bool)
        self._up = Upsampler(calls)

    def begin(self, row: int, talker: Talker) -> None:
        """Have a talker answer a call from its next frame on."""
        self._talkers[row] = talker
        self._talking[row] = True
        self._up.reset(np.array([row]))

    def end(self, row: int) -> Over | None:
        """Let a call's talker go, if it has one."""
        self._talking[row] = False
        talker = self._talkers.pop(row, None)
        return None if talker is None else Over(row, talker)

    def talking(self, rows: Ints) -> Flags:
        """Which of these calls have a talker."""
        return self._talking[rows]

    def answer(self, rows: Ints, heard: Samples, samples: int) -> tuple[Samples, list[Over]]:
        """Have each talker hear a frame and say another.

        Parameters
        ----------
        rows
            ``(n,)``, each with a talker.
        heard
            ``(n, m)`` int16 at 8 kHz.
        samples
            Of a frame of the wire: ``m``, or about twice as many of a wire of 16 kHz.

        Returns
        -------
        said : numpy.ndarray
            ``(n, samples)`` int16 at the wire's rate.
        over : list of Over
            Those whose conversation this was the last of.
        """
        said = np.zeros_like(heard)
        over = []
        for i, row in enumerate(rows.tolist()):
            end = self._ask(row, heard[i], said[i])
            if end is not None:
                over.append(end)
        if samples == heard.shape[1]:
            return said, over
        wide = np.zeros((len(rows), samples), dtype=np.int16)
        wide[:, : 2 * heard.shape[1]] = self._up.process(said, rows)
        return wide, over

    def wait(self, rows: Ints, samples: Ints) -> list[Over]:
        """Let time pass in which nothing is heard and nothing can be said.

        Parameters
        ----------
        rows
            ``(n,)``; those without a talker are passed over.
        samples
            ``(n,)`` at 8 kHz.
        """
        over = []
        for row, n in self._those_that_talk(rows, samples):
            silence = np.zeros(n, dtype=np.int16)
            end = self._ask(row, silence, np.empty_like(silence))
            if end is not None:
                over.append(end)
        return over

    def _those_that_talk(self, rows: Ints, samples: Ints) -> Iterable[tuple[int, int]]:
        talking = self._talking[rows]
        return zip(rows[talking].tolist(), samples[talking].tolist(), strict=True)

    def _ask(self, row: int, heard: Samples, said: Samples) -> Over | None:
        """Fill `said` with the answer to `heard`, and return the end if this was it."""
        if not len(heard):
            return None
        talker = self._talkers[row]
        try:
            answer = talker.process(heard)
            if answer.dtype != np.int16 or answer.shape != heard.shape:
                raise TalkerError(
                    f"{type(talker).__name__} answers {heard.shape} int16 "
                    f"with {answer.shape} {answer.dtype}"
                )
            said[:] = answer
            if not talker.done:
                return None
            failure = None
        except Exception as error:
            failure = error
        self.end(row)
        return Over(row, talker, failure, done=failure is None)
