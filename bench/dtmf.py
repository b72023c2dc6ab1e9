"""The reach of our ear for digits beside spandsp's, on the same signals: ``python -m bench dtmf``.

Each line of the table is the worst of its conditions, each of those 16 keys 50 times over, with
random starts and phases, at 8 kHz, straight and through µ-law and A-law. Talk-off is at its end.
"""

import ctypes.util
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from scipy.signal import resample_poly

from dsp import g722
from dsp.dtmf import Detector
from dsp.resample import Downsampler
from dsp.types import RATE, amplitude, whole
from tests.support import spandsp_dtmf
from tests.support.keying import LAWS, Keyed, hum, keyed, white

REPEATS = 50
OFTEN = 4
"""So much more often is measured what depends on what is said, or on which frames are lost."""
SPEECH = Path("/usr/share/asterisk/sounds/en")
SPEEDS = (0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 1.05, 1.10, 1.15, 1.20, 1.25, 1.30, 1.40, 1.50)
GAINS = (-20, -10, 0, 6, 12)
PAIR = 10 * math.log10(2)
PEER = ctypes.util.find_library("spandsp") is not None


class Score(NamedTuple):
    """Rows of a batch.

    Parameters
    ----------
    rows, right, some, wrong
        How many there are, give the keys that they have, any keys at all, keys that they have not.
    exact
        How many of the right ones have start and end right to 10 ms and the level to 1 dB.
    """

    rows: int
    right: int
    some: int
    wrong: int
    exact: int = 0


def ours(batch: Keyed, line, expected: list[str]) -> Score:
    """Score our ear; `expected` are the keys of each row."""
    detector = Detector(len(line))
    found = [[] for _ in line]
    for one in (*detector.process(line), *detector.finish()):
        if one.ended:
            found[one.row].append(one)
    exact = 0
    for at, row in enumerate(found):
        if "".join(one.value for one in row) == expected[at] != "":
            off = row[0].start - batch.start[at], row[-1].end - batch.end[at]
            level = max(abs(one.level - batch.level[at]) for one in row)
            exact += max(map(abs, off)) <= RATE // 100 and level <= 1.0
    return _score(["".join(one.value for one in row) for row in found], expected)._replace(
        exact=exact
    )


def _score(values: list[str], expected: list[str]) -> Score:
    pairs = list(zip(values, expected, strict=True))
    return Score(
        rows=len(pairs),
        right=sum(value == key for value, key in pairs),
        some=sum(value != "" for value, _ in pairs),
        wrong=sum(any(one not in key for one in value) for value, key in pairs),
    )


class Case(NamedTuple):
    """A line of the table.

    Parameters
    ----------
    what, reach
        In words.
    conditions
        Each gives a batch, of a seeded generator and how often each key is to be there.
    least, most
        What part of the rows is to be right, or to be heard as anything at all.
    times
        How often each row's key is there.
    filtered
        spandsp's filter against dial tones is on.
    disturbed
        Where a key begins, ends and how loud it is has been lost in part.
    """

    what: str
    reach: str
    conditions: list[Callable[[np.random.Generator, int], Keyed]]
    least: float | None = None
    most: float | None = None
    times: int = 1
    filtered: bool = False
    disturbed: bool = False


def scores(case: Case, repeats=REPEATS, *, peer=PEER) -> Iterator[tuple[Score, Score | None]]:
    """Score each condition of a test on each law, ours and spandsp's."""
    for condition in case.conditions:
        for law in LAWS:
            batch = condition(np.random.default_rng(1), repeats)
            line = batch.line(law)
            expected = [key * case.times for key in batch.keys]
            theirs = None
            if peer:
                heard = spandsp_dtmf.heard(line, filtered=case.filtered)
                theirs = _score(heard, expected)
            yield ours(batch, line, expected), theirs


def _keyed(**options):
    return lambda rng, repeats: keyed(rng, repeats, **options)


