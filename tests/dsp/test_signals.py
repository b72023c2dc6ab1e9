import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.mf import SYSTEMS, MfError, load
from dsp.signals import FAX, SignalError, answer_tone, fax, fsk, mf, preamble
from dsp.types import dbm0
from tests.support import spandsp_signals as peer
from tests.support.signals import line, silence

KINDS = {
    "cng": (peer.CNG, peer.CNG),
    "ced": (peer.CED, peer.CED),
    "ced/": (peer.CED, peer.CED_REVERSED),
    "ansam": (peer.CED, peer.ANSAM),
    "ansam/": (peer.CED, peer.ANSAM_REVERSED),
    "preamble": (peer.PREAMBLE, peer.PREAMBLE),
    "bell-answer": (peer.BELL, peer.BELL),
    "calling-tone": (peer.CALLING, peer.CALLING),
}
"""What libspandsp is to listen for, and what it is to report."""


def level_at(sound, hz):
    """dBm0 of a frequency in a whole number of its turns, or nearly."""
    turn = np.exp(-2j * np.pi * hz * np.arange(len(sound)) / 8000)
    peak = 2 * abs(np.mean(sound * turn))
    return float(dbm0(peak**2 / 2))


def phase_at(sound, hz, at):
    """Phase of a frequency in 20 ms from a sample, in turns."""
    some = np.arange(at, at + 160)
    return np.angle(np.sum(sound[some] * np.exp(-2j * np.pi * hz * some / 8000))) / (2 * np.pi)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("twist", [0.0, -6.0, 4.0])
def test_mf_signals_have_their_two_frequencies_levels_and_times(system, twist):
    signals = list(load(system).signals)
    sound = mf(signals, system, on_ms=100, off_ms=50, level=-15.0, twist=twist)
    for row, pair in zip(sound.reshape(-1, 1200), load(system).signals.values(), strict=True):
        assert not row[800:].any()
        # 100 ms are whole turns of every frequency, to 10 Hz
        assert level_at(row[:800], pair[0]) == pytest.approx(-15.0, abs=0.1)
        assert level_at(row[:800], pair[1]) == pytest.approx(-15.0 + twist, abs=0.1)


def test_bell_mf_has_its_own_times_and_level():
    sound = mf(["KP", "7", "ST"])
    edges = np.flatnonzero(np.abs(sound) > 1000)
    loud = np.split(edges, np.flatnonzero(np.diff(edges) > 200) + 1)
    times = [(part[0] / 8, (part[-1] - part[0]) / 8) for part in loud]
    assert times == [
        pytest.approx((begin, ms), abs=1.0) for begin, ms in ((0, 100), (168, 68), (304, 68))
    ]
    assert level_at(sound[:800], 1100) == pytest.approx(-7.0, abs=0.1)
    assert mf("12345").shape == (5 * 136 * 8,)
    assert mf("").shape == (0,)


@pytest.mark.parametrize("value", FAX)
def test_an_independent_receiver_tells_each_fax_tone(value):
    kind, wanted = KINDS[value]
    sound = line(silence(0.3), fax(value, 1.1 if value == "preamble" else 5.0), silence(0.3))[0]
    assert set(peer.heard_modem_tones(kind, sound)) == {wanted}


@pytest.mark.parametrize("value", FAX)
@pytest.mark.parametrize("level", [-43.0, -13.0, 0.0])
def test_each_fax_tone_has_the_level_asked_for(value, level):
    sound = fax(value, 0.4, level=level).astype(float)
    assert float(dbm0(np.mean(sound**2))) == pytest.approx(level, abs=0.25)


def test_the_times_of_calling_tones():
    for value, on, around in (("cng", 4000, 28000), ("calling-tone", 4800, 18800)):
        loud = np.abs(fax(value, 8.0)) > 0
        assert loud[: on - 8].mean() > 0.9
        assert not loud[on:around].any()
        assert loud[around : around + on - 8].mean() > 0.9


def test_ansam_is_modulated_by_a_fifth_with_15_hz_and_reversed_every_450_ms():
    sound = answer_tone(4.0, modulated=True, reversals=True).astype(float)
    size = np.abs(sound).reshape(-1, 40).max(axis=1)
    tone = np.abs(answer_tone(1.0)).max()
    assert size.max() / tone == pytest.approx(1.2, abs=0.03)
    assert size[4:-4].min() / tone == pytest.approx(0.8, abs=0.03)
    spectrum = np.abs(np.fft.rfft(size - size.mean()))
    assert np.argmax(spectrum) == 15 * 4
    phases = [phase_at(sound, 2100, 3600 * at + 1000) for at in range(8)]
    turned = np.abs(np.exp(2j * np.pi * np.diff(phases)) + 1)
    assert turned == pytest.approx(0, abs=0.05)


@given(st.lists(st.integers(0, 1), max_size=400), st.sampled_from([300.0, 110.0, 45.45]))
def test_keyed_bits_last_as_long_as_their_rate_has_it_and_have_its_frequencies(bits, rate):
    sound = fsk(bits, rate=rate, mark=1200.0, space=2200.0, level=-10.0)
    assert len(sound) == round(len(bits) / rate * 8000)
    at = 0
    for bit, run in itertools.groupby(bits):
        length = len(list(run)) * 8000 / rate
        middle = sound[round(at + 4) : round(at + length - 4)]
        at += length
        if len(middle) >= 40:
            whole = middle[: len(middle) // 40 * 40]
            assert level_at(whole, 1200.0 if bit else 2200.0) == pytest.approx(-10, abs=0.2)


def test_an_independent_receiver_hears_the_bits_that_are_keyed():
    bits = np.random.default_rng(5).integers(0, 2, 400).tolist()
    sound = fsk([*[1] * 40, *bits, *[1] * 20])
    heard = peer.heard_fsk(peer.FSK_V21_CHANNEL_2, sound)
    text = "".join(map(str, heard))
    assert "".join(map(str, bits)) in text


def test_a_preamble_is_whole_flags():
    flag = preamble(8 / 300 + 0.001)
    assert len(preamble(1.0)) == round(37 * 8 / 300 * 8000)
    assert len(flag) == 213
    assert preamble(0.01).shape == (0,)


@pytest.mark.parametrize(
    ("error", "send"),
    [
        (MfError, lambda: mf(["KP", "12"])),
        (MfError, lambda: mf("1", "r3")),
        (SignalError, lambda: mf("1", on_ms=-1)),
        (SignalError, lambda: answer_tone(-1)),
        (SignalError, lambda: answer_tone(float("nan"))),
        (SignalError, lambda: fax("cng", 1e9)),
        (SignalError, lambda: fax("cnc")),
        (SignalError, lambda: fsk([1] * 10, rate=0.001)),
    ],
)
def test_what_cannot_be_sent_is_refused(error, send):
    with pytest.raises(error):
        send()
