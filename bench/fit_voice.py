"""Fit the network of dsp/voice.py: ``python -m bench.fit_voice FOLDER``.

FOLDER holds recordings of speech and music that `python -m bench voice` does not test with: what
Debian's asterisk-core-sounds-fr-wav, -ru-wav and -it-wav, asterisk-prompt-es-co and
asterisk-prompt-fr-armelle have under usr/share/asterisk/sounds, and the three pieces by Macroform
of asterisk-moh-opsound-wav. Ten of espeak-ng's voices are added, and data of libspandsp's modems.
"""

import json
import sys
from pathlib import Path

import numba
import numpy as np

from bench.scenes import anything
from dsp import voice_kernel
from dsp.framing import UNIT
from dsp.level import powers
from dsp.voice import FLOOR, front
from tests.support.speech import recorded, spoken

VOICES = ("fr_CA_f_June", "ru_RU_f_IvrvoiceRU", "it_IT_m_Carlo", "es", "fr")
SPOKEN = (
    *(("en+m1", 150, 30), ("en-us+f2", 170, 60), ("de+m3", 160, 45), ("fr+f3", 150, 70)),
    *(("es+m7", 180, 20), ("it+f1", 140, 50), ("en-gb+m5", 200, 40), ("pl+f4", 160, 55)),
    *(("ru", 150, 50), ("nl+m2", 165, 35)),
)
SAYINGS = (
    "The quick brown fox jumps over the lazy dog while seven wizards watch.",
    "Please hold the line, your call is important to us.",
    "Yes.",
    "No, thank you.",
    "Hello?",
    "Well, I told him that he should come on Thursday, but he never did.",
    "My number is four nine three, zero one seven, eight eight six two.",
    "Can I speak with the manager, please? It is about the invoice of last month.",
    "Twenty five percent of all shipments are late, which is why we changed the carrier.",
)
SCENES, EPOCHS, BATCH = 2400, 10, 512


def sayings(folder: Path) -> list[np.ndarray]:
    """Recordings of a folder that are speech: no tones, no silence."""
    found = recorded(folder)
    speech = [one for name, one in found if not any(w in name for w in ("tone", "beep", "silen"))]
    return [one for one in speech if len(one) > 2000 and np.abs(one).max() > 500]


@numba.njit
def _extract(heard, facts, tables, out):
    (sound, power), (front_, work, floor) = heard, tables
    for unit in range(len(out)):
        voice_kernel.sense(facts, (sound, power), unit, floor, (front_, work))
        for j in range(out.shape[1]):
            out[unit, j] = facts.inputs[j]


def features(sound: np.ndarray) -> np.ndarray:
    """What the network is given for each unit but the last ones."""
    facts = np.zeros(1, dtype=voice_kernel.FACTS)[0]
    out = np.zeros((len(sound) // UNIT, voice_kernel.INPUTS), dtype=np.float32)
    tables = front(), np.zeros(1, dtype=voice_kernel.WORK)[0], np.float32(FLOOR)
    _extract((sound, powers(sound[None])[0]), facts, tables, out)
    return out[voice_kernel.AHEAD :]


def material(sources: tuple, scenes: int) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels of scenes of any kind."""
    inputs, speech = [], []
    for number in range(scenes):
        sound, label = anything(sources, np.random.default_rng((1, number)))
        inputs.append(features(sound))
        speech.append(label[: len(inputs[-1])])
    return np.concatenate(inputs), np.concatenate(speech).astype(np.float32)


def fit(inputs: np.ndarray, wanted: np.ndarray, hidden: int) -> list[np.ndarray]:
    """Weights of least cross entropy, by Adam; they take the features as they are."""
    rng = np.random.default_rng(0)
    middle, spread = inputs.mean(0), inputs.std(0) + 1e-3
    normal = ((inputs - middle) / spread).astype(np.float32)
    size = normal.shape[1]
    weights = [
        rng.normal(size=(size, hidden)) * np.sqrt(2 / size),
        np.zeros(hidden),
        rng.normal(size=hidden) * 0.3,
        np.zeros(1),
    ]
    weights = [one.astype(np.float32) for one in weights]
    mean, square = [0 * one for one in weights], [0 * one for one in weights]
    steps = EPOCHS * (len(normal) // BATCH)
    for step in range(steps):
        if step % (len(normal) // BATCH) == 0:
            order = rng.permutation(len(normal))
        some = order[step % (len(normal) // BATCH) * BATCH :][:BATCH]
        given = normal[some]
        reached = np.maximum(given @ weights[0] + weights[1], 0)
        error = 1 / (1 + np.exp(-(reached @ weights[2] + weights[3]))) - wanted[some]
        error = (error / BATCH).astype(np.float32)
        behind = np.outer(error, weights[2]) * (reached > 0)
        slopes = [given.T @ behind, behind.sum(0), reached.T @ error, error.sum(keepdims=True)]
        rate = 2e-3 * (1 - step / steps)
        for k, slope in enumerate(slopes):
            mean[k] = 0.9 * mean[k] + 0.1 * slope
            square[k] = 0.999 * square[k] + 0.001 * slope**2
            first, second = 1 - 0.9 ** (step + 1), 1 - 0.999 ** (step + 1)
            weights[k] = weights[k] - rate * (mean[k] / first) / (
                np.sqrt(square[k] / second) + 1e-8
            )
    weights[1] = weights[1] - (middle / spread) @ weights[0]
    weights[0] = weights[0] / spread[:, None]
    return weights


def sources(folder: Path) -> tuple[list, list]:
    """Voices, each a list of recordings, and pieces of music."""
    voices = [sayings(folder / "sounds" / name) for name in VOICES]
    voices.append([spoken(text, *voice) for voice in SPOKEN for text in SAYINGS])
    music = [one for name, one in recorded(folder / "moh") if name.startswith("macroform")]
    return voices, music


def write(name: str, weights: list[np.ndarray]) -> None:
    """Write weights for :func:`dsp.voice.read_network`, to four digits."""

    def short(values):
        return [float(f"{value:.4g}") for value in values]

    first, bias, second, offset = weights
    rows = ",\n  ".join(json.dumps(short(row)) for row in first.T)
    Path("dsp", name).write_text(
        f'{{"first": [\n  {rows}\n],\n"bias": {json.dumps(short(bias))},\n'
        f'"second": {json.dumps(short(second))},\n"offset": {offset[0]:.4g}}}\n'
    )


def main(folder: Path) -> None:
    write("voice.json", fit(*material(sources(folder), SCENES), voice_kernel.HIDDEN))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
