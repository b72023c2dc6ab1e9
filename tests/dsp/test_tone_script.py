import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.tone_script import KEYS, Scanner, Setting, Sound, ToneStreamError, statements

numbers = st.integers(0, 100_000)
frequencies = st.lists(st.integers(1, 3999), min_size=1, max_size=18)
settings_ = st.tuples(st.sampled_from("dwlL><+"), numbers)
sounds = st.tuples(numbers, numbers, frequencies)


def read(text: str) -> list[Setting | Sound]:
    return list(statements(Scanner(text)))


@given(st.lists(st.one_of(settings_, sounds, st.sampled_from(sorted(KEYS))), min_size=1))
def test_what_is_written_is_what_is_read(
    script: list[tuple[str, int] | tuple[int, int, list[int]] | str],
) -> None:
    words = []
    for statement in script:
        match statement:
            case (str() as name, int() as value):
                words.append(f"{name}={value}")
            case (int() as on, int() as off, list() as tones):
                words.append(f"%({on},{off},{','.join(map(str, tones))})")
            case str() as key:
                words.append(key)
    found = read(" ;".join(words))
    for statement, got in zip(script, found, strict=True):
        match statement:
            case (str() as name, int() as value):
                assert got == Setting(name, value, got.position)
            case (int() as on, int() as off, list() as tones):
                assert got == Sound(tuple(tones), on, off, got.position)
            case str() as key:
                assert got == Sound(KEYS[key], None, None, got.position)


@given(st.text("%(),;=0123456789.*#ABCDvdwlLrc<>+- \n\t", max_size=60) | st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        read(text)
    except ToneStreamError as error:
        assert 0 <= error.position <= len(text)


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("%(100,50,440", 12, "')' is wanted"),
        ("%(100,50)", 8, "',' is wanted"),
        ("%(100,50,440,)", 13, "a frequency is wanted"),
        ("%[100]", 1, "'(' is wanted"),
        ("%(-1,50,440)", 2, "a time in ms from 0"),
        ("%(100,50,440,-3)", 13, "a frequency from 0"),
        ("%(100,50,0,440)", 14, "first frequency is 0"),
        ("5(100,50,440)", 8, "')' is wanted"),
        ("v=3;1", 2, "a level in dBm0 from -63 to 0"),
        ("r=0;1", 2, "a rate from 1000"),
        ("d=1x", 3, "';' is wanted"),
        ("d=", 2, "not 'the end'"),
        ("q=1", 0, "no setting is called 'q'"),
        ("1 a", 2, "no tone is called 'a'"),
        ("d=" + "9" * 5000, 2, "a time in ms from 0"),
        ("d=\N{ARABIC-INDIC DIGIT FIVE}", 2, "a time in ms is wanted"),
        (f"%(1,1{',1' * 19})", 42, "more than 18"),
    ],
)
def test_each_fault_is_named_with_its_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(ToneStreamError) as caught:
        read(text)
    assert caught.value.position == position
    assert reason in str(caught.value)


def test_the_list_of_frequencies_ends_at_zero_and_below_zero_is_silence() -> None:
    assert read("%(1,2,440,0,480)") == [Sound((440.0,), 1, 2, 0)]
    assert read("%(1,2,-1)") == [Sound((), 1, 2, 0)]


def test_only_the_first_word_of_a_statement_sets() -> None:
    with pytest.raises(ToneStreamError, match="no tone is called 'v' at 1"):
        read("1v=-7")


def test_times_are_cut_to_whole_milliseconds() -> None:
    assert read("5( 100.9 , 50 )") == [Sound(KEYS["5"], 100, 50, 0)]
