"""``${variable}`` in an application's data."""

from __future__ import annotations

import re
from collections.abc import Callable

_PLACE = re.compile(r"\$\{([^${}]*)\}")
_DEPTH = 8


def expand(text: str, get: Callable[[str], str | None]) -> str:
    """Put variables in their places, the inner ones first; one that is not set leaves nothing.

    Parameters
    ----------
    text
        May hold ``${name}`` anywhere, also inside another: ``${a_${b}}``.
    get
        Gives a variable's value.

    Examples
    --------
    >>> expand("/tmp/${uuid}.wav", {"uuid": "c0ffee"}.get)
    '/tmp/c0ffee.wav'
    """
    for _ in range(_DEPTH):
        found = _PLACE.sub(lambda match: get(match[1]) or "", text)
        if found == text:
            break
        text = found
    return text
