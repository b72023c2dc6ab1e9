"""Ask the switch something that takes a while, without making the caller wait for it.

mediasock serve examples.background_job:BackgroundJob
"""

from mediasock.app import App
from mediasock.call import Call


class BackgroundJob(App):
    """Hold the caller with a tone while a background job runs, and note its answer."""

    defaults = {"command": "status"}

    async def on_call(self, call: Call) -> None:
        async with call.media() as media:
            media.play("tone_stream://%(200,800,440)", loops=-1)
            answer = await call.connection.bgapi(self.options["command"])
            media.break_()
        await call.set("job_answer", answer.splitlines()[0] if answer else "")
        await call.hangup()
