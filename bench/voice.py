"""How well speech, beeps, music and who answers are told: ``python -m bench voice``.

With what it is tested no network was fitted: Debian's asterisk-core-sounds-en-wav (one woman), five
of espeak-ng's voices, and, where VOICE_MATERIAL names a folder with what bench.fit_voice says,
it_IT_f_Menardi of asterisk-core-sounds-it-wav and the two other pieces of music.
CALLS names a folder whose folder fax has recordings of fax calls, by default the fixtures.
WEBRTC_PYTHON names a Python that has webrtcvad; without it, it is left out.
"""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from bench.fit_voice import features, sayings
from bench.scenes import FULL, coded, noisy
from dsp import amd, beep, music, voice
from dsp.framing import UNIT
from dsp.types import RATE
from dsp.voice import FLOOR, network
from tests.support.signals import line, noise, silence, tone
from tests.support.spandsp_modems import LEVEL, MODEMS, data
from tests.support.speech import (
    GREETINGS,
    PROMPTS,
    at_level,
    coloured,
    recorded,
    spoken,
    unit_powers,
)

MATERIAL = Path(os.environ.get("VOICE_MATERIAL", "/nowhere"))
CALLS = Path(os.environ.get("CALLS", "fixtures"))
WEBRTC = os.environ.get("WEBRTC_PYTHON")
SPOKEN = (
    *(("en-gb+m6", 150, 40), ("en-us+f5", 175, 65), ("sv+m4", 160, 30)),
    *(("pt+f2", 160, 60), ("cs+m8", 150, 25)),
)
NOISES = ("white", "coloured", "street", "hum", "babble", "music")
SNRS = (20, 10, 5, 0)
SCENES = 12

_ASK_WEBRTC = """
import sys, numpy, webrtcvad
scenes = numpy.load(sys.argv[1])
said = []
for mode in range(4):
    for scene in scenes:
        vad = webrtcvad.Vad(mode)
        units = scene.reshape(-1, 160)
        said.append([vad.is_speech(unit.tobytes(), 8000) for unit in units])
numpy.save(sys.argv[2], numpy.array(said).reshape(4, len(scenes), -1))
"""


def _sources() -> tuple[list, list]:
    voices = [sayings(PROMPTS), [spoken(text, *one) for one in SPOKEN for text in GREETINGS]]
    if (folder := MATERIAL / "sounds/it_IT_f_Menardi").is_dir():
        voices.append(sayings(folder))
    pieces = [x for name, x in recorded(MATERIAL / "moh") if not name.startswith("macroform")]
    return voices, pieces


