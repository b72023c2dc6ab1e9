"""Having everything compiled before a burst comes."""

from __future__ import annotations

import numpy as np

from dsp.modem import v17, v21

__all__ = ["warm"]


def warm() -> None:
    """Compile all loops of the modems, or load them from the disk.

    Tables and modems do not make a difference to what is compiled, so one of V.17 does for all.

    Examples
    --------
    >>> warm()
    """
    bits = np.ones(64, dtype=np.uint8)
    v17.Receiver().process(v17.Transmitter().modulate(bits))
    v21.Receiver().process(v21.Transmitter().modulate(bits))
