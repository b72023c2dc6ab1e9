"""Patterns that an application writes."""

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
