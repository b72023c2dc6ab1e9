"""The call's sound as numpy: a level meter, a line a second.

mediasock serve examples.level_meter:LevelMeter
"""

import numpy as np

from dsp.types import dbm0
from mediasock.app import App
from mediasock.call import Call


class LevelMeter(App):
    """Print how loud the caller is, in dBm0, once a second."""

    async def on_call(self, call: Call) -> None:
        async with call.media() as media:
            second: list[np.ndarray] = []
            async for frame in media.frames():
                second.append(frame.samples)
                if sum(map(len, second)) >= 8000:
                    samples = np.concatenate(second).astype(float)
                    print(f"{call.uuid} {dbm0(np.mean(samples**2)):6.1f} dBm0", flush=True)
                    second.clear()
