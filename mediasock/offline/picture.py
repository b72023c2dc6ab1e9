"""A picture of a recording for a ticket: what was heard in it, and the sound that it was heard in.

For each channel there are, over one axis of time: a lane for each kind of thing that was heard,
its bars where it sounded; the spectrogram with a box about every tone; the eight tones of keys;
the level, with what each finding's was.

It needs matplotlib, the extra ``plot``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from dsp.extras import to_install
from dsp.plan import PLANS
from dsp.types import RATE, Samples

from ..errors import MediasockError
from .narrow import narrow
from .picture_marks import Shown, marks
from .picture_strips import Spectra

__all__ = ["SUFFIXES", "Picture", "PictureError", "check", "draw"]

SUFFIXES = (".png", ".svg", ".pdf")
"""Forms of pictures, by the path's suffix."""

_BLOCK = 1 << 16


class PictureError(MediasockError):
    """A picture that cannot be made or written; the message names it and says why."""


def check(path: str | Path) -> None:
    """Refuse a picture that could not be made, before there is any work in it.

    Raises
    ------
    PictureError
        When the path has none of :data:`SUFFIXES`, or matplotlib is not installed.

    Examples
    --------
    >>> check("call.gif")
    Traceback (most recent call last):
    mediasock.offline.picture.PictureError: call.gif: a picture is .png, .svg or .pdf
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise PictureError(f"{path}: a picture is {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    try:
        import matplotlib  # noqa: F401, PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise PictureError(f"{path}: pictures need matplotlib: {to_install('plot')}") from error


class Picture:
    """A picture of a recording that is heard block by block, in bounded memory.

    Parameters
    ----------
    channels
        How many it shows.

    Examples
    --------
    >>> from dsp.tones import dtmf
    >>> picture = Picture(1)
    >>> picture.hear(dtmf("159#")[None])
    >>> picture.seconds
    0.8
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._spectra = Spectra(channels)

    @property
    def seconds(self) -> float:
        """Length of what has been heard."""
        return self._spectra.seconds

    def hear(self, block: Samples) -> None:
        """Take in what the detectors take in.

        Parameters
        ----------
        block
            ``(channels, n)`` int16 at 8 kHz.
        """
        self._spectra.hear(block)

    def draw(
        self,
        findings: Iterable[Shown],
        path: str | Path,
        *,
        title: str,
        rate: int = RATE,
        begin: float = 0.0,
        numbers: Sequence[int] | None = None,
        plans: Sequence[str] = PLANS,
    ) -> None:
        """Write the picture; the recording is then over.

        Parameters
        ----------
        findings
            What was found, in all channels or more.
        path
            Where to; its suffix says in which form.
        title
            Name of the recording.
        rate
            Of the recording, in Hz.
        begin
            Seconds of the recording that come before what has been heard.
        numbers
            Which channels they are; ``None`` is 1, 2 and so on.
        plans
            That the tones were told by.

        Raises
        ------
        PictureError
            As of :func:`check`, and when it cannot be written.
        PlanError
            When there is no such plan.
        """
        check(path)
        from .picture_panels import Line, clock, figure  # noqa: PLC0415 - loads matplotlib

        self._spectra.finish()
        channels = tuple(numbers or range(1, self._channels + 1))
        shown = sorted(findings, key=lambda one: (one.start, one.end))
        lines = []
        for row, number in enumerate(channels):
            own = [one for one in shown if one.channel == number]
            lines.append(Line(number, row, marks(own, self._spectra, row, begin, plans)))
        count = "1 channel" if len(channels) == 1 else f"{len(channels)} channels"
        length = f"{self.seconds:.2f} s" if self.seconds < 120 else clock(self.seconds)
        about = f"{length}   {rate:,} Hz   {count}"
        drawn = figure(self._spectra, lines, title, about, begin)
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            drawn.savefig(path, format=Path(path).suffix[1:].lower())
        except OSError as error:
            raise PictureError(f"{path}: {error.strerror or error}") from error


def draw(
    samples: Samples,
    rate: int,
    findings: Iterable[Shown],
    path: str | Path,
    *,
    title: str | None = None,
    begin: float = 0.0,
) -> None:
    """Draw a recording that is there at once.

    Parameters
    ----------
    samples
        ``(channels, n)`` int16.
    rate
        Of the samples, in Hz.
    findings
        What was found in them.
    path
        Where to; its suffix says in which form.
    title
        Name of the recording; ``None`` is that of the picture.
    begin
        Seconds of the recording that come before the samples.

    Raises
    ------
    PictureError
        As of :meth:`Picture.draw`.
    """
    check(path)
    picture = Picture(len(samples))
    name = title or Path(path).stem
    narrowed = narrow(rate, len(samples), name)
    for at in range(0, samples.shape[1], _BLOCK):
        picture.hear(narrowed.process(np.ascontiguousarray(samples[:, at : at + _BLOCK])))
    picture.hear(narrowed.finish())
    picture.draw(findings, path, title=name, rate=rate, begin=begin)
