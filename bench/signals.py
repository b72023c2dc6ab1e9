"""MF, fax and modem tones, ours beside libspandsp's: ``python -m bench signals``."""

import itertools
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from dsp import mf, preamble, textphone
from dsp.cadence import Decisions as Tones
from dsp.hearing import Ear, Hearing
from dsp.line import Noise
from dsp.plan import FAX, load
from dsp.signals import fax, fsk
from dsp.types import RATE, Samples, amplitude
from tests.support import spandsp_signals as peer
from tests.support.speech import notes

SPEECH = Path("/usr/share/asterisk/sounds/en")
REPEATS = 20
BELL, R2 = ("r1",), ("r2-forward", "r2-backward")

LIMITS = {"r1": (10.0, 1.5), "r2-forward": (10.0, 0.0), "r2-backward": (10.0, 0.0)}
"""Hz and percent that tones may be off by Q.323 and Q.455."""

ANSWERING = {
    "ced": peer.CED,
    "ced/": peer.CED_REVERSED,
    "ansam": peer.ANSAM,
    "ansam/": peer.ANSAM_REVERSED,
}
LISTENING = {
    "cng": peer.CNG,
    **dict.fromkeys(ANSWERING, peer.CED),
    "bell-answer": peer.BELL,
    "calling-tone": peer.CALLING,
    "preamble": peer.PREAMBLE,
}
"""What libspandsp is told to listen for."""


def _line(sound, noise_level=None, seed=0) -> Samples:
    """Samples, with white noise up to 4 kHz of a level in dBm0 where one is given."""
    if noise_level is not None:
        sound = Noise(noise_level).start(np.random.default_rng(seed))(sound.astype(float))
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def _ended(hearing: Hearing, line: Samples) -> list[str]:
    found = [*hearing.process(line[None]), *hearing.finish()]
    return [one.value for one in found if one.ended]


def _share(right: int, total: int) -> str:
    return f"{100 * right / total:.1f} %"


def _signal(system, name, rng, *, ms=None, level=None, twist=0.0, off=False, hole=0.0):
    """One MF signal, its louder tone of `level`, both tones off as far as they may."""
    most = LIMITS[system.name]
    normal = system.longer[1].get(name, system.sent["ms"])
    short = 55 if name == "KP" else 30
    at = np.arange(round((short if ms == "least" else ms or normal) * RATE / 1000)) / RATE
    loud = (system.sent["level"] if level is None else level) - max(twist, 0.0)
    sound = np.zeros(len(at))
    for hz, db in zip(system.signals[name], (loud, loud + twist), strict=True):
        by = rng.choice([-1, 1]) * (most[0] + most[1] / 100 * hz) * off
        sound += amplitude(db) * np.sin(2 * np.pi * ((hz + by) * at + rng.random()))
    middle = len(sound) // 2
    sound[middle : middle + round(hole * RATE / 1000)] = 0.0
    return sound


def _peer_mf(name: str, line: Samples) -> list[str]:
    if name == "r1":
        return peer.heard_bell_mf(line)
    return [value for value, _ in peer.heard_r2_mf(line, name == "r2-forward") if value]


