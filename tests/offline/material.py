"""Recordings for tests of the offline analyser."""

import io
from pathlib import Path

import numpy as np
import soundfile

from dsp.tones import dtmf
from mediasock.offline import Finding, ReadError, Request, analyze

DIGITS = "159#"

SIGNALS = Request(detect=("dtmf", "tone", "fax"))
"""For tests that say all that is found, whatever is listened for where nothing is said."""


def keyed(digits: str = DIGITS, rate: int = 8000) -> np.ndarray:
    """Digits with a tenth of a second of silence before and after them."""
    silence = np.zeros(rate // 10, dtype=np.int16)
    return np.concatenate([silence, dtmf(digits, rate=rate), silence])


def wav(path: Path, *channels: str, rate: int = 8000, **form) -> str:
    """A file of which each channel keys some digits."""
    lines = [keyed(digits, rate) for digits in channels or (DIGITS,)]
    block = np.zeros((max(map(len, lines)), len(lines)), dtype=np.int16)
    for column, line in zip(block.T, lines, strict=True):
        column[: len(line)] = line
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, block / 32768, rate, **form)
    return str(path)


def octets(samples: np.ndarray, rate: int = 8000, form: str = "WAV", **options) -> bytes:
    """A file as it is on disk."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, **options)
    return file.getvalue()


def digits(findings, channel: int = 1) -> str:
    """What was keyed in a channel."""
    return "".join(one.value for one in findings if (one.kind, one.channel) == ("dtmf", channel))


def heard(source, request: Request = SIGNALS) -> tuple[list[Finding], str | None]:
    """What is found until the end or until the damage, and what the damage is."""
    found: list[Finding] = []
    try:
        for one in analyze(source, request):
            found.append(one)  # noqa: PERF402 - what came before an error counts
    except ReadError as error:
        return found, str(error)
    return found, None
