"""A detector of one's own, run over all calls at once beside the built-in ones.

mediasock serve examples.own_detector:LoudCallers
"""

from collections.abc import Sequence

import numpy as np

from dsp.types import Detection, Rows, Samples, dbm0
from mediasock.app import App
from mediasock.call import Call


class Shouting:
    """Report blocks louder than −6 dBm0: ``(calls, samples)`` in, detections out."""

    def __init__(self, calls: int) -> None:
        self.heard = np.zeros(calls, dtype=np.int64)

    def process(self, block: Samples, rows: Rows | None = None) -> Sequence[Detection]:
        rows = np.arange(len(block)) if rows is None else rows
        start, end = self.heard[rows], self.heard[rows] + block.shape[1]
        self.heard[rows] = end
        level = dbm0(np.mean(block.astype(np.float32) ** 2, axis=1))
        return [
            Detection(int(rows[i]), "shout", "loud", int(start[i]), int(end[i]), float(level[i]))
            for i in np.flatnonzero(level > -6.0)
        ]

    def finish(self, rows: Rows | None = None) -> Sequence[Detection]:
        return []

    def reset(self, rows: Rows | None = None) -> None:
        self.heard[slice(None) if rows is None else rows] = 0


class LoudCallers(App):
    """Hang up on those who shout."""

    detectors = (Shouting,)

    async def on_call(self, call: Call) -> None:
        async with call.media() as media:
            async for detection in media.detections("shout"):
                await call.set("shouted_at", f"{detection.start / 8000:.2f}")
                break
        await call.hangup()