def _mf(names: Sequence[str], *, snr=None, pause=None, **how) -> tuple[str, str]:
    """Share of the signals that are heard, once and right, by us and by libspandsp."""
    ours = theirs = total = 0
    for name in names:
        system = mf.load(name)
        ears = Hearing(1, [mf.Decisions(1, name)])
        for seed, signal in itertools.product(range(REPEATS), system.signals):
            rng = np.random.default_rng(seed)
            parts = [np.zeros(400 + rng.integers(160)), _signal(system, signal, rng, **how)]
            if pause is not None:
                parts += [np.zeros(pause * RATE // 1000), _signal(system, signal, rng, **how)]
            sound = np.concatenate([*parts, np.zeros(1200)])
            noise = None if snr is None else system.sent["level"] + 10 * math.log10(2) - snr
            line = _line(sound, noise, seed)
            wanted = [signal] * (1 if pause is None else 2)
            ours += _ended(ears, line) == wanted
            theirs += _peer_mf(name, line) == wanted
            total += 1
    return _share(ours, total), _share(theirs, total)


def _operating(names: Sequence[str]) -> tuple[str, str]:
    """Mean and most ms to tell an R2 signal and its end, the sum, in frames of 20 and of 5 ms."""
    ours, theirs = [], []
    for name in names:
        system = mf.load(name)
        for signal, late in itertools.product(system.signals, range(0, 160, 20)):
            rng = np.random.default_rng(late)
            sound = _signal(system, signal, rng)
            line = _line(np.concatenate([np.zeros(800 + late), sound, np.zeros(1600)]))
            ears, told = Hearing(1, [mf.Decisions(1, name)]), []
            for at in range(0, len(line) - 159, 160):
                told += [at + 160 for _ in ears.process(line[None, at : at + 160])]
            length = 1600 + 2 * late + len(sound)
            ours.append((sum(told) - length) / RATE * 1000)
            heard = peer.heard_r2_mf(line, name == "r2-forward")
            theirs.append((sum(at for _, at in heard) - length) / RATE * 1000)
    return tuple(f"{np.mean(times):.0f}, {max(times):.0f} ms" for times in (ours, theirs))


def _mf_rows(names: Sequence[str], title: str) -> list[tuple[str, str, str]]:
    least, most, below = (-25, 0, -35) if names is BELL else (-35, -5, -42)
    twist, short = (6, 10) if names is BELL else (7, 7)
    tests: list[tuple[str, dict[str, object]]] = [
        ("as it is sent", {}),
        (f"{least} dBm0 a tone", {"level": least}),
        (f"{most} dBm0 a tone", {"level": most}),
        ("both tones off as far as allowed", {"off": True}),
        (f"higher tone {twist} dB louder", {"twist": twist}),
        (f"lower tone {twist} dB louder", {"twist": -twist}),
        ("30 ms, KP 55 ms", {"ms": "least"}),
        ("all three of these", {"ms": "least", "off": True, "twist": twist}),
        (f"a gap of {short} ms in it", {"hole": short}),
        ("the same one again after 25 ms", {"pause": 25}),
        ("white noise 15 dB below", {"snr": 15}),
        ("white noise 10 dB below", {"snr": 10}),
        (f"to be refused: {below} dBm0", {"level": below}),
        (f"to be refused: {short} ms", {"ms": short}),
        ("to be refused: one tone 20 dB louder", {"twist": 20}),
    ]
    rows = [(f"{title}: {name}", *_mf(names, **how)) for name, how in tests]
    if names is R2:
        rows.append((f"{title}: told and over, together: mean, most", *_operating(names)))
    return rows


def _tones() -> Callable[[Samples], list[str]]:
    """Hear fax tones, the preamble and text telephones."""
    ears = Hearing(1, [Tones(1, load([FAX])), preamble.Decisions(1), textphone.Decisions(1)])
    return lambda line: _ended(ears, line)


def _span(values: Sequence[int], is_heard: Callable[[int], bool], unit: str) -> str:
    heard = [value for value in values if is_heard(value)]
    if not heard:
        return "none"
    whole = len(heard) == (heard[-1] - heard[0]) // (values[1] - values[0]) + 1
    return f"{heard[0]:,} to {heard[-1]:,} {unit}" + ("" if whole else ", with gaps")


def _range(name: str, hz: int) -> tuple[str, str, str]:
    """Frequencies at which a tone is heard, at −15 dBm0."""
    ears = _tones()

    def line(hz: int) -> Samples:
        at = np.arange((4000 if name == "cng" else 24000) + 32000) / RATE
        loud = at < (0.5 if name == "cng" else 3.0)
        burst = amplitude(-15.0) * np.sin(2 * np.pi * hz * at) * loud
        return _line(np.concatenate([np.zeros(4000), burst]))

    some = range(hz - 100, hz + 101)
    kind = LISTENING[name]
    return (
        f"{name}: frequencies",
        _span(some, lambda one: ears(line(one)) == [name], "Hz"),
        _span(some, lambda one: bool(peer.heard_modem_tones(kind, line(one))), "Hz"),
    )


def _told(name: str, **condition) -> tuple[str, str]:
    """Share of 20 that are told as what they are, and nothing else."""
    ears, ours, theirs = _tones(), 0, 0
    wanted = ANSWERING.get(name, LISTENING[name])
    for seed in range(20):
        late = np.random.default_rng(seed).integers(400)
        sound = fax(name, 1.0 if name == "preamble" else 5.0, level=condition.get("level", -15))
        noise = -15 - condition["snr"] if "snr" in condition else None
        line = _line(np.concatenate([np.zeros(2400 + late), sound, np.zeros(4000)]), noise, seed)
        ours += ears(line) == [name]
        theirs += set(peer.heard_modem_tones(LISTENING[name], line)) == {wanted}
    return _share(ours, 20), _share(theirs, 20)


def _tone_rows() -> list[tuple[str, str, str]]:
    rows = [_range("cng", 1100), _range("ced", 2100), _range("bell-answer", 2225)]
    for name in LISTENING:
        soft, noisy = _told(name, level=-43), _told(name, snr=10)
        both = (f"{quiet}, {loud}" for quiet, loud in zip(soft, noisy, strict=True))
        rows.append((f"{name}: told at −43 dBm0, in white noise 10 dB below it", *both))
    return rows


def _typed(mode: str, level: float, snr: float | None) -> str:
    """Share of 20 conversations of eight characters that are told."""
    mark, space = (980.0, 1180.0) if mode == "edt" else (1400.0, 1800.0)
    rate = {"baudot-45": 45.45, "baudot-50": 50.0, "edt": 110.0}[mode]
    ears, right = _tones(), 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        bits = [1] * 8
        for _ in range(8):
            letter = rng.integers(0, 2, 7 if mode == "edt" else 5).tolist()
            bits += [0, *letter, *([sum(letter) % 2] if mode == "edt" else []), 1, 1]
        sound = fsk([*bits, *[1] * 8], mark=mark, space=space, rate=rate, level=level)
        line = np.concatenate([np.zeros(2400 + rng.integers(400)), sound, np.zeros(4000)])
        right += ears(_line(line, None if snr is None else level - snr, seed)) == [mode]
    return _share(right, 20)


def _text_rows() -> list[tuple[str, str, str]]:
    return [
        (
            f"text telephone {mode}: told at −43 dBm0, in white noise 10 dB below it",
            f"{_typed(mode, -43.0, None)}, {_typed(mode, -15.0, 10.0)}",
            "",
        )
        for mode in textphone.MODES
    ]


def tune(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """One voice of notes with few harmonics or none, which is what tones are taken for."""
    rich, beat, root = rng.uniform(0, 0.5), 60 / rng.uniform(60, 180), rng.uniform(200, 900)
    parts, samples = [], 0
    while samples < seconds * RATE:
        at = np.arange(round(beat * rng.choice([0.5, 1, 1, 2, 4]) * RATE)) / RATE
        hz = root * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19]) / 12)
        vibrato = rng.uniform(0, 0.006) * np.sin(2 * np.pi * rng.uniform(4, 7) * at)
        phase = 2 * np.pi * np.cumsum(hz * (1 + vibrato)) / RATE
        note = sum(rich**n * np.sin((n + 1) * phase) for n in range(6) if hz * (n + 1) < 3800)
        note *= np.minimum(1, at / 0.01) * np.minimum(1, (at[-1] - at) / 0.02)
        parts.append(note * np.exp(-at * rng.uniform(0, 3)))
        if rng.random() < 0.2:
            parts.append(np.zeros(round(beat * RATE)))
        samples = sum(map(len, parts))
    sound = np.concatenate(parts)[: round(seconds * RATE)]
    return sound / sound.std()


