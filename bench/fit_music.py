"""Fit the network of dsp/music.py: ``python -m bench.fit_music FOLDER``, as bench.fit_voice."""

import sys
from pathlib import Path

import numba
import numpy as np

from bench.fit_voice import fit, sources, write
from bench.scenes import FULL, coded, music, noise, talk, tones
from dsp import music_kernel, voice_kernel
from dsp.framing import UNIT
from dsp.level import powers
from dsp.types import RATE
from dsp.voice import FLOOR, front, network

SCENES = 250
NOISES = ("none", "white", "coloured", "street", "hum", "babble", "clicks")


@numba.njit
def _extract(heard, states, tables, out):
    (sound, power), (facts, s), (front_, work, speech, floor) = heard, states, tables
    for unit in range(len(out)):
        voice_kernel.sense(facts, (sound, power), unit, floor, (front_, work))
        music_kernel.gather(s, facts, voice_kernel.score(facts, speech))
        for j in range(out.shape[1]):
            out[unit, j] = s.inputs[j]


def features(sound: np.ndarray) -> np.ndarray:
    """What the network is given after each unit."""
    states = tuple(np.zeros(1, dtype=kind)[0] for kind in (voice_kernel.FACTS, music_kernel.STATE))
    out = np.zeros((len(sound) // UNIT, music_kernel.INPUTS), dtype=np.float32)
    tables = front(), np.zeros(1, dtype=voice_kernel.WORK)[0], network(), np.float32(FLOOR)
    _extract((sound, powers(sound[None])[0]), states, tables, out)
    return out


def passages(given: tuple, rng: np.random.Generator, count: int = 6):
    """Music, speech, noise and tones, one after another; and which units are music."""
    parts, playing = [], []
    for _ in range(count):
        samples = int(rng.integers(5, 15)) * RATE
        kind = rng.choice(["music", "talk", "noise", "tones"], p=[0.45, 0.35, 0.1, 0.1])
        hiss = noise(str(rng.choice(NOISES)), given, samples, rng)
        hiss = hiss * 10 ** (-rng.uniform(10, 40) / 20)
        match kind:
            case "music":
                sound = music(given[1], samples, rng) + hiss
            case "talk":
                sound = talk(given[0], samples, rng) + hiss
            case "noise":
                sound = noise(str(rng.choice(NOISES)), given, samples, rng)
            case _:
                sound = tones(samples, rng) + hiss
        parts.append(sound * FULL * 10 ** (min(0, rng.uniform(-40, 0)) / 20))
        playing.append(np.full(samples // UNIT, kind == "music"))
    return coded(np.concatenate(parts), rng), np.concatenate(playing)


def main(folder: Path) -> None:
    given = sources(folder)
    inputs, wanted = [], []
    late = music_kernel.MEMORY // 2
    for number in range(SCENES):
        sound, playing = passages(given, np.random.default_rng((2, number)))
        inputs.append(features(sound)[late:])
        wanted.append(playing[:-late])
    weights = fit(
        np.concatenate(inputs), np.concatenate(wanted).astype(np.float32), music_kernel.HIDDEN
    )
    write("music.json", weights)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
