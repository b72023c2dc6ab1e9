"""What can be listened for, by name."""

from __future__ import annotations

from collections.abc import Sequence

from dsp.types import DspError

__all__ = ["DETECTABLE", "DETECTED", "RECORDED", "DetectError", "check"]

DETECTABLE = (
    "dtmf",
    "tone",
    "fax",
    "voice",
    "beep",
    "silence",
    "amd",
    "music",
    "text",
    "r1",
    "r2-forward",
    "r2-backward",
)
"""What can be listened for: keys, call progress, fax and modem tones, speech, a voice mail's beep,
stretches without speech, whether a machine has answered, music, text telephones, MF register
signals."""

DETECTED = ("dtmf", "tone", "fax")
"""What calls are listened for where nothing else is said: what a core does for a thousand."""

RECORDED = (*DETECTED, "voice", "beep")
"""The same of recordings."""


class DetectError(DspError):
    """Something that is not listened for."""


def check(detect: Sequence[str]) -> None:
    """Refuse what cannot be listened for.

    Raises
    ------
    DetectError
        Naming the first that cannot.

    Examples
    --------
    >>> check(["dtmf", "smell"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    dsp.kinds.DetectError: 'smell' is not heard; there are dtmf, tone, ...
    """
    if unknown := sorted(set(detect) - set(DETECTABLE)):
        raise DetectError(f"{unknown[0]!r} is not heard; there are {', '.join(DETECTABLE)}")
