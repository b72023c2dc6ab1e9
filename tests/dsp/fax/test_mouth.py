"""What a fax terminal says: cut anywhere, to the sample, and as libspandsp's modems hear it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax import modems
from dsp.fax.hdlc import Deframer, HdlcError, encode
from dsp.fax.mouth import Ced, Check, Cng, Control, Image, Mouth, Silence
from dsp.fax.slices import sliced
from dsp.modem import v21
from dsp.modem.types import ModemError
from dsp.types import dbm0
from tests.support import spandsp_hdlc, spandsp_modems
from tests.support.fax_sounds import random_bits, said

RATES = (
    *(f"V.17 {rate}" for rate in (14400, 12000, 9600, 7200)),
    *(f"V.29 {rate}" for rate in (9600, 7200)),
    *(f"V.27ter {rate}" for rate in (4800, 2400)),
)
FRAMES = (b"\xff\x03\x40" + bytes(range(20)), b"\xff\x13\x80\x00\xee\xfa\xc4")


def image(rate, short, count, seed=0):
    return Image(rate, short, sliced(random_bits(count, seed)))


signals = st.one_of(
    st.builds(Silence, st.floats(0, 0.2)),
    st.just(Cng()),
    st.builds(Ced, st.floats(0.0, 3.0)),
    st.lists(st.binary(min_size=2, max_size=10), min_size=1, max_size=2).map(
        lambda frames: Control(tuple(frames))
    ),
    st.builds(Check, st.sampled_from(RATES), st.floats(0.0, 0.3)),
)
images = st.tuples(st.sampled_from(RATES), st.booleans(), st.integers(0, 3000))


def whole(*signals):
    """A signal's samples without what comes after them."""
    mouth = Mouth()
    mouth.say(*signals)
    parts = []
    while not mouth.done:
        parts.append(mouth.pull(1))
    return np.concatenate(parts)


def peer(rate, **options):
    modem, number = rate.split()
    return spandsp_modems.Receiver(modem.replace(".", "").lower(), int(number), **options)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(signals, images), max_size=4), st.lists(st.integers(0, 3000), min_size=1))
def test_it_says_the_same_however_it_is_pulled(chosen, counts):
    def speaking():
        mouth = Mouth()
        mouth.say(*(image(*one) if isinstance(one, tuple) else one for one in chosen))
        return mouth

    mouth, parts = speaking(), []
    while not mouth.done:
        for count in [*counts, 400]:
            parts.append(mouth.pull(count))
            assert len(parts[-1]) == count
            assert parts[-1].dtype == np.int16
    found = np.concatenate([np.zeros(0, np.int16), *parts])
    expected = speaking().pull(len(found))
    assert np.array_equal(found, expected)
    assert not mouth.pull(500).any()


@pytest.mark.parametrize(
    ("signal", "length"),
    [
        (Silence(0.075), 600),
        (Cng(), 28000),
        (Ced(), 20800),
        (Ced(3.0), 24000),
        (Control(FRAMES), math.ceil((31 * 8 + len(encode(FRAMES)) + 8) * 80 / 3)),
    ],
)
def test_signals_are_as_long_as_they_should_be(signal, length):
    mouth = Mouth()
    mouth.say(signal)
    mouth.pull(length - 1)
    assert not mouth.done
    mouth.pull(1)
    assert mouth.done


def test_one_signal_follows_another_at_once():
    parts = [Ced(0.1), Silence(0.0101), Control(FRAMES), Check("V.29 9600"), Cng()]
    alone = [whole(one) for one in parts]
    together = said(*parts)
    expected = np.concatenate(alone)
    assert np.array_equal(together[: len(expected)], expected)
    assert not together[len(expected) :].any()


def test_what_is_said_later_follows_what_is_being_said():
    mouth = Mouth()
    mouth.say(Ced(0.1))
    begin = mouth.pull(500)
    mouth.say(Silence(0.01), Ced(0.1))
    expected = said(Ced(0.1), Silence(0.01), Ced(0.1))
    assert np.array_equal(np.concatenate([begin, mouth.pull(1260)]), expected)


@pytest.mark.parametrize(("signal", "hz"), [(Cng(), 1100.0), (Ced(), 2100.0)])
def test_tones_are_pure_and_without_clicks(signal, hz):
    sound = said(signal, level=-11.0).astype(float)
    length = {1100.0: 4000, 2100.0: 20800}[hz]
    tone, after = sound[:length], sound[length:]
    assert not after.any()
    assert dbm0(np.mean(tone**2)) == pytest.approx(-11.0, abs=0.02)
    at = np.arange(length) / 8000
    amplitude = np.sqrt(2 * np.mean(tone**2))
    # it begins and ends with a phase of 0
    assert np.abs(tone - amplitude * np.sin(2 * np.pi * hz * at)).max() < 1.0


