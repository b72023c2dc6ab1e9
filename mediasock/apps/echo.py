"""Send a caller's sound back, frame by frame, inside the hub."""

from __future__ import annotations

from ..app import App
from ..call import Call
from ..media import StreamLost


class Echo(App):
    """Answer and echo until the caller hangs up."""

    async def on_call(self, call: Call) -> None:
        """Echo one call."""
        try:
            async with call.media() as media:
                media.loop_back()
                async for _ in media.detections():
                    pass  # it ends with the call
        except StreamLost:
            await call.reenter()
