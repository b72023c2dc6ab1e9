"""A phone that answers what it hears: a fax machine, or whatever else hears and speaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from dsp.resample import Downsampler, Upsampler
from dsp.types import RATE, Samples

from .far_end import write_both

__all__ = ["Machine", "TalkingPhone"]


class Machine(Protocol):
    """What is at the far end, as :class:`dsp.fax.terminal.FaxTerminal` is."""

    def process(self, block: Samples, /) -> Samples:
        """Hear ``(n,)`` int16 at 8 kHz and say as many."""

    @property
    def done(self) -> bool:
        """Whether it has said all."""


class TalkingPhone:
    """A phone with a machine on it, which hangs up when the machine is done.

    Parameters
    ----------
    machine
        Hears and speaks.
    rate
        Samples a second of its codec, 8,000 or 16,000.
    patience
        Seconds from when the machine is done to the hang-up: its last words are on their way.
    keep
        Whether all that is said and heard is kept, for :meth:`save`.

    Attributes
    ----------
    result
        What the machine has as its result, if it has one.

    Examples
    --------
    >>> class Parrot:
    ...     done = False
    ...     def process(self, block):
    ...         return block
    >>> phone = TalkingPhone(Parrot())
    >>> phone.hear(np.arange(160, dtype=np.int16))
    >>> int(phone.speak(160)[-1]), phone.hangup_due
    (159, False)
    """

    def __init__(
        self, machine: Machine, *, rate: int = RATE, patience: float = 0.5, keep: bool = False
    ) -> None:
        self.machine = machine
        self.rate = rate
        self._heard: list[Samples] = []
        self._down, self._up = Downsampler(1), Upsampler(1)
        if rate != RATE:  # what is compiled at its first frame would stop the call for seconds
            self._up.process(self._down.process(np.zeros((1, 2), np.int16)))
        self._patience = round(patience * rate)
        self._keep = keep
        self._all_said: list[Samples] = []
        self._all_heard: list[Samples] = []

    @property
    def result(self) -> Any:
        """How it went, by the machine."""
        return getattr(self.machine, "result", None)

    @property
    def hangup_due(self) -> bool:
        """Whether it hangs up now."""
        return self._patience <= 0

    def speak(self, n: int, /) -> Samples:
        """Return the ``(n,)`` samples that the machine says to what it has heard last."""
        said = self._answer(self._next(n))
        if self._keep:
            self._all_said.append(said)
        return said

    def _answer(self, heard: Samples) -> Samples:
        if self.machine.done:
            self._patience -= len(heard)
            return np.zeros_like(heard)
        if self.rate == RATE:
            return self.machine.process(heard)
        narrow: Samples = self._down.process(heard[None])[0]
        wide: Samples = self._up.process(self.machine.process(narrow)[None])[0]
        return wide

    def hear(self, samples: Samples, /) -> None:
        """Take the samples that reach it."""
        self._heard.append(samples)
        if self._keep:
            self._all_heard.append(samples)

    def save(self, path: str | Path) -> None:
        """Write a stereo file of the call, left what it said and right what it heard."""
        nothing = np.zeros(0, np.int16)
        said, heard = (np.concatenate([nothing, *one]) for one in (self._all_said, self._all_heard))
        write_both(path, said, heard, self.rate)

    def out_of_band(self, n_samples_elapsed: int, /) -> list[str]:
        """It keys nothing."""
        return []

    def _next(self, n: int) -> Samples:
        """The next samples heard, in order; silence where none have come yet."""
        heard = np.concatenate([*self._heard, np.zeros(0, np.int16)])
        self._heard = [heard[n:]] if len(heard) > n else []
        return np.concatenate([heard[:n], np.zeros(max(0, n - len(heard)), np.int16)])
