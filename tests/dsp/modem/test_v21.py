"""V.21 with itself and with libspandsp, over lines; its carrier, and what is none."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp import signals
from dsp.line import (
    Clock,
    Codec,
    FrequencyOffset,
    Jitter,
    Line,
    Noise,
    PhaseHits,
    Shape,
    burst,
    shapes,
)
from dsp.modem import v21
from dsp.modem.types import ModemError
from dsp.types import dbm0
from tests.support import spandsp_modems as peer
from tests.support.speech import PROMPTS, recorded

FLAG = [0, 1, 1, 1, 1, 1, 1, 0]
LEVEL = -13.0
PIECES = st.lists(st.integers(0, 500), max_size=8)
PATTERNS = st.lists(st.integers(0, 1), min_size=1, max_size=80)


def sent(count, seed=0, flags=37):
    """Flags, then random bits with a change in six at least, as HDLC has them, then two flags."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, count).tolist()
    for at in range(5, count):
        if len(set(bits[at - 5 : at + 1])) == 1:
            bits[at] ^= 1
    return np.array(FLAG * flags + bits + FLAG * 2, dtype=np.uint8)


def silence(seconds):
    return np.zeros(round(seconds * 8000), dtype=np.int16)


def noisy(sound, snr, *, level=LEVEL, seed=0):
    """A burst in noise that is there before and after it as well."""
    return burst(
        sound, before=(0.5, level - snr), during=level - snr, after=(0.5, level - snr), seed=seed
    )


def heard(sound, block=160, receiver=None):
    """Bits, reports, and after how many samples each of these was made."""
    receiver = receiver or v21.Receiver()
    bits, reports, times = [], [], []
    for begin in range(0, len(sound), block):
        bits.append(receiver.process(sound[begin : begin + block]))
        new = receiver.reports()
        reports += new
        times += [begin + block] * len(new)
    return np.concatenate(bits), reports, times


def wrong(got, bits, skipped=30, extra=2):
    """How many bits differ: of all but the first few, up to the last, after which few may come."""
    wanted = bits[skipped:]
    begins = range(max(0, len(got) - len(wanted) - extra), len(got) - len(wanted) + 1)
    found = (got[begin : begin + len(wanted)] != wanted for begin in begins)
    return min((int(one.sum()) for one in found), default=len(bits))


