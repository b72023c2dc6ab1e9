"""A picture of a fax call for a ticket: who said what when, and what the line did to it.

Over one axis of time are the phases of T.30, a lane for each side with its frames and bursts, and
the spectrogram and level of each channel; below, the constellations of what the fast modems sent.

It needs matplotlib, the extra ``plot``.
"""

from __future__ import annotations

from pathlib import Path

from .fax import FaxCall
from .picture import PictureError, check

__all__ = ["PictureError", "draw"]


def draw(call: FaxCall, path: str | Path) -> None:
    """Write the picture of a call.

    Parameters
    ----------
    call
        What was heard, and its spectra, if there is to be a spectrogram.
    path
        Where to; its suffix says in which form.

    Raises
    ------
    PictureError
        As of :func:`~mediasock.offline.picture.check`, and when it cannot be written.
    """
    check(path)
    from .fax_panels import figure  # noqa: PLC0415 - loads matplotlib

    drawn = figure(call)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        drawn.savefig(path, format=Path(path).suffix[1:].lower())
    except OSError as error:
        raise PictureError(f"{path}: {error.strerror or error}") from error