def _scores(sound: np.ndarray) -> np.ndarray:
    """What the network says of each unit; the last ones are not judged."""
    inputs, weights = features(sound), network()
    reached = (
        np.maximum(inputs @ weights["first"][:, : inputs.shape[1]].T + weights["bias"], 0)
        @ weights["second"]
    )
    missing = np.full(len(sound) // UNIT - len(reached), -np.inf)
    return np.concatenate([reached + weights["offset"], missing])


def _told(sound: np.ndarray) -> np.ndarray:
    """Which units the detector says are speech."""
    detector = voice.Detector(1)
    said = np.zeros(len(sound) // UNIT, dtype=bool)
    for one in [*detector.process(sound[None]), *detector.finish()]:
        if one.ended:
            said[one.start // UNIT : one.end // UNIT] = True
    return said


def _equal_error(scores: np.ndarray, speech: np.ndarray) -> float:
    order = np.argsort(-scores)
    missed = 1 - np.cumsum(speech[order]) / speech.sum()
    false = np.cumsum(~speech[order]) / (~speech).sum()
    at = np.argmin(np.abs(missed - false))
    return float(missed[at] + false[at]) / 2


def _missed_at(false: float, scores: np.ndarray, speech: np.ndarray) -> float:
    """Share of speech that is missed with a threshold of so many false alarms."""
    least = np.quantile(scores[~speech], 1 - false)
    return float((scores[speech] <= least).mean())


def _webrtc(scenes: np.ndarray) -> np.ndarray | None:
    """What webrtcvad says of each unit in its four modes: ``(4, scenes, units)``."""
    if not WEBRTC:
        return None
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "scenes.npy"), Path(folder, "said.npy")
        np.save(given, scenes)
        subprocess.run([WEBRTC, "-c", _ASK_WEBRTC, given, answer], check=True)
        return np.load(answer).astype(bool)


def _pair(said: np.ndarray, speech: np.ndarray) -> tuple[float, float]:
    return float((~said[speech]).mean()), float(said[~speech].mean())


def _speech() -> list[str]:
    given = _sources()
    conditions = [("none", 60), *((kind, snr) for kind in NOISES for snr in SNRS)]
    sounds, truths = [], []
    for kind, snr in conditions:
        for number in range(SCENES):
            rng = np.random.default_rng((3, number))
            sound, speech = noisy(given, rng, kind, snr, (-10, -20, -30)[number % 3])
            sounds.append(sound)
            truths.append(speech)
    sound, speech = np.stack(sounds), np.stack(truths)
    told = np.stack([_told(one) for one in sound])
    scores = np.stack([_scores(one) for one in sound])
    theirs = _webrtc(sound)
    head = "| noise, SNR | equal error | events: missed / false |"
    rule = "| --- | --- | --- |"
    if theirs is not None:
        head += "".join(f" webrtcvad {mode}: missed / false → ours |" for mode in range(4))
        rule += " --- |" * 4
    lines = [head, rule]
    every = [(f"{kind}, {snr} dB", [at]) for at, (kind, snr) in enumerate(conditions)]
    for name, places in [*every, ("all", list(range(len(conditions))))]:
        some = np.concatenate([np.arange(at * SCENES, (at + 1) * SCENES) for at in places])
        truth, points = speech[some].ravel(), scores[some].ravel()
        missed, false = _pair(told[some].ravel(), truth)
        row = f"| {name} | {100 * _equal_error(points, truth):.1f} % | "
        row += f"{100 * missed:.1f} / {100 * false:.1f} % |"
        for said in theirs if theirs is not None else ():
            missed, false = _pair(said[some].ravel(), truth)
            ours = _missed_at(false, points, truth)
            row += f" {100 * missed:.1f} / {100 * false:.1f} → {100 * ours:.1f} % |"
        lines.append(row)
    return lines


def _data() -> list[tuple[str, str]]:
    rows = []
    told = sent = 0.0
    for modem in MODEMS:
        for number, level in enumerate((0, -14, -26)):
            for snr in (None, 30, 15):
                rng = np.random.default_rng(number)
                sound = data(*modem, 4.0, seed=7) * 10 ** (level / 20)
                sound = np.concatenate([silence(0.5), sound, silence(0.5)])
                if snr:
                    hiss = 10 ** ((LEVEL + level - snr) / 20) * FULL
                    sound = sound + rng.normal(size=len(sound)) * hiss
                told += _told(coded(sound, rng)).sum() * UNIT / RATE
                sent += 4.0
    rows.append(
        ("libspandsp's data, 13 modems and rates, −40 to −14 dBm0, told as speech", told, sent)
    )
    told = sent = 0.0
    for path in sorted((CALLS / "fax").glob("*.flac")):
        for side in soundfile.read(path, dtype="int16", always_2d=True)[0].T:
            told += _told(side).sum() * UNIT / RATE
            sent += (unit_powers(side.astype(float)) > FLOOR).sum() * UNIT / RATE
    rows.append(("fax calls, both sides, but for silence, told as speech", told, sent))
    told = sent = 0.0
    for number in range(72):
        rng = np.random.default_rng((8, number))
        seconds, level = (0.3, 1.0, 3.0)[number % 3], (-10, -25, -40)[number // 3 % 3]
        burst = coloured(round(seconds * RATE), number % 2, rng) * FULL * 10 ** (level / 20)
        told += (
            _told(coded(np.concatenate([silence(1), burst, silence(1)]), rng)).sum() * UNIT / RATE
        )
        sent += seconds
    rows.append(("bursts of white and pink noise, −40 to −10 dBm0, told as speech", told, sent))
    return [(name, f"{told:.1f} of {sent:.0f} s") for name, told, sent in rows]


def _beeps() -> list[tuple[str, str]]:
    rows = []
    rng = np.random.default_rng(5)
    for name, snr in (("clean", None), ("20 dB SNR", 20), ("10 dB SNR", 10)):
        found = count = 0
        for hz in (400, 440, 600, 850, 1000, 1400, 2000):
            for seconds in (0.1, 0.2, 0.5, 1.5):
                if hz < 495 and not 0.15 <= seconds <= 0.5:
                    continue
                for level in (-35, -20, 0):
                    said = at_level(spoken(GREETINGS[1]), level)
                    sound = np.concatenate(
                        [
                            said,
                            silence(rng.uniform(0.3, 0.5)),
                            tone(seconds, (hz, level)),
                            silence(1),
                        ]
                    )
                    if snr:
                        sound = sound + noise(len(sound) / RATE, level - snr, count)[: len(sound)]
                    detector = beep.Detector(1)
                    values = [
                        abs(int(one.value) - hz) <= 5
                        for one in [*detector.process(line(sound)), *detector.finish()]
                    ]
                    found += values == [True]
                    count += 1
        rows.append(
            (
                f"beeps told, 400 to 2,000 Hz, −35 to 0 dBm0, 0.1 to 1.5 s, {name}",
                f"{found} of {count}",
            )
        )
    return rows


def _imagined() -> list[tuple[str, str]]:
    rows = []
    folders = [("Asterisk's English prompts", PROMPTS)]
    folders += [
        (f"{one.name}", one)
        for one in (MATERIAL / "sounds/it_IT_f_Menardi", MATERIAL / "moh")
        if one.is_dir()
    ]
    for name, folder in folders:
        sounds = [(n, np.concatenate([x, silence(0.5)])) for n, x in recorded(folder)]
        minutes = sum(len(x) for _, x in sounds) / RATE / 60
        beeps = []
        for file, sound in sounds:
            detector = beep.Detector(1)
            heard = [*detector.process(line(sound)), *detector.finish()]
            beeps += [file for _ in heard]
        rows.append((f"beeps in {minutes:.0f} minutes of {name}", ", ".join(beeps) or "0"))
        played = total = 0
        for file, sound in (
            [("all", np.concatenate([x for _, x in sounds]))]
            if "moh" not in str(folder)
            else sounds
        ):
            if file.startswith("macroform"):
                continue
            detector = music.Detector(1)
            heard = [*detector.process(line(sound)), *detector.finish()]
            played += sum(one.end - one.start for one in heard if one.ended)
            total += len(sound)
        rows.append(
            (
                f"… of it told as music, of {total / RATE / 60:.0f} minutes",
                f"{100 * played / total:.1f} %",
            )
        )
    return rows


def _answers() -> list[tuple[str, str]]:
    people = ("Hello?", "Yes?", "Yes, hello.", "Smith.", "Hello, Anna speaking.")
    machines = (
        GREETINGS[2],
        GREETINGS[3],
        "We are not at home right now. Leave a message after the beep.",
    )
    rows = []
    for name, texts, wanted in (("people", people, "human"), ("machines", machines, "machine")):
        right = count = 0
        for voice_ in SPOKEN:
            for text in texts:
                for snr in (40, 20):
                    said = at_level(spoken(text, *voice_), -18)
                    sound = np.concatenate([silence(0.6), said, silence(3)])
                    sound = sound + noise(len(sound) / RATE, -18 - snr, count)[: len(sound)]
                    heard = amd.Detector(1).process(line(sound))
                    right += [one.value.partition(":")[0] for one in heard] == [wanted]
                    count += 1
        rows.append((f"{name} told by their greeting, espeak-ng's", f"{right} of {count}"))
    return rows


def _tick(make, sound: np.ndarray, calls: int = 1000) -> str:
    """CPU milliseconds of 20 ms of `sound` on every call, the least of 5 rounds."""
    detector = make(calls)
    blocks = [np.tile(sound[i : i + 160], (calls, 1)) for i in range(0, len(sound) - 159, 160)]
    rounds = []
    for _ in range(6):
        began = time.process_time()
        for block in blocks:
            detector.process(block)
        rounds.append((time.process_time() - began) / len(blocks) * 1000)
    return f"{min(rounds[1:]):.2f} ms"


def _cost() -> list[tuple[str, str]]:
    said = np.rint(at_level(spoken(GREETINGS[2]), -20))[:16000].astype(np.int16)
    rows = []
    for name, make in (
        ("speech", voice.Detector),
        ("beeps", beep.Detector),
        ("who answers", amd.Detector),
        ("music", music.Detector),
    ):
        for sound, samples in (("speech", said), ("silence", said * 0)):
            rows.append(
                (f"CPU of a tick of 1,000 calls, {name}, {sound} on all", _tick(make, samples))
            )
    return rows


def run() -> str:
    """Return the tables, as Markdown."""
    rows = [*_data(), *_beeps(), *_imagined(), *_answers(), *_cost()]
    table = ["| what | measured |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in rows)]
    return "\n".join([*_speech(), "", *table])
