"""What is heard in a recording: its channels are rows of the detectors that the hub runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.ears import Ears
from dsp.plan import load
from dsp.types import RATE, Detection, DspError, Samples

from ..errors import MediasockError
from .narrow import narrow
from .plot import Plot
from .reading import (
    BLOCK_SECONDS,
    Recording,
    Source,
    channels_of,
    name_of,
    opened,
    to_int16,
)
from .request import EVERYTHING, Batch, DamageError, Finding, Request

__all__ = ["analyze", "analyze_samples", "batches", "warm"]

_IDLE: dict[tuple[object, ...], Ears] = {}


def analyze(source: Source, request: Request = EVERYTHING) -> Iterator[Finding]:
    """Hear a recording.

    Parameters
    ----------
    source
        A file that soundfile reads, ``-`` for standard input, or what is open for reading.
    request
        What to listen for, and where.

    Yields
    ------
    Finding
        As they end.

    Raises
    ------
    ReadError
        When it cannot be read; what comes before damage is heard first.
    ChannelError
        When a channel is asked for that it does not have.
    PlanError, DetectError
        When there is no such plan, or nothing of that name is heard.

    Examples
    --------
    >>> for one in analyze("fixtures/tone_stream/dtmf_set_timing.flac"):
    ...     print(one.value, round(one.start, 2), round(one.end, 2))
    1 0.0 0.1
    5 0.15 0.25
    9 0.3 0.4
    # 0.45 0.55
    """
    for some, _ in _opened(source, request):
        yield from some


def analyze_samples(
    samples: NDArray[Any], rate: int, request: Request = EVERYTHING, *, name: str = ""
) -> Iterator[Finding]:
    """Hear what is in memory.

    Parameters
    ----------
    samples
        ``(n,)`` or ``(channels, n)``, int16 or floats of ±1.
    rate
        Samples a second.
    request
        What to listen for, and where.
    name
        What the findings call it.

    Yields
    ------
    Finding
        As they end.

    Raises
    ------
    ValueError
        When the samples are of another type or shape.
    ReadError, ChannelError, PlanError, DetectError
        As of :func:`analyze`.

    Examples
    --------
    >>> from dsp.tone_stream import render
    >>> [(one.kind, one.value) for one in analyze_samples(render("d=60;w=60;4;2"), 8000)]
    [('dtmf', '4'), ('dtmf', '2')]
    """
    block = np.atleast_2d(samples)
    if block.ndim != 2 or not (block.dtype == np.int16 or block.dtype.kind == "f"):
        raise ValueError(f"samples of {block.dtype} of shape {samples.shape}: int16 or float")
    last = None if request.end is None else round(request.end * rate)
    block = block[:, round(request.begin * rate) : last]
    recording = Recording(rate, len(block), block.shape[1], _blocks(block, rate))
    for some, _ in _heard(name, recording, request):
        yield from some


def _blocks(block: NDArray[Any], rate: int) -> Iterator[Samples]:
    size = max(int(rate * BLOCK_SECONDS), 1)
    for at in range(0, block.shape[1], size):
        yield to_int16(block[:, at : at + size])


def batches(file: str, request: Request) -> Iterator[Batch]:
    """Hear one of many recordings; whatever becomes of it is told, and not raised.

    Parameters
    ----------
    file
        A file, or ``-`` for standard input.
    request
        What to listen for, and where.

    Yields
    ------
    Batch
        One or several; the last has ``ended``.

    Examples
    --------
    >>> [(one.ended, one.error) for one in batches("nowhere.wav", EVERYTHING)]
    [(True, 'nowhere.wav: No such file or directory')]
    """
    error, settled = None, True
    try:
        for findings, done in _opened(file, request):
            yield Batch(file, tuple(findings), done)
    except (MediasockError, DspError) as reason:
        error, settled = str(reason), isinstance(reason, DamageError)
    except Exception as reason:  # a fault of ours in one recording is not one of all of them
        error, settled = f"{file}: it could not be analysed: {reason!r}", False
    yield Batch(file, (), 1.0, ended=True, error=error, settled=settled)


def warm(request: Request = EVERYTHING) -> None:
    """Have what is compiled compiled, and say at once whether there is such a request.

    Raises
    ------
    PlanError, DetectError
        As of :func:`analyze`.
    """
    ears = Ears(1, request.plans, request.detect)
    ears.process(np.zeros((1, 320), dtype=np.int16))
    ears.finish()


def _opened(source: Source, request: Request) -> Iterator[tuple[list[Finding], float]]:
    with opened(source, request) as recording:
        yield from _heard(name_of(source), recording, request)


def _heard(
    name: str, recording: Recording, request: Request
) -> Iterator[tuple[list[Finding], float]]:
    """Hear block by block; what sounds where a damaged recording breaks off is told, too."""
    channels = channels_of(name, recording, request)
    lines = None if len(channels) == recording.channels else np.array(channels) - 1
    down = narrow(recording.rate, len(channels), name)
    plot = Plot.of(name, recording.rate, channels, request)
    damage: DamageError | None = None
    at = 0

    def told(detections: Sequence[Detection]) -> tuple[list[Finding], float]:
        findings = [_finding(name, channels, one, request) for one in detections if one.ended]
        plot.tell(findings)
        return findings, min(at / recording.frames, 1.0) if recording.frames else 0.0

    with _lent(len(channels), request) as ears:
        try:
            for block in recording.blocks:
                at += block.shape[1]
                chosen = block if lines is None else block[lines]
                # in the one layout that the detectors are compiled for
                sound = down.process(np.ascontiguousarray(chosen))
                plot.hear(sound)
                yield told(ears.process(sound))
        except DamageError as error:
            damage = error
        sound = down.finish()
        plot.hear(sound)
        yield told([*ears.process(sound), *ears.finish()])
    plot.draw()
    if damage is not None:
        raise damage


@contextmanager
def _lent(channels: int, request: Request) -> Iterator[Ears]:
    """Lend ears for a recording; to make them takes longer than to hear a minute with them."""
    own = load(one for one in request.plans if one.endswith(".toml"))
    key = channels, request.plans, request.detect, tuple(own)
    ears = _IDLE.pop(key, None) or Ears(channels, request.plans, request.detect)
    yield ears
    # only those that have heard a recording to its end are as new
    _IDLE.clear()
    _IDLE[key] = ears


def _finding(name: str, channels: tuple[int, ...], one: Detection, request: Request) -> Finding:
    assert one.end is not None
    start, end = (request.begin + at / RATE for at in (one.start, one.end))
    return Finding(name, channels[one.row], one.kind, one.value, start, end, one.level)
