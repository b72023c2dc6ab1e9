"""The demonstration: the tone and the fax endpoint, called by the embedded switch.

Nothing is staged: the server listens on a real port, the switch dials it, the sound goes through
the kernel both ways, and what is printed is what the detectors say as they say it, and what a fax
machine at the far end and the endpoint have said to each other.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dsp.fax.config import Config as FaxConfig
from dsp.fax.document import Page, read
from dsp.fax.ready import warm
from dsp.fax.result import Result
from dsp.fax.sink import Pages
from dsp.fax.terminal import FaxTerminal

from .apps.fax import Fax
from .apps.tones import Tones
from .config import Config
from .serve import Server
from .switch.dialer import CallPlan, Outcome, place_call
from .switch.far_end import FarEnd, HangUp, Keys, Rfc2833, Step, Tone, Wait
from .switch.talking import TalkingPhone

PROMPT = Path(__file__).parent / "prompts" / "welcome.flac"

SCRIPT: tuple[Step, ...] = (
    Wait(6.0),
    Keys("159#"),
    Wait(0.5),
    Rfc2833("42"),
    Wait(0.5),
    Tone("tone_stream://%(1500,500,350,440);%(500,500,1100);l=3;%(500,500,480,620)"),
    Wait(0.5),
    HangUp(),
)
"""What the phone does: listens to the prompt, keys digits as tones and two beside the sound, plays
a dial tone, the calling tone of a fax, and busy."""

LETTER = """Dear reader,

this page was text a minute ago. It has been drawn, coded, put into frames with
check sums, and sung through a telephone call by a modem at 14,400 bit/s; at the
other end it was heard, checked, decoded, written to the disk and synced, and only
then confirmed.

Yours,
mediasock
"""

Say = Callable[[str], None]


class _Shown(Tones):
    """The tone endpoint, telling what it hears to the demonstration."""

    def __init__(self, options: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(options)
        self._tell = tell

    def report(self, line: dict[str, Any]) -> None:
        """Show what was heard."""
        self._tell(line)


def _shown(line: dict[str, Any]) -> str:
    level = "" if line["level"] is None else f"{line['level']:6.1f} dBm0"
    ended = "…" if line["end"] is None else f"{line['end']:.2f}"
    return f"  {line['start']:6.2f} – {ended:>6} s  {line['kind']:8} {line['value']:10} {level}"


async def run(directory: Path, say: Say) -> bool:
    """Run the demonstration.

    Parameters
    ----------
    directory
        Where what comes of it is left: a recording, logs, received faxes.
    say
        Takes each line to be shown, as it happens.

    Returns
    -------
    bool
        Whether all calls went well, as the switch saw them.
    """
    directory.mkdir(parents=True, exist_ok=True)
    letter = directory.resolve() / "letter.txt"
    letter.write_text(LETTER)
    heard: list[dict[str, Any]] = []

    def tell(line: dict[str, Any]) -> None:
        heard.append(line)
        say(_shown(line))

    apps = {
        "tones": _Shown({"prompt": str(PROMPT), "record": str(directory)}, tell),
        "fax": Fax({"spool": str(directory), "header": "mediasock", "ident": "+1 555 0100"}),
    }
    async with Server(apps, Config(listen="127.0.0.1:0")) as server:
        say(f"The tone endpoint listens on 127.0.0.1:{server.port}; the embedded switch calls it.")
        outcome = await _tones(server, directory, heard, say)
        say("")
        faxes = await _faxes(server, letter, directory, say)
    return outcome.went_well and faxes


async def _tones(server: Server, directory: Path, heard: list[dict[str, Any]], say: Say) -> Outcome:
    """Call the tone endpoint, and keep what it hears."""
    began = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    outcome = await place_call(
        CallPlan("127.0.0.1", server.port, FarEnd(SCRIPT, rate=8000), seconds=60.0)
    )
    media = server.hub.metrics().streams
    log = directory / f"{outcome.uuid}.json"
    record = {
        "began": began,
        "call": outcome.uuid,
        "hangup_cause": outcome.hangup_cause,
        "seconds": round(outcome.seconds, 2),
        "frames": {"received": media.received, "sent": media.sent, "lost": media.lost},
        "detections": heard,
    }
    log.write_text(json.dumps(record, indent=1) + "\n")
    say(f"The call lasted {outcome.seconds:.1f} s: {media.received} frames in, {media.sent} out.")
    say(f"Both sides, left heard and right sent: {directory / f'{outcome.uuid}.wav'}")
    say(f"All that was heard, as JSON:           {log}")
    return outcome


async def _faxes(server: Server, letter: Path, directory: Path, say: Say) -> bool:
    """Send a fax to the fax endpoint and have it send one, both at the same time."""
    await asyncio.to_thread(warm)
    pages, taken = await asyncio.to_thread(lambda: list(read(letter))), Pages()
    far = FaxConfig(ident="+1 555 0199")
    sender = FaxTerminal(True, send=pages, config=far)
    receiver = FaxTerminal(False, receive=taken, config=far)

    async def call(terminal: FaxTerminal, **variables: str) -> Outcome:
        phone = TalkingPhone(terminal)
        plan = CallPlan("127.0.0.1", server.port, phone, path="fax", full=False)
        return await place_call(replace(plan, variables=variables, seconds=120.0))

    say("Two fax machines call the fax endpoint: one sends a page to it, one is sent a page by it.")
    received, sent = await asyncio.gather(
        call(sender), call(receiver, fax_mode="send", fax_file_name=letter.name)
    )
    document = directory / f"{received.uuid}.tiff"
    _show_fax("received by the endpoint", received.result, say)
    _show_fax("sent by the endpoint", sent.result, say)
    exact = document.exists() and _same(list(read(document)), pages)
    say(f"The page that it received, {'the same' if exact else 'NOT THE SAME'}: {document}")
    say(f"The call as JSON, with its trace:      {document.with_suffix('.json')}")
    return exact and sent.result.ok and len(taken) == len(pages)


def _show_fax(what: str, result: Result, say: Say) -> None:
    """Show a fax as the machine at the far end has seen it."""
    for line in result.trace:
        say(f"  {line}")
    ended = result.outcome.text if result.outcome else "it goes on"
    say(f"  {what}: {len(result.confirmed)} page by {result.rate}, {result.seconds:.1f} s, {ended}")


def _same(pages: list[Page], others: list[Page]) -> bool:
    return len(pages) == len(others) and all(
        np.array_equal(one.rows, other.rows) for one, other in zip(pages, others, strict=True)
    )
