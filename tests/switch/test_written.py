import pytest

from mediasock.switch.written import has, number


def test_a_pattern_may_be_anywhere() -> None:
    assert has("[1-5]", "a3")
    assert not has("^[1-5]$", "a3")


@pytest.mark.parametrize("pattern", ["(", "x**", "\\", "x{4294967295}", "(" * 3000])
def test_one_that_cannot_be_read_is_nowhere(pattern: str) -> None:
    assert not has(pattern, pattern)


@pytest.mark.parametrize(
    ("text", "found"),
    [("0", 0), ("00042", 42), ("99999", 99999), ("000042", None), ("", None), ("-1", None)]
    + [(text, None) for text in ("4_2", " 42", "4.2", "٤٢", "²", "9" * 5000)],
)
def test_a_number_has_digits_alone_and_no_more_than_are_wanted(
    text: str, found: int | None
) -> None:
    assert number(text, 5) == found