@given(PATTERNS, PIECES)
def test_it_is_sent_the_same_in_any_pieces(pattern, pieces):
    bits = np.array(pattern, dtype=np.uint8)
    sender = v21.Transmitter()
    whole = sender.modulate(bits)
    queue = iter(pattern)
    sender.start(lambda count: np.array(list(itertools.islice(queue, count)), dtype=np.uint8))
    sizes, parts = itertools.cycle([*pieces, 7]), []
    while not sender.done:
        parts.append(sender.pull(next(sizes)))
    assert np.array_equal(np.concatenate(parts), whole)
    assert len(whole) == -(-len(bits) * 80 // 3)
    assert len(sender.pull(10)) == 0


@pytest.mark.parametrize("count", [-1, -160])
def test_there_are_no_samples_before_none(count):
    sender = v21.Transmitter()
    sender.start(lambda wanted: np.ones(wanted, dtype=np.uint8))
    with pytest.raises(ModemError, match="samples"):
        sender.pull(count)


def test_a_source_may_not_give_more_than_it_is_asked_for():
    sender = v21.Transmitter()
    sender.start(lambda wanted: np.ones(wanted + 1, dtype=np.uint8))
    with pytest.raises(ModemError, match="the source gave"):
        sender.pull(160)


@pytest.mark.parametrize("level", [-43.0, -13.0, -1.0])
def test_it_is_as_loud_as_asked(level):
    sound = v21.Transmitter(level=level).modulate(sent(2000))
    assert dbm0(np.mean(sound.astype(float) ** 2)) == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: v21.Receiver(channel=3),
        lambda: v21.Transmitter(channel=0),
        lambda: v21.Transmitter(level=9.0),
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(ModemError):
        wrong()


@given(PATTERNS, PIECES)
def test_any_bits_come_through_however_the_sound_is_cut(pattern, pieces):
    bits = np.array(FLAG * 3 + pattern + FLAG, dtype=np.uint8)
    sound = np.concatenate([silence(0.05), v21.Transmitter().modulate(bits), silence(0.1)])
    first = v21.Receiver()
    whole, reports = first.process(sound), first.reports()
    assert whole[: len(bits)].tolist() == bits.tolist()
    assert len(whole) <= len(bits) + 2
    second, at, parts = v21.Receiver(), 0, []
    for size in itertools.cycle([*pieces, 99]):
        parts.append(second.process(sound[at : at + size]))
        at += size
        if at >= len(sound):
            break
    assert np.array_equal(np.concatenate(parts), whole)
    assert second.reports() == reports
    assert np.array_equal(second.symbols(), first.symbols())


def test_noise_is_cut_any_way_as_well():
    sound = noisy(v21.Transmitter().modulate(sent(600)), 0.0)
    whole = heard(sound, block=len(sound))
    for block in (1, 37, 160, 9000):
        got = heard(sound, block=block)
        assert np.array_equal(got[0], whole[0])
        assert got[1] == whole[1]


@pytest.mark.parametrize("snr", [2.0, -2.0])
def test_bit_errors_in_noise(snr):
    """The reach is 1e-4 at 2 dB; that is had at −2 dB."""
    bits = sent(20000)
    sound = v21.Transmitter().modulate(bits)
    got, reports, _ = heard(noisy(sound, snr, seed=1))
    assert [one.what for one in reports] == ["carrier up", "carrier lost"]
    assert wrong(got, bits) <= (0 if snr > 0 else 4)


@pytest.mark.parametrize("snr", [40.0, 2.0])
def test_libspandsp_sends(snr):
    bits = sent(5000)
    sound = peer.Transmitter("v21", 300, level=LEVEL).modulate(bits)
    got, reports, _ = heard(noisy(sound, snr, seed=2))
    assert [one.what for one in reports] == ["carrier up", "carrier lost"]
    assert wrong(got, bits) == 0


def test_libspandsp_receives():
    """As well as it does from its own transmitter, which loses a bit in 10,000 at 2.9 dB."""
    bits = sent(5000)
    for snr, most in ((30.0, 0), (4.0, 2)):
        sound = noisy(v21.Transmitter().modulate(bits), snr, seed=3)
        receiver = peer.Receiver("v21", 300)
        got = receiver.process(sound[4000:])
        assert wrong(got, bits, extra=400) <= most


@pytest.mark.parametrize("hz", [-20.0, 20.0])
@pytest.mark.parametrize("ppm", [-300.0, 300.0])
def test_both_clocks_and_frequencies_may_be_off(hz, ppm):
    bits = sent(4000)
    line = Line([Clock(ppm), FrequencyOffset(hz), Noise(LEVEL - 2.0)], seed=4)
    sound = v21.Transmitter().modulate(bits)
    sound = line.process(np.concatenate([silence(0.5), sound, silence(0.5)]))
    receiver = v21.Receiver()
    got, reports, _ = heard(sound[:-8000], receiver=receiver)
    assert receiver.frequency_offset == pytest.approx(hz, abs=2.5)
    assert receiver.timing_offset == pytest.approx(ppm, abs=100)
    assert receiver.quality == pytest.approx(2.0, abs=1.5)
    rest, more, _ = heard(sound[-8000:], receiver=receiver)
    assert [one.what for one in reports + more] == ["carrier up", "carrier lost"]
    assert wrong(np.concatenate([got, rest]), bits) == 0


@pytest.mark.parametrize("level", [-43.0, -30.0, -1.0])
def test_levels(level):
    bits = sent(600)
    sound = np.concatenate(
        [silence(0.3), v21.Transmitter(level=level).modulate(bits), silence(0.3)]
    )
    got, reports, _ = heard(sound)
    assert [one.what for one in reports] == ["carrier up", "carrier lost"]
    assert wrong(got, bits, skipped=0) == 0


def test_below_its_floor_there_is_no_carrier():
    """V.21 clause 6: none below −48 dBm0."""
    sound = v21.Transmitter(level=-48.5).modulate(sent(600))
    assert len(heard(np.concatenate([sound, silence(0.2)]))[1]) == 0


@pytest.mark.parametrize("shape", shapes())
def test_shapes_of_lines(shape):
    bits = sent(600)
    sound = v21.Transmitter().modulate(bits)
    line = Line([Shape(shape), Codec("pcmu"), Jitter(10.0, 60.0), Noise(LEVEL - 15.0)], seed=5)
    got, reports, _ = heard(line.process(np.concatenate([silence(0.3), sound, silence(0.5)])))
    assert [one.what for one in reports] == ["carrier up", "carrier lost"]
    assert wrong(got, bits) == 0


@pytest.mark.parametrize("snr", [30.0, 2.0])
def test_when_the_carrier_comes_and_goes(snr):
    """Both are told within 50 ms, and told to have been when they were."""
    for seed in range(20):
        bits = sent(300, seed=seed)
        sound = v21.Transmitter().modulate(bits)
        got, reports, times = heard(noisy(sound, snr, seed=seed), block=16)
        assert [one.what for one in reports] == ["carrier up", "carrier lost"]
        (up, lost), end = reports, 4000 + len(sound)
        assert times[0] - 4000 <= 400
        assert times[1] - end <= 240
        assert abs(up.position - 4000) <= (10 if snr > 10 else 120)
        assert abs(lost.position - end) <= 60
        assert up.bits == 0
        assert lost.bits == len(got)
        assert abs(len(got) - len(bits)) <= 3
        assert wrong(got, bits, skipped=4) == 0


@pytest.mark.parametrize(("milliseconds", "ends"), [(12, 1), (60, 2)])
def test_a_gap_as_of_lost_frames_is_an_end_where_it_is_long(milliseconds, ends):
    sound = v21.Transmitter().modulate(sent(300))
    gap = silence(milliseconds / 1000)
    _, reports, _ = heard(np.concatenate([sound[:9000], gap, sound[9000:], silence(0.1)]))
    assert [one.what for one in reports] == ["carrier up", "carrier lost"] * ends


def test_bursts_follow_one_another():
    bits = [sent(100, seed=seed, flags=8) for seed in range(4)]
    sender = v21.Transmitter()
    parts = [part for one in bits for part in (silence(0.075), sender.modulate(one))]
    got, reports, _ = heard(np.concatenate([*parts, silence(0.1)]))
    assert [one.what for one in reports] == ["carrier up", "carrier lost"] * 4
    begins = [one.bits for one in reports[::2]]
    for begin, end, one in zip(begins, [*begins[1:], len(got)], bits, strict=True):
        assert wrong(got[begin:end], one, skipped=0) == 0


def test_restarted_it_hears_the_next_burst():
    bits = sent(100, flags=8)
    sound = v21.Transmitter().modulate(bits)
    receiver = v21.Receiver()
    receiver.process(sound)
    assert receiver.carrier
    assert receiver.trained
    receiver.restart()
    assert not receiver.carrier
    receiver.reports()
    got, reports, _ = heard(np.concatenate([sound, silence(0.1)]), receiver=receiver)
    assert wrong(got, bits, skipped=0) == 0
    assert reports[0].position == pytest.approx(len(sound), abs=30)


def test_phase_hits_cost_a_few_bits():
    bits = sent(3000)
    line = Line([PhaseHits(90.0, rate=60.0), Noise(LEVEL - 20.0)], seed=6)
    sound = line.process(np.concatenate([v21.Transmitter().modulate(bits), silence(0.3)]))
    got, _, _ = heard(sound)
    assert wrong(got, bits) <= 60


def by_two_oscillators(bits):
    """What a sender gives that switches between two tones, neither of which waits for its turn."""
    at = np.arange(len(bits) * 80 // 3)
    hz = np.where(bits[at * 3 // 80] == 1, 1650, 1850)
    return np.rint(5000 * np.sin(2 * np.pi * hz * at / 8000)).astype(np.int16)


@pytest.mark.parametrize("snr", [40.0, 8.0])
def test_a_sender_need_not_keep_the_phase(snr):
    """Half a second it takes to be found out, of the preamble's whole one."""
    bits = sent(3000)
    got, reports, _ = heard(noisy(by_two_oscillators(bits), snr, seed=9))
    assert [one.what for one in reports] == ["carrier up", "carrier lost"]
    assert wrong(got, bits, skipped=150) == 0


def test_symbols_are_one_and_minus_one():
    bits = sent(1000)
    receiver = v21.Receiver()
    receiver.process(v21.Transmitter().modulate(bits)[:-400])
    points = receiver.symbols()
    assert 1000 < len(points) <= len(bits)
    assert len(receiver.symbols()) == 0
    settled = points[100:]
    assert np.abs(np.abs(settled.real) - 1).max() < 0.15
    assert np.abs(settled.imag).max() < 0.15
    assert (settled.real > 0).mean() == pytest.approx(bits.mean(), abs=0.02)


def test_sound_of_another_kind_is_refused():
    receiver = v21.Receiver()
    for sound in (np.zeros(160), np.zeros((1, 160), dtype=np.int16)):
        with pytest.raises(ModemError):
            receiver.process(sound)
    bits = sent(100)
    sound = np.concatenate([v21.Transmitter().modulate(bits), silence(0.1)])
    got = receiver.process(np.repeat(sound, 2)[::2])
    assert wrong(got, bits) == 0


def test_channel_1():
    bits = sent(500)
    sound = np.concatenate([v21.Transmitter(channel=1).modulate(bits), silence(0.1)])
    got, _, _ = heard(sound, receiver=v21.Receiver(channel=1))
    assert wrong(got, bits, skipped=2) == 0
    assert heard(sound)[1] == []


@pytest.mark.parametrize(("modem", "rate"), [one for one in peer.MODEMS if one != ("v21", 1)])
def test_other_modems_are_no_carrier(modem, rate):
    assert heard(peer.data(modem, rate, 10.0))[1] == []


@pytest.mark.parametrize("tone", [one for one in signals.FAX if one != "preamble"])
def test_tones_of_modems_are_no_carrier(tone):
    assert heard(signals.fax(tone, 8.0))[1] == []


@pytest.mark.parametrize(
    "pair",
    [
        (697, 1633),
        (941, 1633),
        (852, 1477),
        (350, 440),
        (1650,),
        (1850,),
        (1700,),
        (1750,),
        (1800,),
    ],
)
def test_tones_near_the_two_are_no_carrier(pair):
    """DTMF, dial tones, carriers of modems without data: nothing that is not keyed."""
    rng = np.random.default_rng(7)
    time = np.arange(800) / 8000
    parts = []
    for _ in range(50):
        phases = rng.uniform(0, 6.3, len(pair))
        tones = [
            np.sin(2 * np.pi * hz * time + phase) for hz, phase in zip(pair, phases, strict=True)
        ]
        parts += [np.sum(tones, axis=0) * 5000, np.zeros(400)]
    sound = np.rint(np.concatenate(parts)).astype(np.int16)
    assert heard(Line([Noise(-55.0)], seed=7).process(sound))[1] == []


def test_noise_is_no_carrier():
    sound = Line([Noise(-20.0)], seed=8).process(silence(120.0))
    assert heard(sound, block=8000)[1] == []


@pytest.mark.skipif(not PROMPTS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed")
def test_speech_is_no_carrier():
    """25 minutes of it; the screams of monkeys are not speech."""
    for name, sound in recorded(PROMPTS):
        if name != "tt-monkeys.wav":
            samples = np.clip(np.rint(sound), -32768, 32767).astype(np.int16)
            assert heard(samples, block=8000)[1] == [], name


def test_nothing_that_happened_is_forgotten():
    """Of 40 bursts that nobody asked about in between."""
    burst = v21.Transmitter().modulate(np.array([0, 1, 1, 1, 1, 1, 1, 0] * 8, dtype=np.uint8))
    sound = np.tile(np.concatenate([burst, np.zeros(1600, dtype=np.int16)]), 40)
    for block in (len(sound), 160):
        receiver = v21.Receiver()
        for begin in range(0, len(sound), block):
            receiver.process(sound[begin : begin + block])
        assert [one.what for one in receiver.reports()] == ["carrier up", "carrier lost"] * 40
