"""What the scripted far end hears: transmissions by V.21, bursts of a fast modem, tones.

It is made of the modems and not of :mod:`dsp.fax.ears`, so that what is wrong with those is heard.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from dsp.fax.frames import Frame, parse
from dsp.fax.hdlc import Deframer
from dsp.modem import v21
from dsp.types import RATE, amplitude
from tests.support.fax_voice import MODEMS

TONES = {"CNG": 1100.0, "CED": 2100.0}
BLOCK = 160
_PURE = 0.6
_LOUD = amplitude(-43.0) ** 2 / 2
_WAVES = np.exp(-2j * np.pi * np.outer(np.arange(BLOCK) / RATE, list(TONES.values())))
_PAUSE = 240
"""Samples of silence that end a sound."""
_GAP = 2
"""Blocks without a tone that do not end it."""


@dataclass
class Heard:
    """Frames by V.21 in one carrier; those that are good and those that are not."""

    start: float
    frames: list[Frame] = field(default_factory=list)
    octets: list[bytes] = field(default_factory=list)
    bad: int = 0
    end: float = 0.0
    preamble: float = 0.0

    def __str__(self):
        names = [one.title for one in self.frames] + ["a bad frame"] * self.bad
        return " ".join(names) or "flags"


@dataclass
class Burst:
    """What a fast modem has brought."""

    rate: str
    short: bool
    start: float = 0.0
    end: float = 0.0
    trained: bool = False
    bits: list[np.ndarray] = field(default_factory=list)

    @property
    def data(self):
        return np.concatenate(self.bits) if self.bits else np.zeros(0, dtype=np.uint8)

    def __str__(self):
        return f"{self.rate}{' short' if self.short else ''}, {len(self.data)} bits"


@dataclass
class Tone:
    name: str
    start: float
    end: float

    def __str__(self):
        return f"{self.name} of {self.end - self.start:.2f} s"


class Hearing:
    """Hear one direction of a line, however it is cut into blocks of 160 samples."""

    def __init__(self):
        self.heard = deque()
        self.tones = deque()
        self.clock = 0
        self.loud_at = -1.0
        self.sounds = []
        self._v21 = v21.Receiver()
        self._deframer = Deframer()
        self._now = None
        self._flags = False
        self._fast = {}
        self._burst = self._receiver = None
        self._tone, self._missed = None, 0

    @property
    def seconds(self):
        return self.clock / RATE

    @property
    def busy(self):
        """Whether frames or a burst are coming."""
        return self._now is not None or (self._burst is not None and bool(self._burst.start))

    def expect(self, rate, *, short):
        """Hear a fast modem from now on, until a burst of it is over; V.21 rests."""
        key = rate
        modem, bit_rate = rate.split()
        if key not in self._fast:
            self._fast[key] = MODEMS[modem].Receiver(int(bit_rate))
        self._receiver = self._fast[key]
        self._receiver.restart(short_training=short)
        self._receiver.reports()
        self._burst = Burst(rate, short)

    def control(self):
        """Hear V.21 from now on."""
        self._burst = self._receiver = None
        self._v21.restart()
        self._v21.reports()
        self._deframer = Deframer()
        self._now, self._flags = None, False

    def process(self, block):
        self._note_sound(block)
        self._tones(block)
        if self._receiver is None:
            self._control(block)
        else:
            self._data(block)
        self.clock += len(block)

    def _note_sound(self, block):
        """Note from which sample to which there was any sound; no block is as long as a pause."""
        at = np.flatnonzero(block)
        if not len(at):
            return
        first, last = self.clock + int(at[0]), self.clock + int(at[-1])
        if self.sounds and first - self.sounds[-1][1] <= _PAUSE:
            first, _ = self.sounds.pop()
        self.sounds.append((first, last))

    def _tones(self, block):
        name = None
        if block.any():
            sound = block.astype(np.float64)
            power = sound @ sound / len(block)
            if power > _LOUD:
                self.loud_at = self.seconds
                parts = np.abs(sound @ _WAVES[: len(block)]) ** 2 * 2 / len(block) ** 2
                if parts.max() > _PURE * power:
                    name = list(TONES)[int(np.argmax(parts))]
        end = self.seconds + len(block) / RATE
        if self._tone is not None and name == self._tone.name:
            self._tone.end, self._missed = end, 0
            return
        self._missed += 1
        if self._tone is not None and (name is not None or self._missed > _GAP):
            self.tones.append(self._tone)
            self._tone = None
        if name is not None and self._tone is None:
            self._tone, self._missed = Tone(name, self.seconds, end), 0

    def _control(self, block):
        bits = self._v21.process(block)
        for one in self._v21.reports():
            if one.what == "carrier up":
                self._now, self._flags = Heard(self.seconds), False
        frames = self._deframer.process(bits)
        if self._now is None:
            return
        self._take(frames)
        if not self._v21.carrier:
            self._take(self._deframer.finish())
            self._deframer = Deframer()
            self._now.end = self.seconds
            if self._now.frames or self._flags:
                self.heard.append(self._now)
            self._now = None

    def _take(self, frames):
        self._flags |= any(one.what == "flags" for one in self._deframer.reports())
        for one in frames:
            if one.good:
                if not self._now.frames and not self._now.bad:
                    self._now.preamble = one.start / v21.BIT_RATE
                self._now.frames.append(parse(one.octets))
                self._now.octets.append(one.octets)
            elif self._flags and one.flaw != "cut":
                self._now.bad += 1

    def _data(self, block):
        burst = self._burst
        bits = self._receiver.process(block)
        if len(bits):
            burst.bits.append(bits)
        for one in self._receiver.reports():
            if one.what == "carrier up":
                burst.start = self.seconds
            elif one.what == "trained":
                burst.trained = True
            elif one.what == "carrier lost":
                burst.end = self.seconds
                self.heard.append(burst)
                self.control()
                return
