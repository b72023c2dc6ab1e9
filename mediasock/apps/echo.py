"""Send a caller's sound back, frame by frame, inside the hub."""

from __future__ import annotations

from ..app import App
from ..call import Call


class Echo(App):
    """Answer and echo until the caller hangs up."""

    async def on_call(self, call: Call) -> None:
        """Echo one call."""
        async with call.media() as media:
            media.loop_back()
            await call.wait_hangup()
