"""The phone at the far end of a call: what it says, keys and hears, on the sample clock.

A phone is given a script of steps, which it goes through once; then it is silent until it is hung
up, or hangs up itself where the script ends so. Everything is known from the samples alone, so
that a call is the same each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import TypeAlias

import numpy as np
import soundfile
from scipy.signal import resample_poly

from dsp import tone_stream, tones
from dsp.types import DspError, Samples, whole

from ..unreadable import why
from .errors import SwitchError


class ScriptError(SwitchError):
    """A step that cannot be done: the file, tone or digits are named."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Say nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Play:
    """Say a sound file, of any rate and number of channels."""

    file: str | Path


@dataclass(frozen=True, slots=True)
class Tone:
    """Say a ``tone_stream://``."""

    spec: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Key digits as tones: each ``on_ms`` of two tones of ``level`` dBm0, then ``off_ms``."""

    digits: str
    on_ms: int = 100
    off_ms: int = 100
    level: float = -7.0


@dataclass(frozen=True, slots=True)
class Rfc2833:
    """Key digits as telephone-events beside the sound; each is told at its end."""

    digits: str
    on_ms: int = 100
    off_ms: int = 100


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up."""


Step: TypeAlias = Wait | Play | Tone | Keys | Rfc2833 | HangUp


class FarEnd:
    """A phone.

    Parameters
    ----------
    script
        What it does, in order, from the moment at which the call has sound.
    rate
        Samples a second of its codec, 8,000 or 16,000.
    echo
        Whether it says back what it hears, a frame later, under what the script says.

    Raises
    ------
    ScriptError
        When a step cannot be done.

    Examples
    --------
    >>> phone = FarEnd([Wait(0.02), Rfc2833("5", on_ms=60), HangUp()], rate=8000)
    >>> [phone.out_of_band(160) for _ in range(5) if phone.speak(160) is not None]
    [[], [], [], ['5'], []]
    """

    def __init__(self, script: Sequence[Step], *, rate: int, echo: bool = False) -> None:
        self.rate = rate
        self._echo = echo
        self._at = 0
        self._said: list[Samples] = []
        self._heard: list[Samples] = []
        self._last_heard = np.zeros(0, np.int16)
        self._keys: list[tuple[int, str]] = []
        self._hangs_up_at: int | None = None
        self._script = self._render(script)

    def _render(self, script: Sequence[Step]) -> Samples:
        """Lay the script out in samples; keys and the hang-up get their places."""
        parts: list[Samples] = []
        at = 0
        for step in script:
            match step:
                case HangUp():
                    self._hangs_up_at = at
                    break
                case Rfc2833(digits, on_ms, off_ms):
                    sound = self._silence(len(digits) * (on_ms + off_ms) / 1000)
                    for index, digit in enumerate(digits):
                        ends = index * (on_ms + off_ms) + on_ms
                        self._keys.append((at + ends * self.rate // 1000, digit))
                case _:
                    sound = self._sound(step)
            parts.append(sound)
            at += len(sound)
        return np.concatenate([*parts, self._silence(0)])

    def _sound(self, step: Wait | Play | Tone | Keys) -> Samples:
        try:
            match step:
                case Wait(seconds):
                    return self._silence(seconds)
                case Play(file):
                    return _read(file, self.rate)
                case Tone(spec):
                    return tone_stream.render(spec, self.rate)
                case Keys(digits, on_ms, off_ms, level):
                    return tones.dtmf(
                        digits, on_ms=on_ms, off_ms=off_ms, level=level, rate=self.rate
                    )
        except DspError as error:
            raise ScriptError(f"{step}: {error}") from error

    def _silence(self, seconds: float) -> Samples:
        return np.zeros(round(seconds * self.rate), np.int16)

    # -- the call's side ----------------------------------------------------------------------

    @property
    def hangup_due(self) -> bool:
        """Whether it hangs up now."""
        return self._hangs_up_at is not None and self._at >= self._hangs_up_at

    def speak(self, n: int) -> Samples:
        """Return the ``(n,)`` int16 samples that it says next."""
        said = np.zeros(n, np.int16)
        piece = self._script[self._at : self._at + n]
        said[: len(piece)] = piece
        if self._echo and len(self._last_heard) == n:
            both = said.astype(np.int32) + self._last_heard
            said = np.clip(both, -32768, 32767).astype(np.int16)
        self._at += n
        self._said.append(said)
        return said

    def hear(self, samples: Samples) -> None:
        """Take the samples that reach it."""
        self._last_heard = samples
        self._heard.append(samples)

    def out_of_band(self, n: int) -> list[str]:
        """Return the digits whose telephone-events end within the last ``n`` samples said."""
        return [digit for at, digit in self._keys if self._at - n < at <= self._at]

    # -- afterwards ---------------------------------------------------------------------------

    @property
    def said(self) -> Samples:
        """All that it said, ``(samples,)`` int16."""
        return np.concatenate([np.zeros(0, np.int16), *self._said])

    @property
    def heard(self) -> Samples:
        """All that it heard, ``(samples,)`` int16."""
        return np.concatenate([np.zeros(0, np.int16), *self._heard])

    def save(self, path: str | Path) -> None:
        """Write a stereo file of the call, left what it said and right what it heard."""
        write_both(path, self.said, self.heard, self.rate)


def write_both(path: str | Path, said: Samples, heard: Samples, rate: int) -> None:
    """Write a stereo file, left what was said and right what was heard, ``(n,)`` int16 each."""
    both = np.zeros((max(len(said), len(heard)), 2), np.int16)
    both[: len(said), 0] = said
    both[: len(heard), 1] = heard
    soundfile.write(path, both, rate)


def _read(file: str | Path, rate: int) -> Samples:
    try:
        samples, source = soundfile.read(file, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        raise ScriptError(f"{file} cannot be played: {why(file, error)}") from error
    mono = samples.mean(axis=1)
    if source != rate:
        common = gcd(source, rate)
        mono = resample_poly(mono, rate // common, source // common)
    return whole(mono * 32768.0)
