"""The demonstration: the tone endpoint, and a call into it from the embedded switch.

Nothing is staged: the server listens on a real port, the switch dials it, the sound goes through
the kernel both ways, and what is printed is what the detectors say as they say it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .apps.tones import Tones
from .config import Config
from .serve import Server
from .switch.dialer import CallPlan, Outcome, place_call
from .switch.far_end import FarEnd, HangUp, Keys, Rfc2833, Step, Tone, Wait

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


async def run(directory: Path, say: Say) -> Outcome:
    """Run the demonstration.

    Parameters
    ----------
    directory
        Where the recording and the log are left.
    say
        Takes each line to be shown, as it happens.

    Returns
    -------
    Outcome
        How the call went, as the switch saw it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    heard: list[dict[str, Any]] = []

    def tell(line: dict[str, Any]) -> None:
        heard.append(line)
        say(_shown(line))

    app = _Shown({"prompt": str(PROMPT), "record": str(directory)}, tell)
    began = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    async with Server({"tones": app}, Config(listen="127.0.0.1:0")) as server:
        say(f"The tone endpoint listens on 127.0.0.1:{server.port}; the embedded switch calls it.")
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
