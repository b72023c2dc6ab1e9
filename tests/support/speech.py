"""Speech, noises and music of known content, for ears that tell one from another."""

import functools
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import lfilter, resample_poly

from dsp.framing import UNIT
from dsp.types import RATE, amplitude

WELCOME = Path(__file__).parents[2] / "mediasock/prompts/welcome.flac"
"""A prompt that comes with the package."""

PROMPTS = Path("/usr/share/asterisk/sounds/en")
"""Debian's asterisk-core-sounds-en-wav: one woman, in a studio."""

GREETINGS = (
    "Hello?",
    "Yes, this is Maria speaking.",
    "Good morning, you have reached the office of Miller and Sons. How can I help you?",
    "Hi, you have reached the voice mail of John. I cannot take your call at the moment, "
    "so please leave your name and your number after the tone, and I will call you back.",
)
"""Two people, a receptionist and an answering machine."""


def _at_rate(samples: np.ndarray, rate: float) -> np.ndarray:
    """Float samples at 8 kHz."""
    if rate == RATE:
        return samples
    ratio = Fraction(RATE / rate).limit_denominator(200)
    return resample_poly(samples, ratio.numerator, ratio.denominator)


def can_speak() -> bool:
    """Whether espeak-ng is installed."""
    return shutil.which("espeak-ng") is not None


@functools.lru_cache(maxsize=256)
def spoken(text: str, voice: str = "en", speed: int = 160, pitch: int = 50) -> np.ndarray:
    """Text as espeak-ng says it, float samples at 8 kHz, without silence about it."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["espeak-ng", "-v", voice, "-s", f"{speed}", "-p", f"{pitch}", "-w", file.name]
        subprocess.run([*command, text], check=True, capture_output=True)
        samples, rate = soundfile.read(file.name, dtype="int16")
    speech = _at_rate(samples.astype(float), rate)
    loud = np.flatnonzero(np.abs(speech) > 100)
    return speech[loud[0] : loud[-1]] if len(loud) else speech


def recorded(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Names and float samples of a folder's recordings, WAV or headerless GSM, in order."""
    for path in sorted(folder.rglob("*.*")):
        if path.suffix == ".wav":
            samples, rate = soundfile.read(path, dtype="int16")
        elif path.suffix == ".gsm":
            samples, rate = soundfile.read(
                path, dtype="int16", format="RAW", subtype="GSM610", samplerate=RATE, channels=1
            )
        else:
            continue
        yield path.name, _at_rate(samples.astype(float), rate)


def unit_powers(signal: np.ndarray) -> np.ndarray:
    """Mean square of every whole unit."""
    whole = len(signal) // UNIT * UNIT
    return (signal[:whole].reshape(-1, UNIT) ** 2).mean(axis=1)


def active_power(speech: np.ndarray) -> float:
    """Mean square of the units that are less than 20 dB below the loudest."""
    powers = unit_powers(speech)
    return float(powers[powers > powers.max(initial=0.0) / 100].mean()) if len(powers) else 0.0


def at_level(speech: np.ndarray, level: float) -> np.ndarray:
    """Speech whose active units have a level in dBm0."""
    power = active_power(speech)
    return speech * (amplitude(level) / np.sqrt(2 * power)) if power else speech


def labels(clean: np.ndarray, pause: int = 5) -> np.ndarray:
    """Which units of a clean recording are speech: a bool each.

    Those that are no more than 25 dB below the active level, and what lies between two of them
    when it is shorter than `pause` units.
    """
    active = unit_powers(clean) > active_power(clean) * 10**-2.5
    edges = np.flatnonzero(np.diff(active.astype(int)))
    for end, begin in itertools.pairwise(edges):
        if active[end] and begin - end < pause:
            active[end : begin + 1] = True
    return active


def coloured(samples: int, slope: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls by `slope` times 3 dB an octave, of power 1."""
    spectrum = np.fft.rfft(rng.normal(size=samples))
    hz = np.fft.rfftfreq(samples, 1 / RATE)
    noise = np.fft.irfft(spectrum / np.maximum(hz, 60.0) ** (slope / 2), samples)
    return noise / noise.std()


def street(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Coloured noise that swells and ebbs over seconds, as of cars that pass, of power 1."""
    noise = coloured(samples, rng.uniform(1.0, 2.0), rng)
    seconds = np.arange(samples // RATE + 2)
    swell = np.interp(np.arange(samples) / RATE, seconds, rng.normal(size=len(seconds)))
    noise *= 10 ** (swell * 3 / 20)
    return noise / noise.std()


def hum(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Mains hum with harmonics, of power 1."""
    mains = rng.choice([50.0, 60.0]) * rng.uniform(0.998, 1.002)
    at = np.arange(samples) / RATE
    parts = [
        np.sin(2 * np.pi * mains * n * at + rng.uniform(0, 6.28)) * rng.uniform(0.2, 1) / n**0.7
        for n in range(1, 12)
    ]
    buzz = np.sum(parts, axis=0)
    return buzz / buzz.std()


def clicks(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Bursts of up to 5 ms, one to eight a second, of power 1."""
    sound = np.zeros(samples)
    for begin in rng.integers(0, samples - 40, int(samples / RATE * rng.uniform(1, 8))):
        length = rng.integers(2, 40)
        click = rng.normal(size=length) * np.exp(-np.arange(length) / 8)
        sound[begin : begin + length] += click * rng.uniform(1, 10)
    return sound / sound.std()


def babble(voices: list[np.ndarray], samples: int, rng: np.random.Generator) -> np.ndarray:
    """Six or more of these voices at once, of power 1."""
    total = np.zeros(samples)
    for _ in range(int(rng.integers(6, 12))):
        line: list[np.ndarray] = []
        while sum(map(len, line)) < samples + RATE:
            one = voices[rng.integers(len(voices))]
            line.append(at_level(one, -20.0 + rng.normal() * 2))
        joined, skip = np.concatenate(line), int(rng.integers(RATE))
        total += joined[skip : skip + samples]
    return total / total.std()


def notes(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Music of a kind: a bass, chords and a tune of plucked and held notes, of power 1."""
    samples = round(seconds * RATE)
    music = np.zeros(samples + 4 * RATE)
    beat = RATE * 60 / rng.uniform(70, 150)
    root = rng.uniform(90, 180)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    for number in range(int(samples / beat) + 1):
        chord = rng.choice([0, 5, 7, 9])
        played = [(chord - 12, 2.0)] + [(chord + step, 1.0) for step in (0, 4, 7)]
        played += [(int(rng.choice(scale)) + 12, float(rng.choice([0.5, 1.0])))]
        for semitone, beats in played:
            hz = root * 2 ** (semitone / 12)
            length = round(beats * beat)
            at = np.arange(length) / RATE
            decay = np.exp(-at * rng.uniform(0.5, 6))
            partials = sum(
                np.sin(2 * np.pi * hz * n * at) / n ** rng.uniform(1, 2)
                for n in range(1, 9)
                if hz * n < 3800
            )
            begin = round(number * beat)
            music[begin : begin + length] += partials * decay * min(1, beats)
    music = lfilter([1, -0.9], [1], music)[:samples]
    return music / music.std()
