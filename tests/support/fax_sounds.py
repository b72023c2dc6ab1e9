"""What a mouth says, whole, and bits for it to say."""

import numpy as np

from dsp.fax.mouth import Mouth, Signal
from dsp.modem.types import Bits
from dsp.types import Samples


def said(*signals: Signal, level: float = -13.0) -> Samples:
    """All samples of some signals; what fills up the last 20 ms is silence."""
    mouth = Mouth(level)
    mouth.say(*signals)
    parts = [np.zeros(0, dtype=np.int16)]
    while not mouth.done:
        parts.append(mouth.pull(160))
    return np.concatenate(parts)


def random_bits(count: int, seed: int = 0) -> Bits:
    return np.random.default_rng(seed).integers(0, 2, count, dtype=np.uint8)
