"""Bits that are all known before a burst, as a modem asks for them."""

from __future__ import annotations

from dsp.modem.types import Bits, BitSource

__all__ = ["sliced"]


def sliced(bits: Bits) -> BitSource:
    """Give bits as they are asked for.

    Parameters
    ----------
    bits
        ``(n,)`` uint8. They are not copied.

    Examples
    --------
    >>> import numpy as np
    >>> source = sliced(np.array([1, 0, 1], dtype=np.uint8))
    >>> source(2).tolist(), source(2).tolist(), source(2).tolist()
    ([1, 0], [1], [])
    """
    at = 0

    def source(count: int) -> Bits:
        nonlocal at
        begin, at = at, at + count
        return bits[begin:at]

    return source
