"""Patterns and numbers as an application writes them."""

import re


def has(pattern: str, text: str) -> bool:
    """Whether a text has a pattern; one that cannot be read is nowhere.

    Examples
    --------
    >>> has("^[0-9]$", "5"), has("(", "(")
    (True, False)
    """
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        return False


def number(text: str, digits: int) -> int | None:
    """The number that a text is, of no more digits than that; ``None`` where it is none.

    Examples
    --------
    >>> number("8084", 5), number("-1", 5), number("808400", 5)
    (8084, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
