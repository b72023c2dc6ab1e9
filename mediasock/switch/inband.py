"""``start_dtmf``: keys that a phone sends as tones, told of like telephone-events."""

from __future__ import annotations

from dsp import dtmf
from dsp.resample import Downsampler
from dsp.types import RATE, Samples


class Inband:
    """Hear keys in one call's sound.

    Parameters
    ----------
    rate
        Samples a second of the call, 8000 or 16000.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> Inband(8000).hear(render("d=60;w=60;4;2"))
    ['4', '2']
    """

    def __init__(self, rate: int) -> None:
        self._detector = dtmf.Detector(1)
        self._down = Downsampler(1) if rate != RATE else None
        self._told = -1

    def hear(self, samples: Samples) -> list[str]:
        """Take ``(n,)`` samples and return the keys that have become certain in them."""
        block = samples[None]
        if self._down is not None:
            block = self._down.process(block)
        keys = []
        for one in self._detector.process(block):
            if one.start > self._told:
                self._told = one.start
                keys.append(one.value)
        return keys