def _imagined(lines: Sequence[Samples]) -> tuple[str, str]:
    """What is told where nothing is: fax tones and their like, MF of R1, of R2."""
    tones, listeners = _tones(), sorted(set(LISTENING.values()))
    ears = {name: Hearing(1, [mf.Decisions(1, name)]) for name in mf.SYSTEMS}
    ours, theirs = [0, 0, 0], [0, 0, 0]
    for line in lines:
        ours[0] += len(tones(line))
        theirs[0] += sum(bool(peer.heard_modem_tones(kind, line)) for kind in listeners)
        for name in mf.SYSTEMS:
            group = 1 if name == "r1" else 2
            ours[group] += len(_ended(ears[name], line))
            theirs[group] += len(_peer_mf(name, line))
    return tuple("; ".join(map(str, counts)) for counts in (ours, theirs))


def _talk_off() -> list[tuple[str, str, str]]:
    rows = []
    sounds = [soundfile.read(file, dtype="int16")[0] for file in sorted(SPEECH.rglob("*.wav"))]
    what = f"{sum(map(len, sounds)) / RATE / 60:.0f} minutes of Asterisk's English prompts"
    for gain in (-20, 0, 12) if sounds else ():
        lines = [_line(sound * 10.0 ** (gain / 20)) for sound in sounds]
        rows.append((f"imagined in {what}, {gain:+d} dB", *_imagined(lines)))
    for name, play in (("chords and tunes", notes), ("tunes of one nearly pure voice", tune)):
        lines = [_line(3000 * play(30.0, np.random.default_rng(seed))) for seed in range(60)]
        rows.append((f"imagined in 30 minutes of synthetic {name}", *_imagined(lines)))
    return [
        (f"{name}: tones of fax, modems, text telephones; R1; R2", *counts)
        for name, *counts in rows
    ]


