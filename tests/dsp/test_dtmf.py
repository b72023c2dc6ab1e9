"""The ear for digits: the table of bench/dtmf.py with fewer repetitions, and what it is held to."""

import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import dtmf as table
from dsp.dtmf import KEYS, Detector
from dsp.tone_stream import render
from dsp.types import whole
from tests.support import spandsp_dtmf
from tests.support.keying import keyed, white
from tests.support.signals import by_row, pieces

CASES = {case.what: case for case in table.cases()}
REPEATS = 2


def skip_without_speech():
    if not table.SPEECH.is_dir():
        pytest.skip("asterisk-core-sounds-en-wav is not installed")


def heard(line):
    detector = Detector(len(line))
    return [*detector.process(line), *detector.finish()]


def ended(detections):
    """What has ended, each told once before with the same start."""
    begun = [(one.row, one.value, one.start) for one in detections if not one.ended]
    over = [one for one in detections if one.ended]
    assert sorted(begun) == sorted((one.row, one.value, one.start) for one in over)
    assert {one.kind for one in over} <= {"dtmf"}
    return over


def values(line):
    """Keys of each row."""
    return ["".join(one.value for one in row) for row in by_row(ended(heard(line)), len(line))]


def mixed(seed=0):
    """Keys that are off in everything, in noise: something to decide on in each row."""
    rng = np.random.default_rng(seed)
    batch = keyed(rng, 1, keys="1590#D", on=45, detuned=(0.012, -0.012), twist=-5)
    return whole(batch.sound + white(rng, batch.sound.shape, -19.0))


@pytest.mark.parametrize("what", CASES)
def test_the_table(what):
    case = CASES[what]
    if "echo" in what or what.startswith("…"):
        skip_without_speech()
    scores = [score for score, _ in table.scores(case, REPEATS, peer=False)]
    rows = sum(one.rows for one in scores)
    assert rows >= 16 * REPEATS
    assert sum(one.wrong for one in scores) == 0 or case.most is not None
    if case.most is not None:
        assert sum(one.some for one in scores) <= case.most * rows
    if case.least is not None:
        assert sum(one.right for one in scores) >= case.least * rows
    if case.least is not None and not case.disturbed:
        assert [one.exact for one in scores] == [one.right for one in scores]


@pytest.mark.parametrize(("speed", "gain"), [(1.0, 0), (1.0, 12), (0.75, 0), (0.95, 12)])
def test_no_digit_is_imagined_in_speech(speed, gain):
    skip_without_speech()
    ((ours, _),) = table.talk_off((speed,), (gain,), peer=False).values()
    assert ours == 0


@pytest.mark.parametrize(
    ("always", "never"),
    [
        ({"level": -38.0}, {"level": -39.0}),
        ({"twist": -11.0}, {"twist": -12.0}),
        ({"twist": 9.0}, {"twist": 10.0}),
        ({"detuned": (0.02, 0.02)}, {"detuned": (0.025, 0.025)}),
        ({"detuned": (-0.02, 0.02)}, {"detuned": (-0.025, 0.0)}),
        ({"detuned": (0.0, -0.02)}, {"detuned": (0.0, -0.025)}),
        ({"on": 34.0}, {"on": 24.0}),
    ],
)
def test_the_edges_are_where_the_docstring_has_them(always, never):
    for options, share in ((always, 1), (never, 0)):
        batch = keyed(np.random.default_rng(3), 8, **options)
        right = [
            one == key for one, key in zip(values(batch.line("µ-law")), batch.keys, strict=True)
        ]
        assert np.mean(right) == share, options


@pytest.mark.parametrize(("pause", "digits"), [(30.0, 2), (22.0, 1)])
def test_a_pause_is_one_from_where_the_docstring_has_it(pause, digits):
    batch = keyed(np.random.default_rng(3), 8, on=100 + pause).cut(np.array([50.0]), pause)
    assert values(batch.line("µ-law")) == [key * digits for key in batch.keys]


def test_no_digit_is_imagined_in_noise_of_any_colour():
    rng = np.random.default_rng(1)
    white_noise = white(rng, (8, 60 * 8000), -10.0)
    brown = np.cumsum(white_noise, axis=1)
    brown -= np.linspace(0, 1, brown.shape[1]) * brown[:, -1:]
    assert heard(whole(white_noise)) == []
    assert heard(whole(brown / abs(brown).max() * 20000)) == []


def test_tones_that_are_no_digits_are_not_taken_for_digits():
    spec = "%(1000,0,350,440);%(1000,0,440,480);%(1000,0,480,620);%(500,0,1100);%(2000,0,2100)"
    # a key's low and high tone alone, two of its row, two of its column
    spec += ";%(500,100,697);%(500,100,1633);%(500,100,697,941);%(500,100,1209,1477)"
    assert heard(render(spec)[None]) == []


