"""Scenes of calls with speech, noise and tones, and which of their units are speech."""

import numpy as np
from scipy.signal import lfilter

from dsp.dtmf import KEYS
from dsp.framing import UNIT
from dsp.line import LAWS
from dsp.tones import dtmf
from dsp.types import RATE, amplitude
from tests.support.spandsp_modems import MODEMS, data
from tests.support.speech import (
    at_level,
    babble,
    clicks,
    coloured,
    hum,
    labels,
    notes,
    street,
)

KINDS = {
    "none": 0.18,
    "white": 0.1,
    "coloured": 0.15,
    "street": 0.12,
    "hum": 0.1,
    "babble": 0.15,
    "music": 0.15,
    "clicks": 0.05,
}
"""Kinds of noise, and how often each is in the material that the network is fitted to."""

PAIRS = (
    *((350, 440), (440, 480), (480, 620), (400, 450), (425, 0), (400, 0), (450, 0), (950, 0)),
    *((1400, 0), (1800, 0), (1100, 0), (2100, 0)),
)
CADENCES = ((0.5, 0.5), (0.25, 0.25), (1, 4), (2, 4), (0.4, 0.2), (0.5, 3), (0.1, 1), (0.33, 5))

FULL = amplitude(0.0) / np.sqrt(2)
"""Root mean square of 0 dBm0."""


def _ratio(decibels: float) -> float:
    return 10 ** (decibels / 20)


def talk(voices: list, samples: int, rng: np.random.Generator) -> np.ndarray:
    """One voice that says things, with pauses, of power 1 while it speaks."""
    out = np.zeros(samples)
    at = int(rng.uniform(0, 3) * RATE) if rng.random() < 0.8 else 0
    sayings = voices[rng.integers(len(voices))]
    speed = rng.uniform(0.85, 1.2) if rng.random() < 0.5 else 1.0
    tilt, tinny = rng.uniform(-0.5, 0.5), rng.random() < 0.5
    while at < samples:
        said = sayings[rng.integers(len(sayings))]
        if speed != 1:
            said = np.interp(np.arange(0, len(said) - 1, speed), np.arange(len(said)), said)
        said = lfilter([1, tilt], [1], said)
        if tinny:
            said = lfilter([1, -1], [1, -0.8], said)
        said = at_level(said, rng.normal() * 2)[: samples - at] / FULL
        out[at : at + len(said)] = said
        at += len(said) + int(rng.exponential(0.8) * RATE)
    return out


