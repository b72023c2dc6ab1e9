"""What the calls say: each call's player fills a short ring, from which frames are taken."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from dsp.types import Samples

from .batch import Flags, Ints
from .rings import SendRing

FULL_MS = 250
"""Milliseconds that lie ready in the ring of a call that plays."""

SERVE_EVERY = 100_000_000
"""Nanoseconds from one refill of a ring to the next: ten times a second for a call that plays."""


class Voice(Protocol):
    """What a player is to the engine; all of it is called from the media thread."""

    def read(self, n: int) -> Samples:
        """Give ``(n,)`` int16 samples at the wire's rate, or fewer where there are no more yet."""

    def sent(self, n: int) -> None:
        """Hear that so many of the samples read have gone out."""

    def take_flush(self) -> bool:
        """Whether what was read and not sent is to be thrown away; asked once, answered once."""

    @property
    def idle(self) -> bool:
        """Whether nothing is left to be read, and not only not ready."""


class Voices:
    """The voices of all calls.

    A call that plays is served ten times a second, spread over the ticks, and at once when its
    ring has run empty. A call that does not play costs nothing until :meth:`call_on` says that it
    has begun.

    Parameters
    ----------
    calls
        Rows.
    """

    def __init__(self, calls: int) -> None:
        self._ring = SendRing(calls)
        self._full = np.zeros(calls, dtype=np.int64)
        self._speaking = np.zeros(calls, dtype=bool)
        self._serve_at = np.full(calls, np.iinfo(np.int64).max, dtype=np.int64)
        self._idle = np.zeros(calls, dtype=bool)
        self._voices: dict[int, Voice] = {}

    def open(self, row: int, rate: int) -> None:
        """Begin a call that has nothing to say."""
        self.close(row)
        self._full[row] = rate * FULL_MS // 1000

    def close(self, row: int) -> None:
        """End a call; what has gone out is told, what waits is thrown away."""
        voice = self._voices.pop(row, None)
        if voice is not None:
            self._tell_sent(row, voice)
        self._ring.clear(np.array([row]))
        self._speaking[row] = False
        self._serve_at[row] = np.iinfo(np.int64).max

    def call_on(self, row: int, voice: Voice) -> None:
        """Serve a voice as soon as can be: it has something to say, or to take back."""
        self._voices[row] = voice
        self._serve_at[row] = 0

    def serve(self, now: int) -> None:
        """Fill the rings of those whose turn it is."""
        for row in np.flatnonzero(self._serve_at <= now):
            self._serve(int(row), now)

    def _serve(self, row: int, now: int) -> None:
        voice = self._voices[row]
        self._tell_sent(row, voice)
        ring = self._ring
        if voice.take_flush():
            ring.flush(row)
        wanted = int(self._full[row] - ring.count[row])
        if wanted > 0:
            ring.put(row, voice.read(wanted))
        idle = voice.idle
        self._idle[row] = idle
        self._speaking[row] = bool(ring.count[row]) or not idle
        if self._speaking[row] or ring.sent[row]:
            # a place of its own on the grid, so that not all calls are served in one tick
            place = row * 7919 % 20 * (SERVE_EVERY // 20)
            self._serve_at[row] = (now - place) // SERVE_EVERY * SERVE_EVERY + place + SERVE_EVERY
        else:
            self._serve_at[row] = np.iinfo(np.int64).max

    def _tell_sent(self, row: int, voice: Voice) -> None:
        sent = int(self._ring.sent[row])
        if sent:
            self._ring.sent[row] = 0
            voice.sent(sent)

    def speaking(self, rows: Ints) -> Flags:
        """Which of these calls have something to say."""
        return self._speaking[rows]

    def take(self, rows: Ints, n: int) -> tuple[Samples, Flags]:
        """Take a frame of each.

        Returns
        -------
        samples : numpy.ndarray
            ``(len(rows), n)``, silence where there is nothing.
        short : numpy.ndarray
            ``(len(rows),)`` whether a frame has silence because the voice was not ready.
        """
        short = (self._ring.count[rows] < n) & ~self._idle[rows]
        frames = self._ring.take(rows, n)
        self._serve_at[rows[self._ring.count[rows] == 0]] = 0
        return frames, short
