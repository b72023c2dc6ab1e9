"""The switch's own loopback legs, for ``bridge`` to have something at its other end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from dsp.types import Samples

from .audio import Audio, open_audio
from .errors import AudioError, DialplanError

TONE = "tone_stream://%(1000,0,440);loops=-1"

_VARIABLES = re.compile(r"^\s*(\{[^}]*\}|\[[^\]]*\]|<[^>]*>)\s*")


@dataclass(slots=True)
class Leg:
    """The other end of a bridge.

    Parameters
    ----------
    uuid
        Its ``Unique-ID``.
    extension, context
        Which of the switch's own extensions it is.
    audio
        What it says; with nothing it gives back what it hears.
    cause
        Why it hung up; empty while it is up.
    """

    uuid: str
    extension: str
    context: str
    audio: Audio | None = None
    silent: bool = False
    cause: str = ""
    heard: int = field(default=0)

    @property
    def channel_name(self) -> str:
        """``Channel-Name`` of the leg."""
        return f"loopback/{self.extension}-a"

    def exchange(self, samples: Samples) -> Samples:
        """Hear one frame and answer with another of the same length."""
        self.heard += len(samples)
        if self.silent:
            return np.zeros(len(samples), np.int16)
        if self.audio is None:
            return samples
        piece = self.audio.read(len(samples))
        if self.audio.ended:
            self.cause = "NORMAL_CLEARING"
        return np.concatenate([piece, np.zeros(len(samples) - len(piece), np.int16)])


def dial_string(text: str) -> tuple[dict[str, str], list[str]]:
    """Read a bridge's data: variables in braces, and targets to be tried in turn.

    Examples
    --------
    >>> dial_string("{ignore_early_media=true}loopback/echo/rig")
    ({'ignore_early_media': 'true'}, ['loopback/echo/rig'])
    """
    variables: dict[str, str] = {}
    while match := _VARIABLES.match(text):
        for pair in match[1][1:-1].split(","):
            name, equals, value = pair.partition("=")
            if equals:
                variables[name.strip()] = value.strip()
        text = text[match.end() :]
    return variables, [target.strip() for target in re.split(r"[|,]", text) if target.strip()]


def originate(target: str, uuid: str, rate: int) -> Leg:
    """Make the leg that a target names.

    Parameters
    ----------
    target
        ``loopback/echo[/context]`` gives back what it hears, ``loopback/park`` is silent,
        ``loopback/tone`` sounds 440 Hz, ``loopback/app=playback:FILE`` plays a file and hangs up.
    uuid
        The leg's.
    rate
        Samples a second of the bridge.

    Raises
    ------
    DialplanError
        There is no such extension here.
    """
    kind, _, rest = target.partition("/")
    if kind.lower() != "loopback" or not rest:
        raise DialplanError(f"{target!r}: the embedded switch has loopback legs only")
    if rest.startswith("app="):
        name, _, data = rest[4:].partition(":")
        context = "default"
    else:
        name, _, context = rest.partition("/")
        data, context = "", context or "default"
    if name == "echo":
        return Leg(uuid, name, context)
    if name == "park":
        return Leg(uuid, name, context, silent=True)
    if name in {"tone", "playback"}:
        try:
            return Leg(uuid, name, context, open_audio(data or TONE, rate))
        except AudioError as error:
            raise DialplanError(f"{target!r}: {error}") from error
    raise DialplanError(f"{target!r}: the embedded switch has no extension {name!r}")
