"""What the FreeSWITCH wiki does by hand with netcat: answer, play, break, hang up.

mediasock serve examples.walkthrough:Walkthrough
"""

import asyncio

from mediasock.app import App
from mediasock.call import Call


class Walkthrough(App):
    """Answer, play a file, play a tone that is stopped in the middle, hang up."""

    defaults = {"file": "tone_stream://%(400,100,440,480);loops=2", "stop_after": 0.7}

    async def on_call(self, call: Call) -> None:
        await call.answer()
        await call.playback(self.options["file"])
        async with asyncio.TaskGroup() as both:  # ends with the call, and leaves no task behind
            both.create_task(call.playback("tone_stream://%(20000,0,440)"))
            await asyncio.sleep(self.options["stop_after"])
            await call.break_()
        await call.hangup()
