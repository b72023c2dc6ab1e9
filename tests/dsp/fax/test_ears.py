"""What a fax terminal hears: of itself, of libspandsp, and of no fax."""

from dataclasses import replace
from functools import cache
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsp.fax.ears import (
    Carrier,
    Control,
    Data,
    Ears,
    Flags,
    Picture,
)
from dsp.fax.hdlc import encode
from dsp.fax.mouth import Ced, Check, Image, Silence
from dsp.fax.mouth import Control as Say
from dsp.fax.slices import sliced
from dsp.line import burst
from dsp.modem.types import ModemError
from dsp.types import whole
from tests.support import spandsp_hdlc, spandsp_modems
from tests.support.fax_sounds import random_bits, said
from tests.support.faxed import zeros
from tests.support.signals import noise
from tests.support.speech import PROMPTS, recorded

RATES = (
    *(f"V.17 {rate}" for rate in (14400, 12000, 9600, 7200)),
    *(f"V.29 {rate}" for rate in (9600, 7200)),
    *(f"V.27ter {rate}" for rate in (4800, 2400)),
)
FEW = ("V.17 14400", "V.29 9600", "V.27ter 2400")
TSI, DCS_FRAME = b"\xff\x03\x43" + b"0123456789" * 2, b"\xff\x13\x83\x00\x46\xf8\x44"
EOP = b"\xff\x13\x2f"


def image(rate, bits, *, short=True):
    return Image(rate, short, sliced(bits))


def hear(ears, sound, block=160):
    return joined(
        event
        for begin in range(0, len(sound), block)
        for event in ears.process(sound[begin : begin + block])
    )


def joined(events):
    """Events with the data of a burst as one."""
    found = []
    for one in events:
        if isinstance(one, Data) and found and isinstance(found[-1], Data):
            found[-1] = Data(one.at, np.concatenate([found[-1].bits, one.bits]))
        else:
            found.append(one)
    return found


def plain(events):
    """Events as what can be compared."""
    return [
        replace(one, bits=one.bits.tobytes()) if isinstance(one, Data) else one for one in events
    ]


def kinds(events):
    return [
        f"{'fast' if one.fast else 'V.21'} {'up' if one.up else 'down'}"
        if isinstance(one, Carrier)
        else type(one).__name__
        for one in events
    ]


def data(events):
    return [one.bits for one in events if isinstance(one, Data)]


def frames(events, kind=Control):
    return [(one.octets, one.good) for one in events if isinstance(one, kind)]


def contains(bits, sent):
    """Whether sent bits were heard; what comes after them does not matter."""
    return np.array_equal(bits[: len(sent)], sent)


V21 = ["V.21 up", "Flags", "Control", "V.21 down"]
FAST = ["fast up", "Trained", "Data", "fast down"]


@cache
def call():
    """All that a terminal may hear in a call, and what it expects at which sample."""
    parts = [
        (said(Ced(0.3), Silence(0.075), Say((TSI, DCS_FRAME)), Silence(0.055)), ("V.17 7200", {})),
        (said(Check("V.17 7200", 0.3), Silence(0.3)), ("V.17 7200", {"short": True})),
        (
            said(
                image("V.17 7200", random_bits(3000)),
                Silence(0.045),
                Say((DCS_FRAME,)),
                Silence(0.15),
                image("V.17 7200", random_bits(2000)),
                Silence(0.2),
            ),
            ("V.29 9600", {"frames": True}),
        ),
        (
            said(
                image("V.29 9600", encode([bytes(range(100))] * 9, opening=240)),
                Silence(0.06),
                Say((EOP,)),
                Silence(0.1),
            ),
            (None, {}),
        ),
        (said(Say((EOP,)), Silence(0.15)), (None, {})),
    ]
    sound = np.concatenate([one for one, _ in parts])
    noisy = whole(sound + noise(len(sound) / 8000, -45.0, 1)[: len(sound)])
    ends = np.cumsum([len(one) for one, _ in parts])
    return noisy, [(int(end), *what) for end, (_, what) in zip(ends, parts, strict=True)]


def attended(sound, expected, cuts, forgotten=None):
    """Events where each thing is expected at its sample, and the rest cut anyhow."""
    ears, events = Ears(), []
    at = {end: (rate, options) for end, rate, options in expected}
    marks = sorted({0, len(sound), *(one % len(sound) for one in cuts), *at, forgotten or 0})
    for begin, end in pairwise(marks):
        if begin in at:
            rate, options = at[begin]
            ears.expect(rate, **options)
        if begin == forgotten:
            ears.reset()
        events += ears.process(sound[begin:end])
    return joined(events)


