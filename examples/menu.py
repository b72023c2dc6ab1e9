"""A menu that a key interrupts: the prompt stops as soon as a key is down.

mediasock serve examples.menu:Menu
"""

from mediasock.app import App
from mediasock.call import Call


class Menu(App):
    """Ask for a number of up to four digits that # ends, and read it back as tones."""

    defaults = {"prompt": "tone_stream://%(5000,0,350,440)"}

    async def on_call(self, call: Call) -> None:
        async with call.media() as media:
            media.play(self.options["prompt"])
            number = await media.digits(max=4, end="#", timeout=10, interdigit=3)
            if number:
                await media.playback(f"tone_stream://d=100;w=100;{number}")
            await call.set("menu_choice", number or "none")
        await call.hangup()