def _frequency_accepted():
    steps = (-0.015, -0.0075, 0.0, 0.0075, 0.015)
    pairs = [(low, high) for low in steps for high in steps]
    return [_keyed(detuned=pair, on=on) for pair in pairs for on in (40, 50)]


def _frequency_refused():
    """Off by so much and up to half way to the next key."""
    off = [sign * part for part in (0.035, 0.04, 0.05) for sign in (1, -1)]
    pairs = [(one, 0.0) for one in off] + [(0.0, one) for one in off]
    pairs += [(one, a * 0.015) for one in (0.035, -0.035) for a in (1, -1)]
    pairs += [(a * 0.015, one) for one in (0.035, -0.035) for a in (1, -1)]
    return [_keyed(detuned=pair, on=on) for pair in pairs for on in (50, 200)]


def _gapped(gap: float, on: float = 100.0, begins=(20.0, 80.0)):
    """A key with an interruption at any place."""

    def made(rng, repeats):
        batch = keyed(rng, repeats, on=on)
        begin = rng.uniform(begins[0], begins[1] - gap, len(batch.keys))
        return batch.cut(begin, gap)

    return made


def _twice(on: float, off: float):
    """The same key twice."""

    def made(rng, repeats):
        batch = keyed(rng, repeats, on=2 * on + off)
        return batch.cut(np.full(len(batch.keys), on), off)

    return made


def _noisy(snr: float, on: float = 50.0, level: float = -10.0):
    """White noise, so far below the pair."""

    def made(rng, repeats):
        batch = keyed(rng, repeats, on=on, level=level)
        return batch.plus(white(rng, batch.sound.shape, level + PAIR - snr))

    return made


def _over_dial_tone(frequencies, louder: float, level: float = -16.0, on=50.0):
    """A dial tone that sounds all along, each tone of it so much louder than a digit's."""

    def made(rng, repeats):
        batch = keyed(rng, repeats, on=on, level=level, lead=300.0)
        return batch.plus(hum(rng, batch.sound, frequencies, level + louder))

    return made