def test_a_call_is_heard():
    sound, expected = call()
    events = attended(sound, expected, range(0, len(sound), 160))
    frame = ["V.21 up", "Flags", "Control", "V.21 down"]
    first = ["V.21 up", "Flags", "Control", "Control", "V.21 down"]
    pictures = ["fast up", "Trained", *["Picture"] * 9, "fast down"]
    assert kinds(events) == [*first, *FAST, *FAST, *frame, *FAST, *pictures, *frame, *frame]
    assert frames(events) == [(one, True) for one in (TSI, DCS_FRAME, DCS_FRAME, EOP, EOP)]
    assert frames(events, Picture) == [(bytes(range(100)), True)] * 9
    check, first_page, second_page = data(events)
    assert zeros(check) >= 2160
    assert contains(first_page, random_bits(3000))
    assert contains(second_page, random_bits(2000))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, 200_000), max_size=300), st.one_of(st.none(), st.integers(1, 60_000))
)
@example(list(range(0, 200_000, 160)), None)
@example(list(range(0, 200_000, 37)), 30_011)
def test_it_hears_the_same_however_the_sound_is_cut(cuts, forgotten):
    sound, expected = call()
    events = attended(sound, expected, cuts, forgotten)
    assert plain(events) == plain(attended(sound, expected, [], forgotten))


@pytest.mark.parametrize("rate", RATES)
def test_a_burst_of_each_modem_is_heard(rate):
    ears, sent = Ears(), random_bits(6000)
    ears.expect(rate)
    check = hear(ears, said(Silence(0.1), Check(rate), Silence(0.2)))
    assert kinds(check) == FAST
    assert zeros(data(check)[0]) >= 1.35 * int(rate.split()[1])
    ears.expect(rate, short=True)
    page = hear(ears, said(Silence(0.1), image(rate, sent), Silence(0.2)))
    assert kinds(page) == FAST
    assert contains(data(page)[0], sent)
    begin, end = page[0].at, page[-1].at
    assert begin > check[-1].at
    assert 6000 / int(rate.split()[1]) <= (end - begin) / 8000 <= 6000 / int(rate.split()[1]) + 1.3
    assert ears.modem.quality > 30
    assert abs(ears.modem.frequency_offset) < 0.1
    assert len(ears.modem.symbols()) == 2048


@pytest.mark.parametrize("rate", RATES)
def test_of_two_sides_mixed_one_may_begin_before_the_other_has_ended(rate):
    frame, sent = np.trim_zeros(said(Say((TSI,))), "b"), random_bits(6000)
    page = said(image(rate, sent, short=False), Silence(0.1))
    mixed = np.zeros(len(frame) - 800 + len(page), dtype=np.int16)
    mixed[: len(frame)] += frame
    mixed[len(frame) - 800 :] += page
    ears = Ears(mixed=True)
    ears.expect(rate)
    events = hear(ears, mixed)
    assert [one for one in kinds(events) if one in FAST] == FAST
    assert contains(data(events)[0], sent)


@pytest.mark.parametrize("rate", RATES)
def test_libspandsps_modems_are_heard(rate):
    name, number = rate.lower().replace(".", "").split()
    long = spandsp_modems.Transmitter(name, int(number))
    short = spandsp_modems.Transmitter(name, int(number), short_training=name == "v17")
    silence = np.zeros(800, dtype=np.int16)
    check, page = np.zeros(int(1.5 * int(number)), dtype=np.uint8), random_bits(6000)
    ears = Ears()
    ears.expect(rate)
    events = hear(ears, np.concatenate([silence, long.modulate(check), silence]))
    assert kinds(events) == FAST
    assert zeros(data(events)[0]) >= len(check)
    ears.expect(rate, short=True)
    events = hear(ears, np.concatenate([silence, short.modulate(page), silence]))
    assert kinds(events) == FAST
    assert contains(data(events)[0], page)


def test_what_comes_last_is_heard_when_the_call_is_over():
    sent = np.trim_zeros(said(Say((EOP,))), "b")
    ears = Ears()
    early = hear(ears, np.concatenate([np.zeros(100, np.int16), sent]))
    assert frames(early) == []
    assert kinds(early + ears.finish()) == V21
    assert ears.finish() == []


def test_the_receiver_of_a_rate_is_kept_with_what_it_has_learned():
    ears = Ears()
    ears.expect("V.17 14400")
    first = ears.modem
    ears.expect(None)
    ears.expect("V.17 14400", short=True)
    assert ears.modem is first
    ears.expect("V.17 12000")
    assert ears.modem is not first
    ears.expect(None)
    assert ears.process(said(Silence(0.1), Check("V.17 12000"), Silence(0.2))) == []


