from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl.originate import originate_arguments
from mediasock.faxing.destination import (
    DestinationError,
    check_dial_string,
    check_name,
    check_template,
    dialled,
    gateway,
    number,
)

SYNTAX = "0123+ ()-./*#{}[]<>|,:_'\"\\;&$@=\r\n\t\0a٣²"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+1 (555) 010-0199", "+15550100199"),
        ("030/123.45", "03012345"),
        ("*67#1", "*67#1"),
        ("+49 (0)30 123456", "+4930123456"),
        (" +44(0)20 7946 0000", "+442079460000"),
        ("+39 06 698", "+3906698"),
        ("(0)30 123456", "030123456"),
        ("+43-(0)-1-58858", "+43158858"),
    ],
)
def test_numbers_as_people_write_them(written: str, meant: str) -> None:
    assert number(written) == meant


@given(st.text(SYNTAX, max_size=12))
def test_a_number_is_nothing_but_a_number_in_the_command(text: str) -> None:
    try:
        endpoint = dialled("sofia/gateway/pstn/{number}", text)
    except DestinationError:
        return
    command = originate_arguments(endpoint, "&park()", {"a": "b"})
    assert re.fullmatch(r"\{a=b\}sofia/gateway/pstn/\+?[0-9*#]+ &park\(\)", command, re.ASCII)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "+", "1,2", "1|2", "{a=b}1", "[a=b]1", "1 &park()", "1\n2", "1\r\n\r\napi x",
        "1\0", "1:_:2", "1@example.com", "abc", "٣", "1²", "1;x", "$1", "1'", "++1",
        "1" * 41,
    ],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(DestinationError):
        number(text)


@pytest.mark.parametrize("text", ["", "user/1 2", "user/1\n", "user/1\0", "user/1\x1b", "\ud800"])
def test_what_is_no_dial_string(text: str) -> None:
    with pytest.raises(DestinationError):
        check_dial_string(text)


def test_a_dial_string_of_ones_own_is_freeswitchs_language() -> None:
    text = "{a=b}user/1,[c=d]user/2|user/3"
    assert dialled("", "office", text) == text


@pytest.mark.parametrize("text", ["sofia/gateway/pstn", "{number}{number}", "a {number}", ""])
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(DestinationError):
        check_template(text)


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\x1b[2J", "x" * 101])
def test_a_name_is_a_line_that_can_be_shown(text: str) -> None:
    with pytest.raises(DestinationError):
        check_name(text)
    assert check_name("Office, 2nd floor") == "Office, 2nd floor"


def test_what_calls_of_a_gateway_have_in_common() -> None:
    assert gateway("sofia/gateway/pstn/1") == gateway("{x=y}[z=1]sofia/gateway/pstn/2")
    assert gateway("error") == ""
