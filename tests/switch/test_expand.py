from hypothesis import given
from hypothesis import strategies as st

from mediasock.switch.expand import expand

VALUES = {"a": "1", "b": "a", "loop": "${loop}", "two": "${a}${a}"}


def test_variables_in_their_places() -> None:
    assert expand("x${a}y${none}z", VALUES.get) == "x1yz"
    assert expand("${${b}}", VALUES.get) == "1"
    assert expand("${two}", VALUES.get) == "11"
    assert expand("$a ${", VALUES.get) == "$a ${"


def test_a_variable_that_holds_itself_has_an_end() -> None:
    assert expand("${loop}", VALUES.get) == "${loop}"


@given(st.text("${}abtwoloop ", max_size=60))
def test_any_text_has_an_end(text: str) -> None:
    assert len(expand(text, VALUES.get)) <= 256 * (len(text) + 8)
