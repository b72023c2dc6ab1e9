"""How well digits and tones are heard, and what it costs: ``python -m bench detectors``."""

import math
import time
from pathlib import Path

import numpy as np
import soundfile

from dsp.cadence import Detector as Tones
from dsp.dtmf import Detector as Digits
from dsp.ears import Ears
from dsp.plan import FAX, PLANS, load
from dsp.tone_stream import render
from dsp.tones import dtmf
from dsp.types import RATE, amplitude

KEYS = "0123456789*#ABCD"
REPEATS = 50
SPEECH = Path("/usr/share/asterisk/sounds/en")


def _line(sound, noise_level=None, seed=0):
    """A row of samples, with white noise up to 4 kHz of a level in dBm0 where one is given."""
    if noise_level is not None:
        rms = amplitude(noise_level) / math.sqrt(2)
        sound = sound + np.random.default_rng(seed).normal(0, rms, len(sound))
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)[None]


def _ended(detector, line):
    heard = [*detector.process(line), *detector.finish()]
    return [one for one in heard if one.ended]


def _digits(on_ms: int, level: float, snr: float | None = None) -> str:
    """Share of the keys that are heard; `snr` is of the pair's power to the noise's."""
    sound = dtmf(KEYS, on_ms=on_ms, off_ms=80, level=level)
    noise = None if snr is None else level + 10 * math.log10(2) - snr
    found = sum(len(_ended(Digits(1), _line(sound, noise, seed))) for seed in range(REPEATS))
    return f"{100 * found / (REPEATS * len(KEYS)):.1f} %"


def _cadence(cadence, level, detune, stretch):
    """Two rounds of a cadence as its plan has it, with half a second of silence about it."""
    parts = [np.zeros(RATE // 2)]
    for interval in cadence.intervals * (1 if cadence.once else 2):
        lasting = math.isinf(interval.most)
        seconds = interval.least + 1 if lasting else (interval.least + interval.most) / 2 * stretch
        at = np.arange(round(seconds * RATE)) / RATE
        parts.append(np.zeros(len(at)))
        for hz in interval.frequencies:
            parts[-1] += amplitude(level) * np.sin(2 * np.pi * hz * detune * at)
    return np.concatenate([*parts, np.zeros(RATE // 2)])


def _tones(kind, level=-15.0, *, snr=None, detune=1.0, stretch=1.0) -> str:
    """Share of all plans' tones that are told as what they are and nothing else."""
    right = total = 0
    for cadence in load([*PLANS, FAX]):
        # a special information tone is told apart from others by its times, 274 or 380 ms
        if cadence.kind != kind or cadence.modulated or cadence.reversals:
            continue
        fixed = cadence.once and not cadence.continuous
        sound = _cadence(cadence, level, detune, 1.0 if fixed else stretch)
        for seed in range(5):
            noise = None if snr is None else level - snr
            found = _ended(Tones(1), _line(sound, noise, seed))
            right += [one.value for one in found] == [cadence.value]
            total += 1
    return f"{100 * right / total:.1f} %"


def _talk_off() -> list[tuple[str, str]]:
    """Digits and tones imagined in the prompts of asterisk-core-sounds-en-wav."""
    sounds = [soundfile.read(file, dtype="int16")[0] for file in sorted(SPEECH.rglob("*.wav"))]
    if not sounds:
        return [("talk-off: asterisk-core-sounds-en-wav is not installed", "–")]
    minutes = sum(map(len, sounds)) / RATE / 60
    rows = []
    for gain in (-20, 0, 12):
        ears = Ears(1)
        found = [
            one for sound in sounds for one in _ended(ears, _line(sound * 10.0 ** (gain / 20)))
        ]
        what = f"imagined in {minutes:.0f} minutes of Asterisk's English prompts at {gain:+d} dB"
        rows.append((what, f"{len(found)}"))
    return rows


def _tick(sound, calls=1000) -> str:
    """CPU milliseconds of 20 ms of `sound` on every call, the least and the median of 9 rounds."""
    ears = Ears(calls)
    blocks = [np.tile(sound[i : i + 160], (calls, 1)) for i in range(0, len(sound) - 159, 160)]
    rounds = []
    for _ in range(10):
        began = time.process_time()
        for block in blocks:
            ears.process(block)
        rounds.append((time.process_time() - began) / len(blocks) * 1000)
    rounds = sorted(rounds[1:])
    return f"{rounds[0]:.2f} ms, {rounds[len(rounds) // 2]:.2f} ms"


def _cost() -> list[tuple[str, str]]:
    prompt, _ = soundfile.read("mediasock/prompts/welcome.flac", dtype="int16")
    return [
        ("CPU of a 20 ms tick, 1,000 calls, least and median: silence", _tick(prompt[:8000] * 0)),
        ("… speech on every call", _tick(prompt[8000:24000])),
        ("… a digit every 2 s on every call", _tick(dtmf("15", on_ms=100, off_ms=1900))),
        ("… five digits a second on every call", _tick(dtmf("159#", on_ms=100, off_ms=100))),
        ("… busy tone on every call", _tick(render("%(500,500,480,620);loops=2"))),
    ]


def run() -> str:
    """Return the table, as Markdown."""
    rows = [
        ("digits heard, 50 ms, −10 dBm0 a tone, clean", _digits(50, -10)),
        ("40 ms", _digits(40, -10)),
        ("20 ms (too short: Q.24 has them refused)", _digits(20, -10)),
        ("−36 dBm0 a tone", _digits(50, -36)),
        ("white noise at 15 dB SNR", _digits(50, -10, 15)),
        ("white noise at 12 dB SNR", _digits(50, -10, 12)),
        ("call-progress tones told, −15 dBm0 a tone, clean", _tones("tone")),
        ("−35 dBm0", _tones("tone", -35)),
        ("0 dBm0", _tones("tone", 0)),
        ("all frequencies 1 % low, 1 % high", _off("tone", detune=(0.99, 1.01))),
        ("all times 10 % short, 10 % long", _off("tone", stretch=(0.9, 1.1))),
        ("white noise 15 dB and 10 dB below a tone", _off("tone", snr=(15, 10))),
        ("CNG and CED, −10 dBm0 and −43 dBm0", _off("fax", level=(-10, -43))),
        *_talk_off(),
        *_cost(),
    ]
    return "\n".join(["| what | measured |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in rows)])


def _off(kind, **condition) -> str:
    """:func:`_tones` under two values of one condition."""
    ((name, values),) = condition.items()
    return ", ".join(_tones(kind, **{name: value}) for value in values)