def test_all_keys_of_an_independent_sender():
    keys = KEYS * 3
    for on, off, level, twist in ((40, 40, -10, 0), (70, 60, -30, 4), (100, 100, -6, -6)):
        sound = spandsp_dtmf.sent(keys, on=on, off=off, level=level, twist=twist)
        found = ended(heard(sound[None]))
        assert "".join(one.value for one in found) == keys
        starts = np.arange(len(keys)) * (on + off) * 8
        assert abs(np.array([one.start for one in found]) - starts).max() <= 80
        assert abs(np.array([one.end for one in found]) - starts - on * 8).max() <= 80


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")
def test_keys_that_sox_makes(tmp_path):
    for key, low, high in (("1", 697, 1209), ("6", 770, 1477), ("D", 941, 1633)):
        command = ["sox", "-R", "-n", "-r", "8000", "-b", "16", "-e", "signed", "-t", "raw", "-"]
        effects = f"synth 0.06 sine {low} sine {high} remix 1,2 gain -9 pad 0.05 0.1".split()
        out = subprocess.run([*command, *effects], capture_output=True, check=True).stdout
        (one,) = ended(heard(np.frombuffer(out, dtype=np.int16)[None]))
        assert (one.value, one.start) == (key, pytest.approx(400, abs=80))
        assert one.end == pytest.approx(880, abs=80)


@given(seed=st.integers(0, 10_000), longest=st.integers(1, 2000))
@settings(max_examples=40)
def test_any_cutting_into_blocks_and_any_mix_of_rows_give_the_same(seed, longest):
    line = mixed()
    whole = Detector(len(line))
    expected = by_row([*whole.process(line), *whole.finish()], len(line))
    assert all(expected)
    cut, found = Detector(len(line)), []
    for rows, block in pieces(line, seed, longest):
        found += cut.process(block, rows)
    found += cut.finish()
    assert by_row(found, len(line)) == expected


def test_rows_know_nothing_of_each_other():
    line = mixed(2)
    together = by_row(heard(line), len(line))
    for row, found in enumerate(together):
        alone = [replace(one, row=row) for one in heard(line[row : row + 1])]
        assert alone == found


@given(
    blocks=st.lists(
        st.tuples(
            st.sampled_from(["noise", "square", "constant", "silence", "key"]),
            st.integers(0, 32767),
            st.integers(0, 700),
        ),
        max_size=20,
    ),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60)
def test_whatever_comes_detections_are_sound(blocks, seed):
    rng = np.random.default_rng(seed)
    detector, at, found = Detector(1), 0, []
    for kind, peak, length in blocks:
        block = {
            "noise": lambda n, p: rng.integers(-p - 1, p + 1, n),
            "square": lambda n, p: np.where(rng.random(n) < 0.5, -p - 1, p),
            "constant": lambda n, p: np.full(n, -p - 1),
            "silence": lambda n, p: np.zeros(n),
            "key": lambda n, p: p / 2 * sum(np.sin(np.arange(n) * hz) for hz in (0.6048, 1.0493)),
        }[kind](length, peak)
        found += detector.process(block.astype(np.int16)[None])
        at += length
    found += detector.finish()
    last = 0
    for one in ended(found):
        assert last <= one.start < one.end <= at
        assert -40 <= one.level <= 7
        last = one.end


def test_a_digit_is_told_while_it_sounds_and_again_soon_after_its_end():
    batch = keyed(np.random.default_rng(1), 4, on=60, lead=50)
    line, detector, told = batch.line(), Detector(64), {}
    for begin in range(0, line.shape[1], 80):
        for one in detector.process(line[:, begin : begin + 80]):
            told[one.row, one.ended] = begin + 80
    begun, over = ([told[row, which] for row in range(64)] for which in (False, True))
    assert max(np.array(begun) - batch.start) <= 55 * 8
    assert max(np.array(over) - batch.end) <= 55 * 8


@given(lead=st.integers(0, 320), tail=st.integers(0, 320))
def test_a_digit_at_the_end_of_a_recording_ends(lead, tail):
    sound = render("d=60;w=0;5")
    block = np.pad(sound, (lead, tail))[None]
    begun, over = heard(block)
    assert (begun.start, begun.end) == (over.start, None)
    assert lead + 400 <= over.end <= block.shape[1]


def test_a_reset_row_begins_at_sample_0_and_forgets():
    line = mixed()
    detector = Detector(len(line))
    detector.process(line[:, :700])
    detector.reset()
    assert detector.process(line) == Detector(len(line)).process(line)
