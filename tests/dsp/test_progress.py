import ctypes
import math

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.cadence import Detector
from dsp.plan import AUTO, FAX, PlanError, countries, load, parse
from dsp.progress import script, script_of
from dsp.tone_stream import TONE_PREFIX, render
from tests.support import spandsp
from tests.support.cadences import ended, rounds_of, sounded
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone
from tests.support.speech import PROMPTS, notes

NOT_ALWAYS = {
    ("ae", "ringback", (400.0, 425.0)),
    ("hu", "recall-dial", (375.0,)),
    ("ir", "recall-dial", (400.0, 425.0)),
    ("ng", "recall-dial", (400.0, 425.0)),
}
"""Tones that some onsets hide when they are off: 25 Hz apart is less than a unit resolves."""

EVERY = [
    (plan, cadence)
    for plan in countries()
    for cadence in load([plan])
    if (plan, cadence.value, cadence.intervals[0].frequencies) not in NOT_ALWAYS
]


def heard(signal, *plans):
    detector = Detector(len(signal), plans)
    return [*detector.process(signal), *detector.finish()]


def values(signal, *plans):
    return [one.value for one in ended(heard(signal, *plans))]


def sent(cadence, **settings):
    """As FreeSWITCH would play it, with silence about it."""
    rounds = 8 if cadence.continuous else rounds_of(cadence)
    played = render(script_of(cadence, rounds=rounds, **settings))
    return line(silence(0.4), played, silence(0.4))


@pytest.mark.parametrize("off", [(1.0, 1.0), (0.99, 1.0), (1.01, 1.0), (1.0, 0.92), (1.0, 1.08)])
@pytest.mark.parametrize("seed", range(24))
def test_the_tones_of_every_country_are_told_as_what_they_are(off, seed):
    detune, stretch = off
    rng = np.random.default_rng([seed, round(1000 * detune), round(1000 * stretch)])
    plan, cadence = EVERY[rng.integers(len(EVERY))]
    level = rng.uniform(-35, 0)
    # special information tones are told apart by their times
    stretch = 1.0 if cadence.value.startswith("sit") else stretch
    times = {"rounds": rounds_of(cadence), "stretch": stretch}
    signal, _ = sounded(cadence, level=level, detune=detune, seed=seed, **times)
    assert set(values(signal, plan, FAX)) == {cadence.value}


@pytest.mark.parametrize("plan", countries()[::6])
def test_what_is_sent_of_a_plan_is_heard_by_it(plan):
    for cadence in load([plan]):
        found = values(sent(cadence, level=-15.0), plan, FAX)
        assert set(found) == {cadence.value}


def test_a_plan_has_no_cadence_under_two_names():
    for plan in countries():
        meaning = {}
        for cadence in load([plan]):
            assert meaning.setdefault(cadence.intervals, cadence.value) == cadence.value, plan


@pytest.mark.parametrize("value", ["dial", "ringback", "busy", "reorder", "sit"])
def test_without_a_country_most_tones_are_told_and_none_as_dial_or_ringback(value):
    cadences = list(dict.fromkeys(c for _, c in EVERY if c.value == value))[::4]
    right = 0
    for cadence in cadences:
        signal, _ = sounded(cadence, rounds=rounds_of(cadence) + 2)
        found = set(values(signal, AUTO, FAX))
        right += found == {value}
        assert not {"dial", "ringback"} & (found - {value})
    assert right >= 0.6 * len(cadences)


def test_a_quick_busy_tone_waits_for_a_congestion_tone_that_begins_alike():
    bursts = [tone(0.2, (425, -15)), silence(0.2)] * 3
    congestion = [*bursts, silence(0.4)] * 4
    assert values(line(silence(0.3), *congestion), "es") == ["reorder"]
    busy = line(silence(0.3), *bursts * 4)
    (begun, over) = heard(busy, "es")
    assert (begun.value, begun.ended, over.value) == ("busy", False, "busy")
    assert begun.start == pytest.approx(2400, abs=80)


def test_a_dial_tone_waits_for_a_ringback_that_begins_alike():
    assert values(line(tone(2.0, (450, -15)), silence(4.5)), "tr") == ["ringback"]
    assert values(line(tone(3.0, (450, -15)), silence(4.5)), "tr") == ["dial"]


