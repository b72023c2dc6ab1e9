"""Bridge the call to somebody else, wait until they have done, and hang up.

mediasock serve examples.bridge:Bridge --set Bridge.to=user/1000
"""

import logging

from mediasock.app import App
from mediasock.call import Call

log = logging.getLogger(__name__)


class Bridge(App):
    """Send the caller to a dial string."""

    defaults = {"to": "{ignore_early_media=true}loopback/echo"}

    async def on_call(self, call: Call) -> None:
        await call.answer()
        over = await call.bridge(self.options["to"])
        log.info("bridge over: %s, %s", over.disposition, over.cause, extra={"call": call.uuid})
        await call.hangup()
