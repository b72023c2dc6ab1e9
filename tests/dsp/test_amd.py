import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.amd import AmdError, Detector, Parameters
from tests.support.signals import by_row, line, noise, pieces, rows_of, silence, tone
from tests.support.speech import GREETINGS, WELCOME, at_level, can_speak, spoken

PROMPT = soundfile.read(WELCOME, dtype="int16")[0].astype(float)
WORD = PROMPT[3000:6200]
"""0.4 s of speech without a pause."""


def heard(signal, parameters=None):
    detector = Detector(len(signal), parameters)
    return [*detector.process(signal), *detector.finish()]


def value(*parts, **parameters):
    (one,) = heard(line(*parts), Parameters(**parameters))
    assert (one.kind, one.start) == ("amd", 0)
    return one.value


def test_a_word_and_a_silence_are_a_person():
    (one,) = heard(line(silence(0.5), WORD, silence(2)))
    assert one.value == "human"
    assert one.end == pytest.approx((0.5 + 0.4 + 0.8) * 8000, abs=800)
    assert one.level == pytest.approx(-23, abs=2)


def test_nobody_speaks():
    assert value(silence(3)) == "machine:initial-silence"
    assert value(noise(3, -25)) == "machine:initial-silence"
    assert value(tone(3, (440, -15), (480, -15))) == "machine:initial-silence"
    assert value(silence(3), initial_silence=1000) == "machine:initial-silence"
    (one,) = heard(line(silence(3)), Parameters(initial_silence=1000))
    assert one.end == 8000


def test_a_long_greeting_is_a_machine():
    parts = silence(0.3), PROMPT[2000:11000], silence(2)
    apart = {"between_words_silence": 200}
    assert value(*parts, greeting=700, **apart) == "machine:long-greeting"
    assert value(*parts, greeting=2000, **apart) == "human"


def test_many_words_are_a_machine():
    parts = [part for _ in range(3) for part in (WORD[:2400], silence(0.4))]
    assert value(silence(0.3), *parts, silence(2), greeting=4000) == "machine:many-words"
    more = {"greeting": 4000, "maximum_number_of_words": 4}
    assert value(silence(0.3), *parts, silence(2), **more) == "human"


def test_a_word_that_is_too_long_is_a_machine():
    parts = silence(0.3), PROMPT[2000:11000], silence(1)
    limits = {"greeting": 5000, "maximum_number_of_words": 9, "maximum_word_length": 500}
    limits["between_words_silence"] = 200
    assert value(*parts, **limits) == "machine:long-word"


def test_after_a_while_it_is_not_sure():
    parts = [part for _ in range(5) for part in (WORD, silence(0.6))]
    limits = {"greeting": 9000, "maximum_number_of_words": 20}
    (one,) = heard(line(silence(0.5), *parts), Parameters(**limits))
    assert (one.value, one.end) == ("notsure:too-long", 40000)


def test_what_is_softer_than_the_threshold_is_silence():
    soft = silence(0.3), WORD * 0.02, silence(3)
    assert value(*soft, silence_threshold=500) == "machine:initial-silence"
    assert value(*soft, silence_threshold=0) == "human"


@pytest.mark.skipif(not can_speak(), reason="espeak-ng is not installed")
@pytest.mark.parametrize("level", [-25.0, -15.0, -5.0])
def test_people_and_machines(level):
    values = [value(silence(0.4), at_level(spoken(text), level), silence(3)) for text in GREETINGS]
    assert values[0] == "human"
    assert all(one.startswith("machine:") for one in values[2:])


def test_a_call_that_ends_before_is_neither():
    assert heard(line(silence(0.5), WORD, silence(0.3))) == []


def test_it_is_told_once_and_begun_again_at_the_answer():
    detector = Detector(2, at_once=False)
    ringing = line(tone(3, (440, -15), (480, -15)))
    both = np.concatenate([ringing, ringing])
    assert detector.process(both) == []
    detector.begin(np.array([1]))
    answer = line(silence(0.5), WORD, silence(2))
    (one,) = detector.process(np.concatenate([answer, answer]))
    assert (one.row, one.value, one.start) == (1, "human", 24000)
    detector.begin()
    found = detector.process(np.concatenate([line(silence(3)), line(silence(3))]))
    start = 24000 + answer.shape[1]
    assert [(one.row, one.start, one.end) for one in found] == [
        (0, start, start + 20000),
        (1, start, start + 20000),
    ]


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([53, 160, 800, 4000]))
def test_any_way_of_cutting_rows_gives_the_same(seed, longest):
    signal = rows_of(
        line(silence(0.4), WORD, silence(1.2)),
        line(silence(0.2), PROMPT[:16000] * 0.3),
        line(noise(2.6, -30)),
    )
    expected = heard(signal)
    detector = Detector(len(signal))
    found = [
        one
        for rows, block in pieces(signal, seed, longest)
        for one in detector.process(block, rows)
    ]
    found += detector.finish()
    assert by_row(found, len(signal)) == by_row(expected, len(signal))
    assert len(expected) == 3


def test_a_parameter_that_makes_no_sense():
    with pytest.raises(AmdError):
        Parameters(greeting=-1)
