"""Record both sides of a call to a stereo WAV while it runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from ..app import App
from ..call import Call
from ..media import StreamLost


class Record(App):
    """Answer and record until the caller hangs up or keys the ending digit.

    Notes
    -----
    Options: ``directory`` for the files (``<uuid>.wav``), ``prompt`` to play first (a file or
    ``tone_stream://…``), ``end`` the keys that end it, ``seconds`` the longest recording.
    """

    defaults: ClassVar = {"directory": "recordings", "prompt": "", "end": "#", "seconds": 3600.0}

    async def on_start(self) -> None:
        """Make the directory, so that a wrong one is told at the start and not in a call."""
        Path(self.options["directory"]).mkdir(parents=True, exist_ok=True)

    async def on_call(self, call: Call) -> None:
        """Record one call; a stream that is lost goes on in another file of it."""
        try:
            await self._record(call)
        except StreamLost:
            await call.reenter()
            return
        await call.hangup()

    async def _record(self, call: Call) -> None:
        async with call.media() as media:
            media.record(Path(self.options["directory"]) / call.file_name(".wav"))
            if self.options["prompt"] and not call.reentries:
                media.play(self.options["prompt"])
            with suppress(TimeoutError):
                async with asyncio.timeout(self.options["seconds"]):
                    await self._ending_key(call)

    async def _ending_key(self, call: Call) -> None:
        while await call.digits(timeout=None, barge_in=False) not in self.options["end"]:
            pass
