from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl.errors import InjectionError
from mediasock.esl.wording import (
    Command,
    check_format,
    check_header_name,
    check_integer,
    check_line,
    check_text,
    check_word,
    check_words,
)


@given(text=st.text(), breaker=st.sampled_from("\r\n\0"), place=st.integers(0, 50))
def test_a_line_holds_no_line_break(text: str, breaker: str, place: int) -> None:
    with pytest.raises(InjectionError, match="the value"):
        check_line("the value", text[:place] + breaker + text[place:])


@given(word=st.text(st.characters(codec="utf-8", exclude_characters=" \t\r\n\0"), min_size=1))
def test_a_word_without_blanks_is_one(word: str) -> None:
    check_word("it", word)
    check_line("it", word)


@pytest.mark.parametrize("word", ["", "a b", "a\tb", "a\n", "\0", "\ud800"])
def test_what_is_no_word(word: str) -> None:
    with pytest.raises(InjectionError):
        check_word("it", word)
    with pytest.raises(InjectionError):
        check_words("it", ["fine", word])


def test_the_other_checks() -> None:
    with pytest.raises(InjectionError):
        check_text("it", "\ud800")
    with pytest.raises(InjectionError):
        check_header_name("it", "a:b")
    with pytest.raises(InjectionError):
        check_format("yaml")
    for value in (-1, 11, True, 1.5, "3"):
        with pytest.raises(InjectionError):
            check_integer("it", value, 0, 10)  # type: ignore[arg-type]
    check_integer("it", 10, 0, 10)


def test_a_command_is_its_line_and_an_empty_one() -> None:
    assert Command().render() == b"\n\n"
    assert Command().title == ""
