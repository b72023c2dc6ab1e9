"""The two ends of a fax modem's call, libspandsp's or ours, and the line between them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.fft import next_fast_len
from scipy.signal import correlate

from dsp.line import Clock, FrequencyOffset, Gain, Impairment, Line, Shape, burst
from dsp.modem.types import Bits, Receives, Report, Transmits
from dsp.types import Samples, dbm0, whole
from tests.support import spandsp_modems

PEER, OURS = "spandsp", "ours"

MODES = (
    *(("v17", rate) for rate in (14400, 12000, 9600, 7200)),
    *(("v29", rate) for rate in (9600, 7200)),
    *(("v27ter", rate) for rate in (4800, 2400)),
    ("v21", 300),
)
"""Modems and their bits a second."""

TRAINED = MODES[:-1]
"""Those with a training."""

Mode = tuple[str, int]
Ends = tuple[str, str]
Seed = Sequence[int]

PAIRS: tuple[Ends, ...] = ((PEER, PEER), (PEER, OURS), (OURS, OURS), (OURS, PEER))
"""Who sends and who receives."""

LEVEL = -15.0
"""dBm0 of the data on the line."""

CHECK = 1.5
"""Seconds of zeros that T.30 checks a training with (5.3.6.1.3)."""

_CHANCE = 0.2
_SETTLED = 64
_LATE = 1200


def name(mode: Mode) -> str:
    """``V.17 14,400``."""
    modem, rate = mode
    return "V.21" if modem == "v21" else f"V.{modem[1:]} {rate:,}"


def _made(who: str, kind: str, mode: Mode, how: dict[str, object]):
    modem, rate = mode
    if who == PEER:
        return getattr(spandsp_modems, kind)(modem, rate, **how)
    made = getattr(importlib.import_module(f"dsp.modem.{modem}"), kind)
    return made(**how) if modem == "v21" else made(rate, **how)


def transmitter(who: str, mode: Mode, **how: object) -> Transmits:
    return _made(who, "Transmitter", mode, how)


def receiver(who: str, mode: Mode, **how: object) -> Receives:
    return _made(who, "Receiver", mode, how | ({"piece": 8000} if who == PEER else {}))


@lru_cache(maxsize=12)
def sent(
    who: str, mode: Mode, bits: int | None = None, seed: int = 0, *, short: bool = False
) -> tuple[Bits, Samples]:
    """Random bits, or a training check, and the burst that they are sent by.

    V.21 has no training: its receiver finds the bits' clock in the first of them, which are not
    among those given.
    """
    if bits is None:
        data = np.zeros(round(CHECK * mode[1]), dtype=np.uint8)
    else:
        data = np.random.default_rng([seed, mode[1]]).integers(0, 2, bits, dtype=np.uint8)
    how = {"short_training": True} if short else {}
    samples = transmitter(who, mode, level=LEVEL, **how).modulate(data)
    return (data[_SETTLED:-_SETTLED] if mode[0] == "v21" else data), samples


@dataclass(frozen=True)
class Condition:
    """What a burst meets.

    Parameters
    ----------
    snr
        dB of the data over white noise of 0 to 4 kHz.
    everywhere
        Whether the noise is there before and after the burst as well.
    level
        dBm0 at which the data arrive; peaks beyond int16 are clipped.
    offset
        Hz by which all frequencies are higher.
    ppm
        Millionths by which the sender's clock is faster.
    shape
        One of :func:`dsp.line.shapes`.
    """

    snr: float
    everywhere: bool = False
    level: float = LEVEL
    offset: float = 0.0
    ppm: float = 0.0
    shape: str | None = None

    def line(self, samples: Samples, seed: Seed) -> Samples:
        """What arrives of a burst: at any time, with any phase."""
        rng = np.random.default_rng(seed)
        loss = _loss(self.shape, samples.tobytes()) if self.shape else 0.0
        arrived = _from(self._carried(_turned(samples, rng), loss))
        noise = self.level - self.snr
        around = noise if self.everywhere else None
        before = 0.25 + rng.uniform(0.0, 0.025)
        return burst(arrived, before=(before, around), during=noise, after=(0.5, around), seed=seed)

    def _carried(self, samples: Samples, loss: float) -> Samples:
        stages: list[Impairment] = []
        if self.ppm:
            stages.append(Clock(self.ppm))
        if self.shape:
            stages += [Shape(self.shape), Gain(loss)]
        if self.level != LEVEL:
            stages.append(Gain(self.level - LEVEL))
        if self.offset:
            stages.append(FrequencyOffset(self.offset))
        if not stages:
            return samples
        line = Line(stages)
        return line.process(np.pad(samples, (0, line.delay + 200)))


@lru_cache(maxsize=64)
def _loss(shape: str, samples: bytes) -> float:
    """dB that a shape takes from a burst."""
    before = np.frombuffer(samples, dtype=np.int16)
    after = Line([Shape(shape)]).process(before)
    powers = [np.mean(one.astype(float) ** 2) for one in (before, after)]
    return float(dbm0(powers[0]) - dbm0(powers[1]))


def _turned(samples: Samples, rng: np.random.Generator) -> Samples:
    """The burst with any phase, and any part of a sample late."""
    padded = np.pad(_from(samples), 40)
    size = next_fast_len(len(padded), real=True)
    turns = np.fft.rfftfreq(size) * rng.uniform(0.0, 1.0) - rng.uniform(0.0, 1.0)
    moved = np.fft.irfft(np.fft.rfft(padded, size) * np.exp(-2j * np.pi * turns), size)
    return whole(moved[: len(padded)])


def _from(samples: Samples) -> Samples:
    """The burst without the silence that it begins with, so that no noise begins before it."""
    loud = np.abs(samples.astype(np.int32)) > np.max(np.abs(samples.astype(np.int32))) / 20
    return samples[int(np.argmax(loud)) :]


@dataclass(frozen=True)
class Heard:
    """What came of one burst.

    Parameters
    ----------
    trained
        Whether the receiver says so; of V.21, whether it says that there is a carrier.
    bits, errors
        How many were sent, and how many of them came wrong or not at all.
    passed
        Whether there is a second of zeros in what came, which is what spandsp's T.30 wants of a
        training check.
    given
        How many bits the receiver gave in all.
    """

    trained: bool
    bits: int = 0
    errors: int = 0
    passed: bool = False
    given: int = 0

    @property
    def garbage(self) -> bool:
        """Whether it is said to be trained, and yet the data are nothing but chance."""
        return self.trained and self.errors > _CHANCE * self.bits


def hear(mode: Mode, hearing: Receives, line: Samples, bits: Bits, before: int = 0) -> Heard:
    """Let a receiver, which has given some bits before, hear a line on which these are sent."""
    got = hearing.process(line)
    begun = _begun(mode, hearing.reports())
    if begun is None:
        return Heard(False, given=len(got))
    passed, errors = _compared(bits, got[begun - before :], mode[1])
    return Heard(True, len(bits), errors, passed, len(got))


def _begun(mode: Mode, reports: Sequence[Report]) -> int | None:
    """How many bits came before the data."""
    what = "carrier up" if mode[0] == "v21" else "trained"
    return next((one.bits for one in reports if one.what == what), None)


def _compared(bits: Bits, got: Bits, rate: int) -> tuple[bool, int]:
    """Whether a check has passed, and how many bits are wrong or missing."""
    if not bits.any():
        ones = np.flatnonzero(np.concatenate([[1], got, [1]]))
        return bool(np.max(np.diff(ones)) > rate), int(np.count_nonzero(got[: len(bits)]))
    head, begin = bits[:2048] * 2.0 - 1.0, got[: 2048 + _LATE] * 2.0 - 1.0
    if len(begin) < len(head):
        return False, len(bits)
    late = int(np.argmax(correlate(begin, head, mode="valid", method="fft")))
    count = min(len(bits), len(got) - late)
    wrong = int(np.count_nonzero(got[late : late + count] != bits[:count]))
    return False, wrong + len(bits) - count