def test_a_tone_that_beats_is_told_from_one_of_its_frequencies_and_from_two():
    plan = ["in", "uk"]
    steady = [tone(0.75, (400, -15)), silence(0.75)] * 3
    assert values(line(silence(0.3), *steady), *plan) == ["busy"]
    double = [tone(0.4, (400, -15), (450, -15)), silence(0.2)] * 2
    assert values(line(silence(0.3), *double, silence(2.0), *double), *plan) == ["ringback"]
    at = np.arange(8000 * 3) / 8000
    for depth in (0.7, 1.0):
        beating = tone(3.0, (400, -15)) * (1 + depth * np.sin(2 * np.pi * 25 * at))
        (one,) = ended(heard(line(silence(0.3), beating, silence(0.3)), *plan))
        assert (one.value, one.start) == ("dial", pytest.approx(2400, abs=160))
        assert one.end == pytest.approx(2400 + 24000, abs=160)


def test_levels_within_a_cadence_are_told_apart():
    def bursts(*levels):
        parts = [(tone(0.375, (425, level)), silence(0.375)) for level in levels]
        return line(silence(0.3), *(one for pair in parts for one in pair), silence(0.3))

    assert values(bursts(*[-15, -25] * 4), "au") == ["reorder"]
    assert values(bursts(*[-25, -15] * 4), "au") == ["reorder"]
    assert values(bursts(*[-15] * 8), "au") == ["busy"]


def test_of_two_special_information_tones_that_fit_the_code_is_told():
    code = render("%(274,0,913.8);%(274,0,1370.6);%(380,0,1776.7)")[None]
    assert values(code, "de", "us") == ["sit-intercept"]
    assert values(code, "auto") == ["sit-intercept"]
    general = render("%(330,0,950);%(330,0,1400);%(330,0,1800)")[None]
    assert values(general, "auto") == ["sit"]


def melody(hertz, seconds, harmonics):
    """Notes of a plucked kind, one after another."""
    at = np.arange(round(seconds * 8000)) / 8000
    return np.concatenate(
        [
            sum(
                3000 / (k + 1) * np.sin(2 * np.pi * hz * (k + 1) * at + k) for k in range(harmonics)
            )
            * np.exp(-1.5 * at)
            for hz in hertz
        ]
    )


@pytest.mark.parametrize("harmonics", [1, 2, 5])
@pytest.mark.parametrize("seconds", [0.25, 0.5, 1.0, 2.0])
def test_music_about_440_hz_is_no_ringback(harmonics, seconds):
    arpeggio = melody([440.0, 554.4, 659.3, 554.4] * 8, seconds, harmonics)
    scale = melody([392.0, 440.0, 493.9, 523.3, 440.0, 349.2] * 6, seconds, harmonics)
    chords = sum(melody([hz, hz * 1.122] * 8, seconds, harmonics) for hz in (349.2, 440.0, 523.3))
    for sound in (arpeggio, scale, chords):
        for plans in (("us", "uk", "eu"), (AUTO,), ("fr",), ("au", "in", "jp")):
            assert heard(line(sound), *plans) == []


def test_music_of_many_instruments_is_no_tone():
    rng = np.random.default_rng(1)
    music = rows_of(*(line(2500 * notes(30.0, rng)) for _ in range(4)))
    for plans in (("us", "uk", "eu"), (AUTO,), ("fr", "au", "in", "jp")):
        assert heard(music, *plans) == []


@pytest.mark.parametrize("plans", [[AUTO], ["in", "jp", "au"]])
def test_speech_is_no_tone_of_no_country(plans):
    files = sorted(PROMPTS.rglob("*.wav"))
    if not files:
        pytest.skip("asterisk-core-sounds-en-wav is not installed")
    detector = Detector(1, plans)
    for file in files:
        sound, _ = soundfile.read(file, dtype="int16")
        assert [*detector.process(sound[None]), *detector.finish()] == [], file.name


MIXED = rows_of(
    *(
        sounded(next(c for c in load([plan]) if c.value == value), rounds=2, seed=7)[0]
        for plan, value in [("in", "ringback"), ("jp", "ringback"), ("za", "recall-dial")]
    ),
    line(noise(3.0, -20.0), tone(3.0, (413, -15), (438, -15)), silence(0.5)),
)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    longest=st.sampled_from([7, 160, 400, 3000]),
    plans=st.sampled_from([[AUTO], ["in", "jp", "za", "au"]]),
)
def test_however_rows_are_cut_into_blocks_the_same_is_told(seed, longest, plans):
    signal = MIXED if longest > 7 else MIXED[:, :4000]
    whole, cut = Detector(len(signal), plans), Detector(len(signal), plans)
    expected = [*whole.process(signal), *whole.finish()]
    found = [
        one for rows, block in pieces(signal, seed, longest) for one in cut.process(block, rows)
    ]
    found += cut.finish()
    assert by_row(found, len(signal)) == by_row(expected, len(signal))
    assert longest == 7 or len({one.value for one in expected}) > (plans != [AUTO])


