"""Having all that is made once made before a burst comes."""

from __future__ import annotations

import numpy as np

from dsp.modem import trellis, v17, v21, v27ter, v29

__all__ = ["warm"]


def warm() -> None:
    """Compile all loops of the modems, or load them from the disk, and make their tables.

    To what is compiled modems make no difference, so bursts of V.17, one with each training, do
    for all of QAM.

    Examples
    --------
    >>> warm()
    """
    bits = np.ones(64, dtype=np.uint8)
    v21.Receiver().process(v21.Transmitter().modulate(bits))
    for short in (False, True):
        sound = v17.Transmitter(short_training=short).modulate(bits)
        v17.Receiver(short_training=short).process(sound)
    trellis.Decoder(14400).process(np.zeros(1, dtype=np.complex64))
    scrambler = v17.scheme().scrambler
    scrambler.descramble(bits, scrambler.state())
    for module in (v17, v29, v27ter):
        for rate in module.BIT_RATES:
            for short in (False, True)[: 1 + (module.scheme(rate).short is not None)]:
                module.Transmitter(rate, short_training=short)
                module.Receiver(rate, short_training=short)
