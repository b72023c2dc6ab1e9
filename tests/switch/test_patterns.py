import pytest

from mediasock.switch.patterns import has


def test_a_pattern_may_be_anywhere() -> None:
    assert has("[1-5]", "a3")
    assert not has("^[1-5]$", "a3")


@pytest.mark.parametrize("pattern", ["(", "x**", "\\", "x{4294967295}", "(" * 3000])
def test_one_that_cannot_be_read_is_nowhere(pattern: str) -> None:
    assert not has(pattern, pattern)