def test_stopping_is_silence_at_once():
    mouth = Mouth()
    mouth.say(Cng(), Control(FRAMES))
    mouth.pull(1234)
    mouth.stop()
    assert mouth.done
    assert not mouth.pull(8000).any()
    mouth.say(Silence(0.01), Ced(0.5))
    assert np.array_equal(mouth.pull(4080), said(Silence(0.01), Ced(0.5))[:4080])


def test_libspandsp_hears_frames():
    bits = peer("V.21 300").process(said(Control(FRAMES), Silence(0.1)))
    assert spandsp_hdlc.received(bits) == [(one, True) for one in FRAMES]


def test_flags_go_before_frames_as_long_as_they_may():
    first, last = Deframer().process(v21.Receiver().process(said(Control(FRAMES), Silence(0.1))))
    assert (first.octets, last.octets) == FRAMES
    # T.30 5.3.1: 1 s ± 15 %
    assert 0.85 <= first.start / 300 <= 1.15


@pytest.mark.parametrize("rate", RATES)
def test_libspandsp_hears_a_training_check(rate):
    receiver = peer(rate)
    bits = receiver.process(said(Silence(0.1), Check(rate), Silence(0.3)))
    assert [one.what for one in receiver.reports()] == ["carrier up", "trained", "carrier lost"]
    zeros = np.diff(np.flatnonzero(np.concatenate([[1], bits, [1]]))).max() - 1
    # T.30 5.3.6.1.3: 1.5 s ± 10 %
    assert 1.35 <= zeros / modems.bit_rate(rate) <= 1.65


@pytest.mark.parametrize("rate", RATES)
def test_libspandsp_hears_an_image_after_a_check(rate):
    receiver = peer(rate)
    receiver.process(said(Silence(0.1), Check(rate), Silence(0.3)))
    short = rate.startswith("V.17")
    receiver.restart(short_training=short)
    receiver.reports()
    sent = random_bits(8000, 3)
    bits = receiver.process(
        said(Silence(0.1), Image(rate, short, sliced(sent)), Silence(0.3), level=-13.0)
    )
    assert [one.what for one in receiver.reports()] == ["carrier up", "trained", "carrier lost"]
    at = bits.tobytes().find(sent[:64].tobytes())
    assert 0 <= at <= 64
    assert np.array_equal(bits[at : at + len(sent)], sent)


@pytest.mark.parametrize("rate", RATES)
def test_only_v17_has_a_short_training(rate):
    lengths = [len(whole(image(rate, short, 100))) for short in (False, True)]
    assert (lengths[1] < lengths[0]) == rate.startswith("V.17")


@pytest.mark.parametrize("level", [-40.0, -13.0, -9.0])
def test_everything_has_the_level_that_it_is_told(level):
    def loud(signal, begin, end):
        return float(dbm0(np.mean(said(signal, level=level)[begin:end].astype(float) ** 2)))

    assert loud(Cng(), 0, 4000) == pytest.approx(level, abs=0.1)
    assert loud(Ced(), 0, 20800) == pytest.approx(level, abs=0.1)
    assert loud(Control(FRAMES), 0, 9000) == pytest.approx(level, abs=0.1)
    assert loud(image("V.17 14400", False, 30000), 13000, 28000) == pytest.approx(level, abs=0.2)


@pytest.mark.parametrize("level", [0.5, -51.0, float("nan")])
def test_a_level_that_no_modem_has_is_refused(level):
    with pytest.raises(ModemError, match="sends with"):
        Mouth(level)


@pytest.mark.parametrize("rate", ["V.17 4800", "V.17", "V.34 33600", "", "V.29 9600 ", "V.21 300"])
def test_a_rate_that_there_is_not_is_refused(rate):
    mouth = Mouth()
    mouth.say(Check(rate))
    with pytest.raises(ModemError, match="no fax modem"):
        mouth.pull(160)


def test_a_frame_that_is_none_is_refused():
    mouth = Mouth()
    mouth.say(Control((b"\xff",)))
    with pytest.raises(HdlcError, match="no frame"):
        mouth.pull(160)


def test_a_source_is_asked_at_most_a_fifth_of_a_second_ahead():
    asked = []

    def endless(count):
        asked.append(count)
        return np.zeros(count, dtype=np.uint8)

    mouth = Mouth()
    mouth.say(Image("V.29 9600", False, endless))
    for _ in range(100):
        mouth.pull(160)
    # 2 s without the 253 ms of training, and what the pulses reach ahead
    assert 9600 * 1.74 <= sum(asked) <= 9600 * 1.98
