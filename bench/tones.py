"""How well the call-progress tones of all countries are told, and what it costs.

``python -m bench tones``
"""

import time
from collections import Counter
from collections.abc import Sequence

import numpy as np
import soundfile

from dsp.cadence import Detector
from dsp.ears import Ears
from dsp.plan import AUTO, FAX, PLANS, Cadence, countries, load
from dsp.tone_stream import render
from dsp.types import RATE, Samples
from tests.support.cadences import rounds_of, sounded
from tests.support.signals import line, noise
from tests.support.speech import PROMPTS

TOLD = ("dial", "ringback", "busy", "reorder", "sit")
"""What is told without a country."""

CONDITIONS = {
    "−15 dBm0, nothing off": {},
    "frequencies 1 % low": {"detune": 0.99},
    "1 % high": {"detune": 1.01},
    "times 10 % short": {"stretch": 0.9},
    "10 % long": {"stretch": 1.1},
    "−35 dBm0": {"level": -35.0},
    "0 dBm0": {"level": 0.0},
    "white noise 15 dB below": {"snr": 15.0},
    "12 dB below": {"snr": 12.0},
}


def _sound(cadence: Cadence, seed: int, **condition: float) -> Samples:
    settings = dict(condition)
    snr = settings.pop("snr", None)
    if cadence.value.startswith("sit"):
        # special information tones are told apart by their times
        settings.pop("stretch", None)
    sound, _ = sounded(cadence, rounds=rounds_of(cadence), seed=seed, **settings)
    if snr is None:
        return sound
    return line(sound[0] + noise(sound.shape[1] / RATE, settings.get("level", -15.0) - snr, seed))


def _told(detector: Detector, sound: Samples) -> list[str]:
    heard = [*detector.process(sound), *detector.finish()]
    return [one.value for one in heard if one.ended]


def _national(**condition: float) -> str:
    """Share of all tones of all countries that their own plan tells as what they are, once."""
    right = total = 0
    for plan in countries():
        detector = Detector(1, [plan, FAX])
        for seed, cadence in enumerate(load([plan])):
            right += _told(detector, _sound(cadence, seed, **condition)) == [cadence.value]
            total += 1
    return f"{100 * right / total:.1f} % of {total}"


def _general(value: str) -> str:
    return "sit" if value.startswith("sit") else value


def _auto(**condition: float) -> dict[str, Counter[str]]:
    """What is made, without a country, of each kind of tone of all countries."""
    detector = Detector(1, [AUTO, FAX])
    table: dict[str, Counter[str]] = {}
    for plan in countries():
        for seed, cadence in enumerate(load([plan])):
            value = _general(cadence.value)
            told = {_general(one) for one in _told(detector, _sound(cadence, seed, **condition))}
            made = "right" if told == {value} else "not at all" if not told else "wrongly"
            table.setdefault(value, Counter())[made] += 1
            if made == "wrongly":
                table[value]["as " + ", ".join(sorted(told))] += 1
    return table


def _auto_rows() -> list[tuple[str, str]]:
    rows = []
    for value, counts in _auto().items():
        total = sum(counts[made] for made in ("right", "wrongly", "not at all"))
        shares = (
            f"{100 * counts[made] / total:.0f}" for made in ("right", "wrongly", "not at all")
        )
        wrong = "; ".join(f"{n} {made}" for made, n in counts.items() if made.startswith("as "))
        name = value if value in TOLD else f"{value} (it has no such)"
        rows.append(
            (f"auto: {name}, {total}", " / ".join(shares) + (f" ({wrong})" if wrong else ""))
        )
    return rows


def _talk_off(plans: Sequence[str]) -> str:
    """Tones imagined in the prompts of asterisk-core-sounds-en-wav."""
    sounds = [soundfile.read(file, dtype="int16")[0] for file in sorted(PROMPTS.rglob("*.wav"))]
    if not sounds:
        return "–"
    detector = Detector(1, plans)
    found = 0
    for gain in (-20, 0, 12):
        for sound in sounds:
            louder = np.clip(np.rint(sound * 10.0 ** (gain / 20)), -32768, 32767)
            found += len(_told(detector, louder.astype(np.int16)[None]))
    return f"{found} in {3 * sum(map(len, sounds)) / RATE / 60:.0f} minutes"


def _tick(plans: Sequence[str], sound: Samples, calls: int = 1000) -> str:
    """CPU milliseconds of 20 ms of `sound` on every call, keys heard too: the least of 9 rounds."""
    ears = Ears(calls, plans)
    blocks = [np.tile(sound[i : i + 160], (calls, 1)) for i in range(0, len(sound) - 159, 160)]
    rounds = []
    for _ in range(10):
        began = time.process_time()
        for block in blocks:
            ears.process(block)
        rounds.append((time.process_time() - began) / len(blocks) * 1000)
    return f"{min(rounds[1:]):.2f}"


def run() -> str:
    """Return the table, as Markdown."""
    prompt, _ = soundfile.read("mediasock/prompts/welcome.flac", dtype="int16")
    sounds = [prompt[:8000] * 0, prompt[8000:24000], render("%(500,500,480,620);loops=2")]
    rows = [
        (f"told by their own plan: {len(countries())} plans, {name}", _national(**condition))
        for name, condition in CONDITIONS.items()
    ]
    rows += [("auto: right / wrongly / not at all, in percent", ""), *_auto_rows()]
    for plans in (PLANS, (AUTO,)):
        named = " ".join(plans)
        rows.append((f"imagined in prompts, −20, 0, +12 dB: {named}", _talk_off([*plans, FAX])))
        cost = ", ".join(_tick(plans, sound) for sound in sounds)
        rows.append((f"CPU of a tick, 1,000 calls: silence, speech, busy: {named}", f"{cost} ms"))
    return "\n".join(["| what | measured |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in rows)])
