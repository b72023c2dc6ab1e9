from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.dtmf import Detector
from dsp.ears import Ears
from dsp.tone_stream import render
from dsp.tones import dtmf

KEYS = "159#0D"


def call(seed, keys=KEYS):
    rng = np.random.default_rng(seed)
    sound = np.concatenate([np.zeros(400, np.int16), dtmf(keys, on_ms=60, off_ms=60)])
    return (sound + rng.normal(0, 30, len(sound))).astype(np.int16)


def ended(detections, kind="dtmf"):
    return [one for one in detections if one.ended and one.kind == kind]


@pytest.mark.parametrize("make", [Ears, Detector])
@given(cuts=st.lists(st.integers(0, 6000), max_size=8), seed=st.integers(0, 20))
def test_any_cutting_into_blocks_gives_the_same_detections(make, cuts, seed):
    signal = call(seed)[None]
    whole = make(1)
    expected = [*whole.process(signal), *whole.finish()]
    cut = make(1)
    parts = np.split(signal, sorted(cuts), axis=1)
    assert [*(one for part in parts for one in cut.process(part)), *cut.finish()] == expected
    assert "".join(one.value for one in ended(expected)) == KEYS


@given(
    order=st.lists(st.lists(st.integers(0, 3), min_size=1, unique=True), min_size=1, max_size=60)
)
def test_rows_move_only_when_they_are_named(order):
    sounds = [call(seed, keys) for seed, keys in enumerate(["12", "34", "56", "78"])]
    together, places = Ears(4), [0, 0, 0, 0]
    heard = []
    for named in order:
        rows = np.array(sorted(named))
        block = np.zeros((len(rows), 160), np.int16)
        for line, row in enumerate(rows):
            piece = sounds[row][places[row] : places[row] + 160]
            block[line, : len(piece)] = piece
            places[row] += 160
        heard += together.process(block, rows)
    for row in range(4):
        alone = Ears(1)
        sound = np.concatenate([sounds[row], np.zeros(160 * 70, np.int16)])[None]
        own = alone.process(sound[:, : places[row]])
        assert [replace(one, row=0) for one in heard if one.row == row] == own


@pytest.mark.parametrize("key", list("0123456789*#ABCD"))
def test_every_key_is_heard_where_it_is_and_as_loud_as_it_is(key):
    sound = np.concatenate([np.zeros(800, np.int16), dtmf(key, on_ms=100, level=-13.0)])
    found = ended(Ears(1).process(np.concatenate([sound, np.zeros(800, np.int16)])[None]))
    assert [one.value for one in found] == [key]
    assert found[0].start == pytest.approx(800, abs=80)
    assert found[0].end == pytest.approx(1600, abs=80)
    assert found[0].level == pytest.approx(-10.0, abs=1.0)


def test_tones_that_are_no_digits_are_not_taken_for_digits():
    spec = "%(1000,0,350,440);%(1000,0,440,480);%(1000,0,480,620);%(500,0,1100);%(2000,0,2100)"
    assert ended(Ears(1).process(render(spec)[None])) == []


def test_a_digit_is_told_while_it_sounds_and_again_soon_after_its_end():
    ears, sound = Ears(1), call(1, "5")
    told = {}
    for start in range(0, len(sound), 80):
        for one in ears.process(sound[None, start : start + 80]):
            told[one.ended] = start + 80
    assert told[False] - 400 <= 50 * 8
    assert told[True] - (400 + 480) <= 40 * 8


@given(lead=st.integers(0, 320), tail=st.integers(0, 320))
def test_a_digit_at_the_end_of_a_recording_ends(lead, tail):
    sound = dtmf("5", on_ms=60, off_ms=0)
    block = np.concatenate([np.zeros(lead, np.int16), sound, np.zeros(tail, np.int16)])[None]
    ears = Ears(1)
    begun, over = [*ears.process(block), *ears.finish()]
    assert (begun.start, begun.end) == (over.start, None)
    assert lead + 400 <= over.end <= block.shape[1]


def test_a_reset_row_begins_at_sample_0_and_forgets():
    ears = Ears(1)
    ears.process(call(1)[None])
    ears.reset()
    again = ears.process(call(1)[None])
    assert again == Ears(1).process(call(1)[None])
