"""What modems' receivers take for their own that is not: speech, tones, digits, other modems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.modem_ends import MODES, PEER, Mode, name, sent
from dsp.modem.types import Receives
from dsp.signals import FAX, fax
from dsp.tones import dtmf
from dsp.types import RATE, Samples, whole
from tests.support.speech import PROMPTS, recorded

FIXTURES = Path(__file__).parents[1] / "fixtures" / "speech"

Sounds = list[tuple[str, Samples]]


def speech() -> Sounds:
    """Asterisk's prompts, where they are installed, and recordings of the fixtures."""
    folders = [one for one in (PROMPTS, FIXTURES) if one.is_dir()]
    return [(title, whole(sound)) for folder in folders for title, sound in recorded(folder)]


def tones() -> Sounds:
    """What fax machines and modems send as tones, with any level, and V.21's flags."""
    return [(value, fax(value, 4.0, level=level)) for value in FAX for level in (-30, -13, -3)]


def digits() -> Sounds:
    rng = np.random.default_rng(0)
    keys = [str(one) for one in rng.choice(list("0123456789*#ABCD"), 200)]
    return [("digits", dtmf("".join(keys), level=level)) for level in (-30.0, -13.0, -3.0)]


def others(mode: Mode) -> Sounds:
    """Bursts of the modems that are not this one, at any rate."""
    return [(name(one), sent(PEER, one, 2 * one[1])[1]) for one in MODES if one[0] != mode[0]]


def _own(mode: Mode, value: str) -> bool:
    return mode[0] == "v21" and value == "preamble"


def reports(mode: Mode, hearing: Receives, sounds: Sounds) -> Iterator[tuple[str, str]]:
    """What is reported, and of which sound, when they come one after another with 0.3 s between."""
    pause = np.zeros(round(0.3 * RATE), dtype=np.int16)
    for title, sound in sounds:
        if _own(mode, title):
            continue
        for block in (sound, pause):
            hearing.process(block)
            for one in hearing.reports():
                yield one.what, title


def kinds(mode: Mode) -> dict[str, Sounds]:
    return {"speech": speech(), "tones": tones(), "digits": digits(), "other modems": others(mode)}
