"""What ears cost a tick of a thousand calls, and imagine in speech: ``python -m bench detectors``.

How well each of them hears is in benches of their own: dtmf, tones, signals, voice.
"""

import time
from collections import Counter

import numpy as np
import soundfile

from dsp.ears import Ears
from dsp.kinds import DETECTABLE, DETECTED, RECORDED
from dsp.tone_stream import render
from dsp.tones import dtmf
from dsp.types import RATE
from tests.support.speech import PROMPTS

CALLS = 1000
ROUNDS = 9


def _sounds():
    prompt, _ = soundfile.read("mediasock/prompts/welcome.flac", dtype="int16")
    return {
        "silence": np.zeros(8000, np.int16),
        "speech": prompt[8000:24000],
        "busy tone": render("%(500,500,480,620);loops=2"),
        "a digit every 2 s": dtmf("15", on_ms=100, off_ms=1900),
        "5 digits a second": dtmf("159#", on_ms=100, off_ms=100),
    }


def _tick(detect, sound):
    """CPU milliseconds of 20 ms of `sound` on every call: the least of some rounds."""
    ears = Ears(CALLS, detect=detect)
    blocks = [np.tile(sound[i : i + 160], (CALLS, 1)) for i in range(0, len(sound) - 159, 160)]
    rounds = []
    for _ in range(ROUNDS + 1):
        began = time.process_time()
        for block in blocks:
            ears.process(block)
        rounds.append((time.process_time() - began) / len(blocks) * 1000)
    return min(rounds[1:])


def _costs():
    sounds = _sounds()
    yield f"| CPU ms of a 20 ms tick, {CALLS:,} calls | {' | '.join(sounds)} |"
    yield "| --- " * (len(sounds) + 1) + "|"
    for detect in (DETECTED, RECORDED, *((name,) for name in DETECTABLE)):
        ticks = (f"{_tick(detect, sound):.2f}" for sound in sounds.values())
        yield f"| {', '.join(detect)} | {' | '.join(ticks)} |"


def _imagined():
    """What all ears but that for voice imagine in the prompts of asterisk-core-sounds-en-wav."""
    files = [file for file in sorted(PROMPTS.rglob("*.wav")) if file.name != "beep.wav"]
    sounds = [soundfile.read(file, dtype="int16")[0] for file in files]
    minutes = sum(map(len, sounds)) / RATE / 60
    yield f"| imagined in {minutes:.0f} minutes of Asterisk's English prompts | |"
    yield "| --- | --- |"
    speech = {"voice", "silence", "amd", "r1", "r2-forward", "r2-backward"}
    ears = Ears(1, detect=[name for name in DETECTABLE if name not in speech])
    for gain in (-20, 0, 12):
        found: Counter[str] = Counter()
        for sound in sounds:
            louder = np.clip(np.rint(sound * 10.0 ** (gain / 20)), -32768, 32767)
            heard = [*ears.process(louder.astype(np.int16)[None]), *ears.finish()]
            found.update(f"{one.kind} {one.value}" for one in heard if one.ended)
        yield f"| at {gain:+d} dB | {', '.join(f'{n} {what}' for what, n in found.items()) or 0} |"


def run() -> str:
    """Return the tables, as Markdown."""
    return "\n".join([*_costs(), "", *_imagined()])