def _tick(ears: Ear | None, sound: Samples, calls: int = 1000) -> float:
    """CPU milliseconds of 20 ms of rows of sound, the least of 7 rounds."""
    rows = np.random.default_rng(1).integers(0, len(sound) - RATE, calls)
    block = np.stack([sound[at : at + RATE] for at in rows])
    hearing, rounds = Hearing(calls, [] if ears is None else [ears]), []
    for _ in range(8):
        began = time.process_time()
        for at in range(0, RATE, 160):
            hearing.process(block[:, at : at + 160])
        rounds.append((time.process_time() - began) / (RATE / 160) * 1000)
    return min(rounds[1:])


def _cost() -> list[tuple[str, str, str]]:
    prompt, _ = soundfile.read("mediasock/prompts/welcome.flac", dtype="int16")
    sounds = {"silence": 0 * prompt, "speech": prompt, "flags": fax("preamble", 3.0)}
    ears: dict[str, Ear | None] = {
        "framing and levels alone": None,
        "with the preamble": preamble.Decisions(1000),
        "with text telephones": textphone.Decisions(1000),
        "with R1": mf.Decisions(1000, "r1"),
    }
    rows = []
    for name, one in ears.items():
        times = ", ".join(f"{_tick(one, sound):.2f}" for sound in sounds.values())
        rows.append((f"CPU of a 20 ms tick, 1,000 calls, {name}: {', '.join(sounds)}", times, ""))
    return [(name, f"{times} ms", other) for name, times, other in rows]


def run() -> str:
    """Return the table, as Markdown."""
    rows = [
        *_mf_rows(BELL, "R1"),
        *_mf_rows(R2, "R2"),
        *_tone_rows(),
        *_text_rows(),
        *_talk_off(),
        *_cost(),
    ]
    return "\n".join(
        [
            "| what | ours | libspandsp |",
            "| --- | --- | --- |",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
    )
