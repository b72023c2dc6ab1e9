"""A voice changed as it comes: what is said comes back as a robot says it.

mediasock serve examples.robot:Robot
"""

import numpy as np

from dsp.types import RATE, Samples
from mediasock.app import App
from mediasock.call import Call

HZ = 50.0


class RingModulator:
    """Multiplies the voice with a tone, block by block, without a click between two blocks."""

    done = False

    def __init__(self) -> None:
        self._at = 0

    def process(self, block: Samples) -> Samples:
        """Hear some milliseconds, and say as many: called in the media thread, so be quick."""
        time = (self._at + np.arange(len(block))) / RATE
        self._at += len(block)
        changed: Samples = (block * np.sin(2 * np.pi * HZ * time)).astype(np.int16)
        return changed


class Robot(App):
    """Answer and let everybody hear himself as a robot."""

    async def on_call(self, call: Call) -> None:
        async with call.media() as media:
            await media.converse(RingModulator())