def prompts(speed: float = 1.0):
    """Asterisk's English prompts in a row, with half a second between them, at a speed."""
    parts = []
    ratio = Fraction(speed).limit_denominator(100)
    for file in sorted(SPEECH.rglob("*.wav")):
        sound = soundfile.read(file)[0] * 32768
        if ratio != 1:
            sound = resample_poly(sound, ratio.denominator, ratio.numerator)
        parts += [sound, np.zeros(RATE // 2)]
    return np.concatenate(parts)


@cache
def _talking():
    """Prompts without their pauses, at a power of 1."""
    sound = prompts()
    pieces = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    pieces = pieces[(pieces**2).mean(axis=1) > 100.0**2].reshape(-1)
    return pieces / math.sqrt((pieces**2).mean())


def _over_echo(below: float, on: float = 100.0, level: float = -16.0):
    """An echo of our own prompt, its power so far below the pair's."""

    def made(rng, repeats):
        batch = keyed(rng, OFTEN * repeats, on=on, level=level)
        speech = _talking()
        wanted = batch.sound.shape[1]
        begins = rng.integers(0, len(speech) - wanted, len(batch.keys))
        gain = amplitude(level + PAIR - below) / math.sqrt(2)
        return batch.plus(gain * np.stack([speech[begin : begin + wanted] for begin in begins]))

    return made


def _lossy(loss: float, wideband: bool, coded: bool, on: float = 100.0):
    """Frames of 20 ms that get lost on the way, at 16 kHz if so, in G.722 if so."""

    def made(rng, repeats):
        rate = 16000 if wideband else RATE
        batch = keyed(rng, OFTEN * repeats, on=on, rate=rate, level=-10.0)
        frame = rate // 50
        frames = batch.sound.shape[1] // frame
        line = whole(batch.sound[:, : frames * frame])
        kept = rng.random((len(line), frames)) >= loss
        if coded:
            line = np.stack([_through_g722(*row) for row in zip(line, kept, strict=True)])
        else:
            line = np.where(np.repeat(kept, frame, axis=1), line, 0).astype(np.int16)
        if not wideband:
            return replace(batch, sound=line.astype(float))
        down = Downsampler(len(line)).process(line)
        delay = Downsampler.delay + (g722.DELAY // 2 if coded else 0)
        return Keyed(
            batch.keys,
            down.astype(float),
            batch.start // 2 + delay,
            batch.end // 2 + delay,
            batch.level,
        )

    return made


def _through_g722(sound, kept):
    """A call by G.722 of which frames are lost: their place is silent, the decoder stands still."""
    coded, decoder = g722.Encoder().encode(sound), g722.Decoder()
    out = np.zeros_like(sound).reshape(len(kept), -1)
    for at, there in enumerate(kept):
        if there:
            out[at] = decoder.decode(coded[at * 160 : at * 160 + 160])
    return out.reshape(-1)


def cases() -> list[Case]:
    """Give the lines of the table."""
    return [
        Case(
            "both tones off by up to ±1.5 %, any signs, 40 and 50 ms",
            "100 %",
            _frequency_accepted(),
            least=1.0,
        ),
        Case(
            "one tone off by ±3.5 to ±5 %, the other by 0 or ±1.5 %, 50 and 200 ms",
            "0 %",
            _frequency_refused(),
            most=0.0,
        ),
        Case(
            "high tone weaker by up to 8 dB, low tone by up to 4 dB",
            "100 %",
            [_keyed(twist=twist) for twist in (-8, -6, -4, -2, 0, 2, 4)],
            least=1.0,
        ),
        Case(
            "high tone weaker by 12 dB and more, low tone by 10 dB and more",
            "0 %",
            [_keyed(twist=twist, on=100, level=-8) for twist in (-12, -14, -18, 10, 12, 15)],
            most=0.0,
        ),
        Case(
            "0 to −36 dBm0 a tone",
            "100 %",
            [_keyed(level=level) for level in (0, -3, -6, -12, -18, -24, -30, -33, -36)],
            least=1.0,
        ),
        Case("+3 dBm0 a tone, clipped", "100 %", [_keyed(level=3), _keyed(level=2)], least=1.0),
        Case(
            "40 ms and more",
            "100 %",
            [_keyed(on=on, level=v) for on in (40, 41, 43, 60, 100, 400) for v in (-10, -30)],
            least=1.0,
        ),
        Case(
            "23 ms and less",
            "0 %",
            [_keyed(on=on, level=v) for on in (23, 20, 15, 10) for v in (0, -10, -30)],
            most=0.0,
        ),
        Case(
            "the same key twice, 40 ms between",
            "two digits in 100 %",
            [_twice(on, off) for on in (40, 60, 100) for off in (40, 41, 45, 60)],
            least=1.0,
            times=2,
        ),
        Case(
            "interrupted for up to 10 ms",
            "one digit in 100 %",
            [_gapped(gap) for gap in (1, 2, 3, 5, 7, 9, 10)],
            least=1.0,
        ),
        Case("white noise 12 dB below the pair", "100 %", [_noisy(12)], least=1.0),
        Case("white noise 9 dB below the pair", "≥ 98 %", [_noisy(9)], least=0.98),
        Case(
            "white noise 20 to −10 dB below the pair: wrong digits",
            "0",
            [_noisy(snr, on) for snr in (20, 6, 3, 0, -3, -6, -10) for on in (50, 200)],
        ),
        Case(
            "dial tone 350 + 440 Hz, each up to +10 dB to a tone",
            "100 %",
            [_over_dial_tone((350, 440), db) for db in (-10, -5, 0, 5, 8, 10)],
            least=1.0,
            filtered=True,
        ),
        Case(
            "dial tone 425 Hz, up to 0 dB to a tone",
            "100 %",
            [_over_dial_tone((425,), db) for db in (-12, -6, -3, 0)],
            least=1.0,
            filtered=True,
        ),
        Case(
            "echo of a prompt 10 dB below the pair, 100 ms",
            "detected",
            [_over_echo(10)],
            least=0.999,
            disturbed=True,
        ),
        Case("… 50 ms", "", [_over_echo(10, 50)], least=0.99, disturbed=True),
        Case(
            "2 % of the frames lost, 8 kHz, 100 ms",
            "≥ 99 %",
            [_lossy(0.02, False, False)],
            least=0.99,
            disturbed=True,
        ),
        Case(
            "2 % of the frames lost, 16 kHz, 100 ms",
            "≥ 99 %",
            [_lossy(0.02, True, False)],
            least=0.99,
            disturbed=True,
        ),
        Case(
            "2 % of the frames lost, G.722, 100 ms",
            "≥ 99 %",
            [_lossy(0.02, True, True)],
            least=0.99,
            disturbed=True,
        ),
    ]


def talk_off(speeds=(1.0,), gains=GAINS, *, peer=PEER) -> dict[tuple[float, int], tuple[int, int]]:
    """Digits imagined in the prompts by us and by spandsp, of each speed and gain."""
    found = {}
    for speed in speeds:
        sound = prompts(speed)
        for gain in gains:
            line = whole(sound * 10 ** (gain / 20))[None]
            detector = Detector(1)
            heard = [*detector.process(line), *detector.finish()]
            found[speed, gain] = (
                sum(one.ended for one in heard),
                len(spandsp_dtmf.heard(line)[0]) if peer else 0,
            )
    return found


def part(count: int, rows: int) -> str:
    """Give a part in per cent, never rounded to all or to none."""
    tenths = 1000 * count / rows
    return f"{(math.floor if 2 * count > rows else math.ceil)(tenths) / 10:g} %"


def measured(case: Case, score: list[Score]) -> str:
    """Say the worst of a test's conditions."""
    if case.most is not None:
        worst = max(score, key=lambda one: one.some / one.rows)
        return part(worst.some, worst.rows)
    if case.least is not None:
        worst = min(score, key=lambda one: one.right / one.rows)
        return part(worst.right, worst.rows)
    return f"{sum(one.wrong for one in score)} of {sum(one.rows for one in score)}"


def _line(case: Case) -> str:
    pairs = list(scores(case))
    mine, theirs = ([pair[which] for pair in pairs] for which in (0, 1))
    exact = "–"
    if case.least is not None:
        exact = part(sum(one.exact for one in mine), sum(one.right for one in mine))
    peer = measured(case, theirs) if PEER else "–"
    what = case.what + (" (spandsp: with its filter)" if case.filtered else "")
    return f"| {what} | {case.reach} | {measured(case, mine)} | {exact} | {peer} |"


def _talk_off() -> Iterator[str]:
    if not SPEECH.is_dir():
        yield "| talk-off: asterisk-core-sounds-en-wav is not installed | | – | – | – |"
        return
    for what, reach, speeds in (
        (f"imagined in Asterisk's English prompts, {len(GAINS)} gains −20 to +12 dB", "0", (1.0,)),
        (f"… at {len(SPEEDS)} speeds {SPEEDS[0]:.2f} to {SPEEDS[-1]:.2f}", "1", SPEEDS),
    ):
        found = list(talk_off(speeds).values())
        mine, theirs = (sum(pair[which] for pair in found) for which in (0, 1))
        yield f"| {what} | {reach} | {mine} | – | {theirs if PEER else '–'} |"


def run() -> str:
    """Return the table, as Markdown."""
    head = ["| what | reach | heard | times and level right | spandsp |", "| --- " * 5 + "|"]
    return "\n".join([*head, *map(_line, cases()), *_talk_off()])