def test_a_script_says_a_tone_as_freeswitch_plays_it():
    assert script("au", "reorder", rounds=3, level=-20.0) == (
        f"{TONE_PREFIX}v=-20;%(375,375,425);v=-30;%(375,375,425);loops=3"
    )
    recall = script("us", "sit-intercept", level=-18)
    assert recall == f"{TONE_PREFIX}v=-18;%(274,0,913.8);%(274,0,1370.6);%(380,0,1776.7)"
    assert script("za", "dial").endswith(";l=-1;%(10000,0,367,400,433)")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("us", "teatime"), "teatime"),
        (("us", "busy", 1), "no 1"),
        ((AUTO, "busy"), "no country"),
        ((FAX, "ansam"), "modulation"),
        (("atlantis", "busy"), "atlantis"),
    ],
)
def test_what_cannot_be_sent_is_a_plan_error(given, named):
    with pytest.raises(PlanError, match=named):
        script(given[0], given[1], which=given[2] if len(given) > 2 else 0)
    (loud,) = parse('kind="tone"\n[tones]\na=["400+450/500,0/500"]\n', "mine")
    with pytest.raises(PlanError, match="cannot be sent"):
        script_of(loud, level=-3.0)


REPORT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int)


def peer():
    library = spandsp.library()
    library.super_tone_rx_make_descriptor.restype = ctypes.c_void_p
    library.super_tone_rx_make_descriptor.argtypes = [ctypes.c_void_p]
    library.super_tone_rx_add_tone.argtypes = [ctypes.c_void_p]
    library.super_tone_rx_add_element.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 5]
    library.super_tone_rx_init.restype = ctypes.c_void_p
    library.super_tone_rx_init.argtypes = [*[ctypes.c_void_p] * 2, REPORT, ctypes.c_void_p]
    library.super_tone_rx.argtypes = [*[ctypes.c_void_p] * 2, ctypes.c_int]
    library.super_tone_tx_make_step.restype = ctypes.c_void_p
    library.super_tone_tx_make_step.argtypes = [
        ctypes.c_void_p,
        *[ctypes.c_float] * 4,
        *[ctypes.c_int] * 2,
    ]
    library.super_tone_tx_init.restype = ctypes.c_void_p
    library.super_tone_tx_init.argtypes = [ctypes.c_void_p] * 2
    library.super_tone_tx.argtypes = [*[ctypes.c_void_p] * 2, ctypes.c_int]
    return library


PEERED = [
    (plan, value)
    for plan in ("us", "uk", "de", "fr", "cn", "se", "tr")
    for value in ("ringback", "busy", "reorder")
]


@pytest.mark.parametrize(("plan", "value"), PEERED)
def test_what_is_sent_is_heard_by_libspandsp(plan, value):
    library = peer()
    cadence = next(one for one in load([plan]) if one.value == value)
    descriptor = library.super_tone_rx_make_descriptor(None)
    number = library.super_tone_rx_add_tone(descriptor)
    for one in cadence.intervals:
        low, high = (*(round(hz) for hz in one.frequencies), 0, 0)[:2]
        times = round(one.least * 1000), round(one.most * 1000)
        library.super_tone_rx_add_element(descriptor, number, low, high, *times)
    told = []
    report = REPORT(lambda _data, code, _level, _delay: told.append(code))
    state = library.super_tone_rx_init(None, descriptor, report, None)
    signal = sent(cadence, level=-12.0)[0]
    library.super_tone_rx(state, signal.ctypes.data, len(signal))
    assert number in told


@pytest.mark.parametrize(("plan", "value"), PEERED)
def test_what_libspandsp_sends_is_heard(plan, value):
    library = peer()
    cadence = next(one for one in load([plan]) if one.value == value)
    parts = []
    for one in cadence.intervals:
        low, high = (*one.frequencies, 0.0, 0.0)[:2]
        ms = round(500 * (one.least + one.most))
        level = -15.0 if one.frequencies else 0.0
        part = np.zeros(math.ceil(ms * 8), np.int16)
        # what both are made in is to be zero: it may find a third frequency there, or send nothing
        rooms = [ctypes.create_string_buffer(8192) for _ in range(2)]
        step = library.super_tone_tx_make_step(rooms[0], low, level, high, level, ms, 1)
        state = library.super_tone_tx_init(rooms[1], step)
        library.super_tone_tx(state, part.ctypes.data, len(part))
        parts.append(part)
    signal = line(silence(0.4), *parts * rounds_of(cadence), silence(0.4))
    assert values(signal, plan, FAX) == [value]
