import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.tones import DTMF, MAX_LEVEL, MIN_LEVEL, Tone, ToneError, dtmf
from dsp.types import dbm0


@st.composite
def tones(draw: st.DrawFn) -> Tone:
    return Tone(
        on=draw(st.integers(0, 2000)),
        off=draw(st.integers(0, 500)),
        frequencies=tuple(draw(st.lists(st.floats(1, 3999), max_size=18))),
        level=draw(st.floats(MIN_LEVEL, MAX_LEVEL)),
        slope=draw(st.sampled_from([0.0, -10.0, -0.1, 0.1, 3.0])),
        step=draw(st.integers(1, 700)),
    )


@given(tones(), st.lists(st.integers(0, 2500), max_size=8))
def test_however_a_tone_is_cut_it_is_the_same(tone: Tone, cuts: list[int]) -> None:
    edges = sorted({0, tone.samples, *(cut for cut in cuts if cut < tone.samples)})
    pieces = [tone.render(a, b) for a, b in itertools.pairwise(edges)]
    whole = tone.render(0, tone.samples)
    assert whole.dtype == np.int16
    assert np.array_equal(np.concatenate([whole[:0], *pieces]), whole)
    assert not whole[tone.on :].any()


@pytest.mark.parametrize("level", [0.0, -7.0, -20.0, -40.0])
def test_one_frequency_has_the_level_asked_for(level: float) -> None:
    sound = Tone(8000, 0, (1000.0,), level).render(0, 8000).astype(float)
    assert dbm0(float(np.mean((sound - sound.mean()) ** 2))) == pytest.approx(level, abs=0.05)


def test_a_ramp_moves_every_step_and_stops_at_the_bottom() -> None:
    tone = Tone(8000, 0, (1000.0,), level=-20.0, slope=-10.0, step=1000)
    sound = tone.render(0, 8000).astype(float).reshape(8, 1000)[:, :999]
    levels = dbm0(np.mean((sound - sound.mean(axis=1, keepdims=True)) ** 2, axis=1))
    assert levels[:4] == pytest.approx([-20, -30, -40, -50], abs=0.3)
    assert np.ptp(sound[4:], axis=1).tolist() == [np.ptp(sound[4])] * 4


def test_a_hostile_ramp_costs_no_more_than_its_samples() -> None:
    tone = Tone(2**40, 0, (1000.0,), level=0.0, slope=-1e-300, step=1)
    assert tone.render(2**40 - 160, 2**40).shape == (160,)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_keys_have_both_frequencies_at_their_level(rate: int) -> None:
    sound = dtmf("".join(DTMF), on_ms=100, off_ms=50, level=-9.0, rate=rate)
    keys = sound.reshape(16, -1)
    assert not keys[:, rate // 10 :].any()
    on = keys[:, : rate // 10].astype(float)
    time = np.arange(rate // 10) / rate
    for row, pair in zip(on, DTMF.values(), strict=True):
        for frequency in pair:
            peak = 2 * abs(np.mean(row * np.exp(-2j * np.pi * frequency * time)))
            assert dbm0(peak**2 / 2) == pytest.approx(-9.0, abs=0.6)


@pytest.mark.parametrize("twist", [-8.0, -2.5, 3.0])
def test_a_twist_makes_the_higher_frequency_louder(twist: float) -> None:
    keys = dtmf("".join(DTMF), on_ms=100, off_ms=0, level=-12.0, twist=twist).reshape(16, -1)
    time = np.arange(800) / 8000
    for row, pair in zip(keys.astype(float), DTMF.values(), strict=True):
        peaks = [2 * abs(np.mean(row * np.exp(-2j * np.pi * hz * time))) for hz in pair]
        levels = dbm0(np.square(peaks) / 2)
        assert levels == pytest.approx([-12.0, -12.0 + twist], abs=0.6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"twist": 10.0},
        {"keys": "12X"},
        {"on_ms": -1},
        {"off_ms": -1},
        {"level": -1.0},
        {"rate": 4000},
    ],
)
def test_what_cannot_be_sent_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ToneError, match="no "):
        dtmf(**{"keys": "12", **wrong})  # type: ignore[arg-type]
