"""The tone endpoint: tell everything that is heard in a call, and answer with tones of our own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from dsp.types import RATE, Detection

from ..app import App, HandOver
from ..call import Call
from ..media import StreamLost
from ..session import MediaSession


def as_json(call: str, detection: Detection) -> dict[str, Any]:
    """Describe a detection as one object: times in seconds of the call's sound, level in dBm0."""
    return {
        "call": call,
        "kind": detection.kind,
        "value": detection.value,
        "start": round(detection.start / RATE, 4),
        "end": None if detection.end is None else round(detection.end / RATE, 4),
        "level": round(detection.level, 1),
    }


class Tones(App):
    """Report every detection on standard output, a JSON object a line.

    Notes
    -----
    Options: ``prompt`` to play when the call begins (a file or ``tone_stream://…``), ``echo``
    to send each digit back as DTMF, ``end`` the keys that hang up, ``record`` a directory for
    stereo recordings of the calls. When a fax machine is heard calling (CNG), ``fax_app`` is the
    application of this server that goes on with the call, or ``fax_extension`` the extension of
    the dialplan that it is sent to.

    A detection that still sounds has ``"end": null`` and comes again when it has ended. Digits
    that came as RFC 2833 have no place in the sound; they are told as kind ``rfc2833`` at the
    moment of their arrival.
    """

    defaults: ClassVar = {
        "prompt": "",
        "echo": False,
        "end": "",
        "record": "",
        "fax_app": "",
        "fax_extension": "",
    }

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(options)
        self.heirs = tuple(filter(None, [self.options["fax_app"]]))

    async def on_start(self) -> None:
        """Make the directory of the recordings, so that a wrong one is told at the start."""
        if self.options["record"]:
            Path(self.options["record"]).mkdir(parents=True, exist_ok=True)

    async def on_call(self, call: Call) -> None:
        """Listen to one call until it ends, or a key or a fax is heard that ends it here."""
        try:
            faxes = await self._listen(call)
        except StreamLost:
            await call.reenter()
            return
        if not faxes:
            await call.hangup()
        elif self.options["fax_app"]:
            raise HandOver(self.options["fax_app"])
        else:
            await call.transfer(self.options["fax_extension"])

    async def _listen(self, call: Call) -> bool:
        """Listen, and say whether it ended with a fax that is to go elsewhere."""
        async with call.media() as media:
            if self.options["record"]:
                media.record(Path(self.options["record"]) / call.file_name(".wav"))
            if self.options["prompt"] and not call.reentries:
                media.play(self.options["prompt"])
            media.on_detection(lambda heard: self.report(as_json(call.uuid, heard)))
            call.on_rfc2833(lambda digit: self.report(self._out_of_band(call, media, digit)))
            keys = asyncio.ensure_future(self._answer_keys(call, media))
            fax = asyncio.ensure_future(self._fax_calling(media))
            try:
                await asyncio.wait((keys, fax), return_when=asyncio.FIRST_COMPLETED)
                await (keys if keys.done() else fax)
                return not keys.done()
            finally:
                keys.cancel()
                fax.cancel()
                await asyncio.gather(keys, fax, return_exceptions=True)

    async def _fax_calling(self, media: MediaSession) -> None:
        """Wait until a fax is heard that goes elsewhere, or for ever."""
        if self.options["fax_app"] or self.options["fax_extension"]:
            async for _ in media.detections("cng"):
                return
        await asyncio.Event().wait()

    async def _answer_keys(self, call: Call, media: MediaSession) -> None:
        """Echo keys and stop prompts at them, until an ending key."""
        while True:
            key = await call.digits(max=1, timeout=None)
            if key in self.options["end"]:
                return
            if self.options["echo"]:
                media.play(f"tone_stream://d=100;w=100;{key}")

    def _out_of_band(self, call: Call, media: MediaSession, digit: str) -> dict[str, Any]:
        now = round(media.position / RATE, 4)
        return {
            "call": call.uuid,
            "kind": "rfc2833",
            "value": digit,
            "start": now,
            "end": now,
            "level": None,
        }

    def report(self, line: dict[str, Any]) -> None:
        """Tell one thing that was heard; a subclass may send it elsewhere."""
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
