from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.esl.errors import InjectionError
from mediasock.esl.originate import originate_arguments


def test_an_originate_without_variables_has_no_braces() -> None:
    assert originate_arguments("user/1001", "1000 XML default") == "user/1001 1000 XML default"


def test_a_value_with_separators_is_quoted() -> None:
    variables = {"a": "1", "b": "x y", "c": "", "d": "p,q"}
    assert originate_arguments("user/1", "&park()", variables) == (
        "{a=1,b='x y',c='',d='p,q'}user/1 &park()"
    )


@given(value=st.text("ab,' =[]<>{}\\\n", max_size=10), name=st.text("a,=' {", max_size=4))
def test_a_value_stays_one_value_or_is_refused(value: str, name: str) -> None:
    try:
        text = originate_arguments("user/1", "&park()", {name: value, "last": "1"})
    except InjectionError:
        assert set(value) & set("'\\{}\n") or not name or set(name) & set(",=' {")
        return
    quoted = value if value and not set(value) & set(" ,[]<>") else f"'{value}'"
    assert text == f"{{{name}={quoted},last=1}}user/1 &park()"


@pytest.mark.parametrize(
    ("endpoint", "target"),
    [("", "&park()"), ("user/1 x", "&park()"), ("user/1", ""), ("user/1", " x"), ("u", "a\nb")],
)
def test_what_cannot_be_dialled(endpoint: str, target: str) -> None:
    with pytest.raises(InjectionError):
        originate_arguments(endpoint, target)
