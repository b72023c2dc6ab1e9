"""Lines of known content in the making, and how they are written as fixtures.

What is expected of a file is what was put into it, and never what a detector of ours said: tones
are made here, by nothing but sines.
"""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from dsp.types import RATE, amplitude

FIXTURES = Path(__file__).parents[2] / "fixtures"

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = {
    key: (LOW[row], HIGH[column])
    for row, keys in enumerate(("123A", "456B", "789C", "*0#D"))
    for column, key in enumerate(keys)
}
"""Q.23 table 1."""

TWO = 10 * np.log10(2)
"""dB of two tones over one."""

Truth = dict[str, object]


@dataclass
class Line:
    """A channel in the making: floats, and what is put in them at which second."""

    rate: int = RATE
    channel: int = 1
    parts: list[np.ndarray] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(map(len, self.parts)) / self.rate

    def silence(self, seconds: float) -> "Line":
        self.parts.append(np.zeros(round(seconds * self.rate)))
        return self

    def sound(self, samples: np.ndarray) -> "Line":
        self.parts.append(samples)
        return self

    def tone(self, frequencies: Iterable[float], seconds: float, levels: Iterable[float]) -> "Line":
        at = np.arange(round(seconds * self.rate)) / self.rate
        phases = np.random.default_rng(sum(map(len, self.parts))).uniform(0, 2 * np.pi, 9)
        self.parts.append(
            sum(
                (
                    amplitude(level) * np.sin(2 * np.pi * hz * at + phase)
                    for hz, level, phase in zip(frequencies, levels, phases, strict=False)
                ),
                np.zeros(len(at)),
            )
        )
        return self

    def told(self, kind: str, value: str, start: float, level: float | None) -> "Line":
        """Note what has sounded from `start` until now."""
        self.truth.append(
            {
                "channel": self.channel,
                "kind": kind,
                "value": value,
                "start": round(start, 4),
                "end": round(self.seconds, 4),
                "level": None if level is None else round(float(level), 1),
            }
        )
        return self

    def keys(
        self,
        keys: str,
        *,
        on: float = 0.05,
        off: float = 0.05,
        low: float = -10.0,
        high: float = -10.0,
        detuned: float = 1.0,
        expected: bool = True,
    ) -> "Line":
        for key in keys:
            start = self.seconds
            self.tone([hz * detuned for hz in KEYS[key]], on, (low, high))
            if expected:
                self.told("dtmf", key, start, 10 * np.log10(10 ** (low / 10) + 10 ** (high / 10)))
            self.silence(off)
        return self

    def cadence(
        self,
        value: str,
        script: str,
        times: int,
        level: float = -15.0,
        *,
        kind: str = "tone",
        pitch: float = 1.0,
        pace: float = 1.0,
    ) -> "Line":
        """A cadence as ``440+480/2000,0/4000``, some times over.

        ``400*16`` is modulated with 16 Hz by 85 %. Each tone has the level. The cadence ends with
        its last sound.
        """
        start, end = self.seconds, self.seconds
        tones = 1.0
        for part in script.split(",") * times:
            sound, _, ms = part.partition("/")
            carrier, _, beat = sound.partition("*")
            hertz = [float(hz) * pitch for hz in carrier.split("+") if hz != "0"]
            self.tone(hertz, float(ms) / 1000 * pace, [level] * len(hertz))
            if beat:
                at = np.arange(len(self.parts[-1])) / self.rate
                self.parts[-1] *= 1 + 0.85 * np.sin(2 * np.pi * float(beat) * at)
                tones = 1 + 0.85**2 / 2
            if hertz:
                end = self.seconds
                tones = max(tones, len(hertz))
        self.told(kind, value, start, level + 10 * np.log10(tones))
        self.truth[-1]["end"] = round(end, 4)
        return self

    def samples(self) -> np.ndarray:
        return np.concatenate(self.parts)


def rounded(sound: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def noise(samples: int, level: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, amplitude(level) / np.sqrt(2), samples)


def through(sound: np.ndarray, subtype: str, rate: int = RATE) -> np.ndarray:
    """What libsndfile's codec makes of it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "a.wav")
        soundfile.write(path, rounded(sound), rate, subtype=subtype)
        return soundfile.read(path, dtype="int16")[0]


def write(
    name: str,
    sound: np.ndarray,
    truth: list[Truth],
    made: str,
    *,
    rate: int = RATE,
    detect: Iterable[str] = ("dtmf", "tone", "fax"),
    plans: Iterable[str] = ("us", "uk", "eu"),
    within: dict[str, dict[str, float]] | None = None,
    subtype: str = "PCM_16",
) -> None:
    """Write a file and what is expected of it; `name` has its suffix, `within` ms and dB."""
    path = FIXTURES / name
    path.parent.mkdir(exist_ok=True)
    if sound is not None:
        soundfile.write(path, rounded(sound), rate, subtype=subtype)
    expected = sorted(truth, key=lambda one: (one["channel"], one["start"]))
    rows = ",\n".join(f"    {json.dumps(one, ensure_ascii=False)}" for one in expected)
    head = {
        "made": made,
        "detect": list(detect),
        "plans": list(plans),
        "within": {"dtmf": {"ms": 10, "db": 1.0}, "tone": {"ms": 20, "db": 1.0}, **(within or {})},
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    lines.append(f'  "expected": [\n{rows}\n  ]' if rows else '  "expected": []')
    path.with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
