from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import signals
from dsp.ears import Ears
from dsp.kinds import DETECTABLE, RECORDED, DetectError
from dsp.plan import PlanError
from dsp.tone_stream import render
from dsp.tones import dtmf
from tests.support.fixture import FIXTURES

KEYS = "159#0D"


def call(seed, keys=KEYS):
    rng = np.random.default_rng(seed)
    sound = np.concatenate([np.zeros(400, np.int16), dtmf(keys, on_ms=60, off_ms=60)])
    return (sound + rng.normal(0, 30, len(sound))).astype(np.int16)


def ended(detections, kind="dtmf"):
    return [one for one in detections if one.ended and one.kind == kind]


@given(cuts=st.lists(st.integers(0, 6000), max_size=8), seed=st.integers(0, 20))
def test_any_cutting_into_blocks_gives_the_same_detections(cuts, seed):
    signal = call(seed)[None]
    whole = Ears(1)
    expected = [*whole.process(signal), *whole.finish()]
    cut = Ears(1)
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


def test_a_reset_row_begins_at_sample_0_and_forgets():
    ears = Ears(1)
    ears.process(call(1)[None])
    ears.reset()
    again = ears.process(call(1)[None])
    assert again == Ears(1).process(call(1)[None])


def everything():
    """A call of 30 s in which there is something for every ear but that for music."""
    speech, _ = soundfile.read(FIXTURES / "speech/woman.wav", dtype="int16")
    pause = np.zeros(16000, np.int16)
    return np.concatenate(
        [
            render("%(500,500,480,620);loops=3"),
            speech[:40000],
            pause,
            dtmf("15", on_ms=60, off_ms=60),
            signals.mf(["KP", "1", "ST"], "r1"),
            signals.mf(["1", "7"], "r2-forward"),
            signals.mf(["3"], "r2-backward"),
            signals.fax("cng", 3.5),
            signals.preamble(1.0),
            pause,
            speech[:16000],
            render("%(400,1600,1000)"),
            signals.fsk([0, 1, 0, 1, 0, 0, 1, 1] * 6 + [1] * 8, mark=1400, space=1800, rate=50),
            pause[:801],
        ]
    )


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 240_000), max_size=40))
def test_all_ears_together_hear_the_same_however_a_call_is_cut(cuts):
    signal = everything()[None]
    whole, cut = Ears(1, detect=DETECTABLE), Ears(1, detect=DETECTABLE)
    expected = [*whole.process(signal), *whole.finish()]
    parts = np.split(signal, sorted(cuts), axis=1)
    assert [*(one for part in parts for one in cut.process(part)), *cut.finish()] == expected


def test_each_name_brings_its_kinds_and_no_others():
    kinds = {"r1": {"mf"}, "r2-forward": {"mf"}, "r2-backward": {"mf"}}
    kinds["silence"] = {"silence", "voice"}
    for name in DETECTABLE:
        ears = Ears(1, detect=[name])
        found = [*ears.process(everything()[None]), *ears.finish()]
        assert {one.kind for one in found} == (
            kinds.get(name, {name}) if name != "music" else set()
        )


def test_nothing_else_is_heard():
    assert set(RECORDED) <= set(DETECTABLE)
    with pytest.raises(DetectError, match="'smell'"):
        Ears(1, detect=["dtmf", "smell"])
    with pytest.raises(PlanError, match="atlantis"):
        Ears(1, ["atlantis"])
    assert Ears(1, detect=[]).process(everything()[None]) == []
