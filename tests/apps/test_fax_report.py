"""What the dialplan is told of a fax, on calls that take it and calls that do not."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.apps.fax_report import set_variables
from mediasock.esl.errors import CommandRefused, Disconnected, HungUp, WaitTimeout


class Call:
    """A call that takes what it is asked to execute, or raises."""

    uuid = "c-1"

    def __init__(self, error=None):
        self.error = error
        self.asked = []

    async def execute(self, application, argument="", *, lock=False, timeout=None):
        self.asked.append((application, argument, lock, timeout is not None))
        if self.error is not None:
            raise self.error


def told(call, values):
    return asyncio.run(set_variables(call, values))


def test_all_at_once_by_a_delimiter_that_none_of_them_has():
    call = Call()
    assert told(call, {"a": "1;2", "b": "${c}\nd", "c": "$1$\\{d}"})
    assert call.asked == [("multiset", "^^|a=1;2|b={c}d|c=$1{d}", True, True)]


def test_what_has_a_quotation_mark_is_set_alone_as_it_is():
    call = Call()
    assert told(call, {"a": "1", "b": "O'Brien $1.tiff", "c": "2"})
    assert call.asked == [
        ("set", "b=O'Brien $1.tiff", True, True),
        ("multiset", "^^;a=1;c=2", True, True),
    ]


@given(st.text(st.sampled_from("${}\\'\n;a")))
def test_no_value_is_expanded(value):
    call = Call()
    told(call, {"a": value})
    [(_, argument, _, _)] = call.asked
    assert not re.search(r"\$[$\\]*\{", argument)


def test_one_by_one_where_all_delimiters_are_taken():
    call = Call()
    assert told(call, {"a": ";|~^", "b": "2"})
    assert call.asked == [("set", "a=;|~^", True, True), ("set", "b=2", True, True)]


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (HungUp("NORMAL_CLEARING"), False),
        (Disconnected("gone"), False),
        (CommandRefused("sendmsg", "-ERR no"), True),
        (WaitTimeout("multiset", 30), True),
    ],
)
@pytest.mark.parametrize("value", ["1", ";|~^"])
def test_a_call_that_does_not_take_them_ends_nothing(error, logged, value, caplog):
    assert not told(Call(error), {"a": value})
    assert ("no variables" in caplog.text) == logged
