"""The line between the switch and the phone: a codec, what gets lost, what comes late.

Time is the frame: the phone speaks one into the line and hears one from it at every tick. A
packet that is lost or late leaves the switch without a frame to read, and it reads comfort noise
instead, as FreeSWITCH's RTP does when its timer ticks and the socket is empty.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from dsp.types import Samples


class Phone(Protocol):
    """The far end of a call: what it says, hears and keys, and when it hangs up."""

    @property
    def rate(self) -> int:
        """Samples a second."""

    @property
    def hangup_due(self) -> bool:
        """Whether it hangs up now."""

    def speak(self, n: int, /) -> Samples:
        """Return the ``(n,)`` samples that it sends in this frame."""

    def hear(self, samples: Samples, /) -> None:
        """Take the ``(n,)`` samples that reach it in this frame."""

    def out_of_band(self, n_samples_elapsed: int, /) -> list[str]:
        """Return the keys that it sends as telephone-events (RFC 4733) in this frame."""


class Coding(Protocol):
    """Both directions of a codec at one end of the line."""

    def encode(self, samples: Samples, /) -> bytes:
        """Return a frame as the line carries it."""

    def decode(self, payload: bytes, /) -> Any:
        """Return a frame's samples, ``(n,)`` int16."""


@dataclass(frozen=True, slots=True)
class Impairment:
    """What the line does to packets.

    Parameters
    ----------
    loss
        Share of the packets that never arrive, in each direction, 0 to 1.
    jitter_ms
        A packet comes late by a time drawn evenly from 0 to this many milliseconds.
    seed
        Of the draws: the same seed, the same line.
    """

    loss: float = 0.0
    jitter_ms: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as the switch reads it.

    Parameters
    ----------
    payload
        As the codec has it.
    samples
        ``(n,)`` int16 at the codec's rate.
    comfort
        Nothing had come: the payload is a linear frame of 0xFF, the samples are −1.
    """

    payload: bytes
    samples: Samples
    comfort: bool = False


@dataclass(slots=True)
class Counts:
    """Packets and bytes that the switch received and sent, and what became of others.

    Parameters
    ----------
    received, received_bytes, sent, sent_bytes
        On the switch's side.
    lost
        By the line, in both directions.
    missed
        Frames for which nothing had come.
    flushed
        Packets that were dropped because too many had come at once.
    overrun
        Frames that were written faster than the line carries them, and dropped.
    """

    received: int = 0
    received_bytes: int = 0
    sent: int = 0
    sent_bytes: int = 0
    lost: int = 0
    missed: int = 0
    flushed: int = 0
    overrun: int = 0


BACKLOG = 5
"""Packets that may wait on the switch's side; beyond, the oldest are flushed, as RTP's are."""


class Line:
    """One phone's line.

    Parameters
    ----------
    phone
        The far end.
    codec
        Makes the codec at one end, with a state of its own.
    frame_samples
        Samples of a frame.
    ptime_ms
        Milliseconds of a frame.
    impairment
        What happens to packets on the way.
    """

    def __init__(
        self,
        phone: Phone,
        codec: Callable[[], Coding],
        frame_samples: int,
        *,
        ptime_ms: int = 20,
        impairment: Impairment | None = None,
    ) -> None:
        self.phone = phone
        self.counts = Counts()
        self.keys_sent = ""
        # What an application encodes itself is a signal of its own, and G.722 has a memory.
        self._near, self._far, self._application = codec(), codec(), codec()
        self.frame_samples = self._n = frame_samples
        self._ptime = ptime_ms
        self._impairment = impairment or Impairment()
        self._random = random.Random(self._impairment.seed)
        self._coming: list[tuple[float, int, bytes]] = []
        self._going: deque[Samples] = deque(maxlen=2 * BACKLOG)
        self._tick = 0
        self._silence = np.zeros(frame_samples, np.int16)
        self._comfort = Frame(
            b"\xff" * (2 * frame_samples), np.full(frame_samples, -1, np.int16), True
        )

    # -- from the phone to the switch ---------------------------------------------------------

    def read(self) -> Frame:
        """Let the phone speak one frame and return what the switch reads in its place."""
        self._tick += 1
        spoken = np.ascontiguousarray(self.phone.speak(self._n), np.int16)
        self._send(self._far.encode(spoken))
        return self._receive()

    def _send(self, payload: bytes) -> None:
        # Whether a packet is lost and how late it is are drawn apart, so that a line with more
        # jitter loses the same packets.
        lost = self._random.random() < self._impairment.loss
        late = self._random.random() * self._impairment.jitter_ms / self._ptime
        if lost:
            self.counts.lost += 1
            return
        self._coming.append((self._tick + late, self._tick, payload))

    def _receive(self) -> Frame:
        here = sorted(packet for packet in self._coming if packet[0] < self._tick + 1)
        if len(here) > BACKLOG:
            self.counts.flushed += len(here) - BACKLOG
            gone = set(here[:-BACKLOG])
            self._coming = [packet for packet in self._coming if packet not in gone]
            here = here[-BACKLOG:]
        if not here:
            self.counts.missed += 1
            return self._comfort
        self._coming.remove(here[0])
        payload = here[0][2]
        self.counts.received += 1
        self.counts.received_bytes += len(payload)
        return Frame(payload, np.asarray(self._near.decode(payload), np.int16))

    def comfort(self) -> Frame:
        """Return the frame that is read when nothing came."""
        return self._comfort

    # -- from the switch to the phone ---------------------------------------------------------

    def write(self, samples: Samples) -> None:
        """Queue samples for the phone, as many as there are; they leave a frame a tick."""
        for start in range(0, len(samples), self._n):
            piece = samples[start : start + self._n]
            if len(piece) < self._n:
                piece = np.concatenate([piece, self._silence[: self._n - len(piece)]])
            self.counts.overrun += len(self._going) == self._going.maxlen
            self._going.append(piece)

    def write_payload(self, payload: bytes) -> None:
        """Queue what the application has already encoded."""
        self.write(np.asarray(self._application.decode(payload), np.int16))

    def send_keys(self, keys: str) -> None:
        """Send telephone-events to the phone; one that can take none has them counted alone."""
        for key in keys:
            if key in "0123456789*#ABCDabcd":
                self.keys_sent += key.upper()

    def next_out(self) -> Samples | None:
        """Take the frame that leaves in this tick; ``None`` when nothing was written."""
        return self._going.popleft() if self._going else None

    def deliver(self, samples: Samples | None) -> None:
        """Carry a frame to the phone; ``None`` leaves it silence."""
        if samples is None:
            self.phone.hear(self._silence)
            return
        payload = self._near.encode(samples)
        self.counts.sent += 1
        self.counts.sent_bytes += len(payload)
        if self._random.random() < self._impairment.loss:
            self.counts.lost += 1
            self.phone.hear(self._silence)
            return
        self.phone.hear(np.asarray(self._far.decode(payload), np.int16))