@pytest.mark.parametrize("gap", [0.0, 0.01, 0.055, 0.095])
@pytest.mark.parametrize("rate", RATES)
def test_frames_are_heard_that_follow_a_page_soon(rate, gap):
    sent = random_bits(5000, 1)
    ears = Ears()
    ears.expect(rate)
    page = np.trim_zeros(said(image(rate, sent, short=False)), "b")
    after = said(Silence(gap), Say((EOP,)), Silence(0.1))
    events = hear(ears, np.concatenate([np.zeros(333, np.int16), page, after]))
    found = [one for one in kinds(events) if one != "Data"]
    # the end of the one may be known after the beginning of the other
    assert sorted(found) == sorted([*FAST[:2], "fast down", *V21])
    assert [one for one in found if one in V21] == V21
    assert found.index("fast down") < found.index("Flags")
    assert frames(events) == [(EOP, True)]
    assert contains(data(events)[0], sent)


@pytest.mark.parametrize("rate", RATES)
def test_frames_are_heard_instead_of_a_page(rate):
    # the DCS and its check are said again where their answer was lost
    ears = Ears()
    ears.expect(rate)
    hear(ears, said(Silence(0.075), Check(rate), Silence(0.2)))
    ears.expect(rate, short=True)
    events = hear(ears, said(Silence(1.0), Say((TSI, DCS_FRAME)), Silence(0.06)))
    assert kinds(events) == [*V21[:3], *V21[2:]]
    assert frames(events) == [(TSI, True), (DCS_FRAME, True)]
    ears.expect(rate)
    events = hear(ears, said(Check(rate), Silence(0.2)))
    assert kinds(events) == FAST


@pytest.mark.parametrize("rate", RATES)
def test_bursts_follow_each_other_without_being_expected_again(rate):
    ears = Ears()
    ears.expect(rate)
    hear(ears, said(Silence(0.1), Check(rate), Silence(0.2)))
    ears.expect(rate, short=True)
    sent = [random_bits(3000, seed) for seed in range(3)]
    sound = said(*(part for one in sent for part in (Silence(0.1), image(rate, one))), Silence(0.2))
    events = hear(ears, sound)
    assert kinds(events) == FAST * 3
    assert all(contains(*pair) for pair in zip(data(events), sent, strict=True))


@pytest.mark.parametrize("rate", RATES)
def test_frames_of_error_correction_are_heard(rate):
    sent = [b"\xff\x03\x06" + bytes([n]) + random_bits(64, n).tobytes() for n in range(10)]
    bits = encode([*sent, *[b"\xff\x03\x86"] * 3], opening=40, closing=2)
    broken = bits.copy()
    broken[1500] ^= 1
    ears = Ears()
    ears.expect(rate, frames=True)
    for one in (bits, broken):
        events = hear(ears, said(Silence(0.1), image(rate, one, short=False), Silence(0.2)))
        assert data(events) == []
        found = frames(events, Picture)
        good = [octets for octets, right in found if right]
        wrong = [octets for octets, right in found if not right and octets[:3] == b"\xff\x03\x06"]
        assert len(wrong) == (one is broken)
        assert good == [
            *(part for part in sent if part[3] not in {b[3] for b in wrong}),
            *[b"\xff\x03\x86"] * 3,
        ]


def test_no_training_is_a_carrier_at_the_most():
    # another rate of the same modem has the same training, and no ones that are ones
    rng = np.random.default_rng(0)
    for rate, other in (("V.17 14400", "V.17 7200"), ("V.29 9600", "V.29 7200")):
        ears = Ears()
        ears.expect(rate)
        sound = said(Silence(0.2), image(other, random_bits(9000), short=False), Silence(0.06))
        hit = sound.copy()
        # the end of the training is gone
        at = 1600 + (11000 if other == "V.17 7200" else 1700)
        hit[at : at + 1500] = rng.normal(0, 4000, 1500)
        after = said(Say((EOP,)), Silence(0.1))
        for one in (sound, hit, sound[4000:], sound[12000:]):
            ears.reset()
            events = hear(ears, np.concatenate([one, after]))
            assert frames(events) == [(EOP, True)]
            found = kinds(events)
            assert found.count("fast up") == found.count("fast down")


