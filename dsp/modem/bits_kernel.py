"""What all loops that take bits ask of them."""

from __future__ import annotations

import numpy as np

from dsp.compiled import kernel
from dsp.modem.types import Bits

__all__ = ["binary"]


@kernel
def binary(bits: Bits) -> bool:
    """Return whether all are 0 or 1."""
    seen = np.uint8(0)
    for bit in bits:
        seen |= bit
    return bool(seen <= 1)
