"""Speak to a person, and leave a message on an answering machine after its beep.

mediasock serve examples.leave_message:LeaveMessage

FreeSWITCH calls somebody and hands the call over once it is answered:
originate sofia/gateway/carrier/15551234 &socket('127.0.0.1:8084 async full')
"""

import asyncio

from mediasock.app import App
from mediasock.call import Call


class LeaveMessage(App):
    """Say one thing to a person and another to a machine; note which it was in ``answered_by``."""

    detect = ("amd", "beep")
    defaults = {
        "greeting": "tone_stream://%(300,0,440)",
        "message": "tone_stream://%(300,0,620)",
        "patience": 30.0,
    }

    async def on_call(self, call: Call) -> None:
        async with call.media() as media:
            by = "nobody"
            say = self.options["message"]
            try:
                async with asyncio.timeout(self.options["patience"]):
                    async for heard in media.detections("amd", "beep"):
                        if heard.value == "human":
                            by, say = "human", self.options["greeting"]
                            break
                        if heard.kind == "beep":
                            by = "machine"
                            break
            except TimeoutError:
                pass
            await call.set("answered_by", by)
            await media.playback(say)
        await call.hangup()