def test_a_training_fails_and_what_follows_is_heard():
    ears = Ears()
    ears.expect("V.29 9600")
    sound = said(Silence(0.2), image("V.29 9600", random_bits(9000), short=False))
    # the ones at the end of the training come with the phase of another time
    sound[1600 + 1720 : 1600 + 2200] = sound[4000:4480]
    events = hear(ears, np.concatenate([sound, said(Silence(0.06), Say((EOP,)), Silence(0.1))]))
    assert kinds(events) == ["fast up", "TrainingFailed", "fast down", *V21]
    assert frames(events) == [(EOP, True)]


@pytest.mark.parametrize("snr", [20, 10])
def test_flags_of_libspandsp_are_heard_in_noise_and_none_of_the_noise(snr):
    sent = [TSI, DCS_FRAME]
    for seed in range(5):
        bits = spandsp_hdlc.sent(sent, opening=32, between=1)
        sound = spandsp_modems.Transmitter("v21", 300, level=-13.0).modulate(
            np.concatenate([bits, bits[:16]])
        )
        level = -13.0 - snr
        noisy = burst(sound, before=(2.0, level), during=level, after=(2.0, level), seed=seed)
        ears = Ears()
        ears.expect("V.17 14400")
        events = hear(ears, noisy)
        assert frames(events) == [(one, True) for one in sent]
        assert [one for one in kinds(events) if one in ("Flags", "V.21 down")] == V21[1:4:2]
        begin = next(one.at for one in events if isinstance(one, Flags))
        assert 16000 + 0.13 * 8000 < begin < 16000 + 0.35 * 8000
        assert not any(one.startswith("fast") for one in kinds(events))


@pytest.mark.parametrize("level", [-33.0, -13.0])
def test_noise_is_no_fax(level):
    for seed, rate in enumerate(FEW):
        ears = Ears()
        ears.expect(rate)
        events = hear(ears, whole(noise(20.0, level, seed)))
        assert set(kinds(events)) <= {"V.21 up", "V.21 down"}


@pytest.mark.skipif(not PROMPTS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed")
def test_speech_is_no_fax():
    ears, heard = [Ears() for _ in FEW], 0
    for one, rate in zip(ears, FEW, strict=True):
        one.expect(rate)
    for _, sound in islice(recorded(PROMPTS), 60):
        heard += len(sound)
        for one in ears:
            assert set(kinds(hear(one, whole(sound)))) <= {"V.21 up", "V.21 down"}
    assert heard > 60 * 8000


def test_nothing_is_known_of_what_was_before_a_reset():
    ears = Ears()
    sound = said(Say((TSI, DCS_FRAME)), Silence(0.2))
    events = ears.process(sound[:12000])
    assert frames(events) == []
    assert kinds(events) == ["V.21 up", "Flags"]
    ears.reset()
    # what is left of the frame is no frame
    later = ears.process(sound[12000:])
    assert frames(later) in ([], [(DCS_FRAME, True)])
    assert all(one.at >= 12000 - 60 for one in later)


def test_a_rate_that_there_is_not_is_refused():
    with pytest.raises(ModemError, match="no fax modem"):
        Ears().expect("V.34 33600")


@pytest.mark.parametrize("wrong", [np.zeros(160), np.zeros((2, 80), dtype=np.int16)])
def test_samples_of_another_kind_are_refused(wrong):
    with pytest.raises(ModemError, match="samples of"):
        Ears().process(wrong)


pieces = st.tuples(
    st.sampled_from(["control", "check", "image", "noise", "silence", "full"]),
    st.sampled_from(FEW),
    st.integers(0, 20000),
    st.floats(0.0, 1.0),
)
orders = st.sampled_from([*FEW, None, "reset", "nothing"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(pieces, orders, st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_whatever_is_heard_carriers_come_and_go_in_turn(story):
    ears = Ears()
    for (what, rate, length, begin), order, short, in_frames in story:
        if order == "reset":
            ears.reset()
        elif order != "nothing":
            ears.expect(order, short=short, frames=in_frames)
        sound = {
            "control": lambda: said(Say((EOP,))),
            "check": lambda rate=rate: said(Check(rate)),
            "image": lambda rate=rate: said(image(rate, random_bits(9000))),
            "noise": lambda: np.random.default_rng(1).normal(0, 5000, 20000).astype(np.int16),
            "silence": lambda: np.zeros(20000, dtype=np.int16),
            "full": lambda: np.where(np.arange(20000) % 7 < 3, 32767, -32768).astype(np.int16),
        }[what]()
        at = int(begin * len(sound))
        events = ears.process(sound[at : at + length])
        for fast in (False, True):
            states = [one.up for one in events if isinstance(one, Carrier) and one.fast == fast]
            assert all(one != other for one, other in pairwise(states))