def keys(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Digits of any length."""
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < samples:
        key = KEYS[rng.integers(16)]
        on, off = int(rng.integers(40, 300)), int(rng.integers(40, 600))
        parts.append(dtmf(key, on_ms=on, off_ms=off, level=-10.0) / FULL * _ratio(7))
    return np.concatenate(parts)[:samples]


def tones(samples: int, rng: np.random.Generator) -> np.ndarray:
    """A signalling tone, steady or in a cadence, beating or not, digits, or keyed tones."""
    at = np.arange(samples) / RATE
    kind = rng.integers(6)
    if kind == 0:
        return keys(samples, rng)
    one, two = PAIRS[rng.integers(len(PAIRS))] if kind != 1 else (rng.uniform(300, 2600), 0)
    sound = np.sin(2 * np.pi * one * at + rng.uniform(0, 6))
    if two:
        sound = sound + np.sin(2 * np.pi * two * at)
    if kind == 2:
        sound = sound * (1 + 0.8 * np.sin(2 * np.pi * rng.uniform(10, 30) * at))
    elif kind == 5:
        pitches = [700, 900, 1100, 1300, 1500, 1700, 980, 1180, 1650, 1850, 1200, 2200]
        length = 160 * int(rng.integers(1, 4))
        hz = np.repeat(rng.choice(pitches, samples // length + 1), length)[:samples]
        sound = np.sin(2 * np.pi * np.cumsum(hz) / RATE) * np.sqrt(2)
    if rng.random() < 0.7:
        on, off = CADENCES[rng.integers(len(CADENCES))]
        sound = sound * ((at + rng.uniform(0, on + off)) % (on + off) < on)
    return sound


def bursts(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Modems' data, and noise, that begin and end at once, of power 1 while they last."""
    out = np.zeros(samples)
    at = int(rng.uniform(0, 2) * RATE)
    while at + RATE // 5 < samples:
        length = min(int(rng.uniform(0.2, 7) * RATE), samples - at)
        if rng.random() < 0.7:
            sent = data(*MODEMS[rng.integers(len(MODEMS))], 8.0, seed=int(rng.integers(3)))
            begin = int(rng.integers(RATE)) if rng.random() < 0.5 else 0
            part = lfilter([1, rng.uniform(-0.5, 0.5)], [1], sent[begin:][:length].astype(float))
        else:
            slope = rng.uniform(0.3, 1.5)
            part = coloured(length, slope, rng) if rng.random() < 0.5 else rng.normal(size=length)
        out[at : at + length] = part / part.std() * _ratio(rng.normal() * 3)
        at += length + int(rng.exponential(0.7) * RATE)
    return out


def music(pieces: list, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A part of one of these pieces, or made music, of power 1."""
    if not pieces or rng.random() < 0.4:
        return notes(samples / RATE, rng)
    piece = pieces[rng.integers(len(pieces))]
    begin = rng.integers(len(piece) - samples)
    part = piece[begin : begin + samples]
    return part / (part.std() + 1)


def noise(kind: str, sources: tuple, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of a kind, of power 1; `sources` are voices for babble, and music."""
    voices, pieces = sources
    made = {
        "none": lambda: np.zeros(samples),
        "white": lambda: rng.normal(size=samples),
        "coloured": lambda: coloured(samples, rng.uniform(0.5, 2), rng),
        "street": lambda: street(samples, rng),
        "hum": lambda: hum(samples, rng),
        "babble": lambda: babble([one for said in voices for one in said], samples, rng),
        "music": lambda: music(pieces, samples, rng),
        "clicks": lambda: clicks(samples, rng),
    }
    return made[kind]()


def coded(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As int16, through µ-law, A-law or neither."""
    linear = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
    law = (None, "pcmu", "pcma")[rng.integers(3)]
    return LAWS[law](linear) if law else linear


def noisy(sources, rng, kind: str, snr: float, level: float):
    """Speech of a level with one kind of noise so much below; and which units are speech."""
    samples = 20 * RATE
    clean = talk(sources[0], samples, rng)
    sound = clean + noise(kind, sources, samples, rng) * _ratio(-snr)
    return coded(sound * FULL * _ratio(level), rng), labels(clean)


def anything(sources, rng, seconds: int = 15):
    """A scene of any kind, some without any speech; and which units are speech."""
    samples = seconds * RATE
    clean = talk(sources[0], samples, rng) if rng.random() < 0.65 else np.zeros(samples)
    speech = labels(clean) if clean.any() else np.zeros(samples // UNIT, dtype=bool)
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    snr = rng.uniform(-2, 30) + (rng.uniform(0, 15) if kind == "clicks" else 0)
    sound = clean + noise(str(kind), sources, samples, rng) * _ratio(-snr)
    if rng.random() < 0.5:
        free = ~np.repeat(speech, UNIT) if rng.random() < 0.8 else np.ones(samples, dtype=bool)
        sound = sound + tones(samples, rng) * free * _ratio(rng.uniform(-15, 5))
    if rng.random() < 0.3:
        free = ~np.repeat(speech, UNIT)
        sound = sound + bursts(samples, rng) * free * _ratio(rng.uniform(-15, 5))
    sound = sound * FULL * _ratio(min(0, rng.uniform(-45, 5)))
    if rng.random() < 0.5:
        sound = sound + rng.normal(size=samples) * FULL * _ratio(rng.uniform(-75, -50))
    return coded(sound, rng), speech
