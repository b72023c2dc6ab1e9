"""What the switch plays: files, ``tone_stream://`` and ``silence_stream://``, in frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

from dsp import tone_stream
from dsp.types import Samples, whole

from .errors import AudioError

READ_AHEAD = 16384
"""Samples that FreeSWITCH takes from an opened file at a time."""


@dataclass(slots=True)
class Audio:
    """Something opened for playing.

    Parameters
    ----------
    kind
        ``file``, ``tone_stream`` or ``silence_stream``.
    rate
        Samples a second of what :meth:`read` gives.
    chunks
        Source of ``(n,)`` int16 pieces of any length.
    """

    kind: str
    rate: int
    chunks: Iterator[Samples]
    position: int = 0
    ended: bool = False
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.int16))

    def read(self, n: int) -> Samples:
        """Return the next ``(n,)`` samples, or fewer at the end."""
        parts, missing = [], n
        while missing > 0:
            if not len(self._rest):
                piece = next(self.chunks, None)
                if piece is None:
                    self.ended = True
                    break
                self._rest = piece
            parts.append(self._rest[:missing])
            self._rest = self._rest[missing:]
            missing -= len(parts[-1])
        self.position += n - missing
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    @property
    def taken(self) -> int:
        """Samples that FreeSWITCH would have taken from the file by now, read-ahead included."""
        if self.ended:
            return self.position
        return -(-self.position // READ_AHEAD) * READ_AHEAD


def open_audio(path: str, rate: int) -> Audio:
    """Open a file or stream by its FreeSWITCH name.

    Parameters
    ----------
    path
        A file that soundfile reads, ``tone_stream://…`` or ``silence_stream://…``.
    rate
        Samples a second to play it at, 8000 or 16000.

    Raises
    ------
    AudioError
        There is no such file, or it cannot be read or understood.
    """
    for kind in ("tone_stream", "silence_stream"):
        if f"{kind}://" in path:
            return Audio(kind, rate, _generated(path, rate))
    return Audio("file", rate, _file(path, rate))


def _generated(path: str, rate: int) -> Iterator[Samples]:
    try:
        return iter(tone_stream.parse(path, rate).chunks())
    except tone_stream.ToneStreamError as error:
        raise AudioError(str(error)) from error


def _file(path: str, rate: int) -> Iterator[Samples]:
    try:
        sound, own = sf.read(Path(path), dtype="float32", always_2d=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise AudioError(f"cannot play {path!r}: {error}") from error
    mono = sound.mean(axis=1)
    if own != rate:
        mono = resample_poly(mono, rate, own)
    return iter([whole(mono * 32768.0)])


def mixed(first: Samples, second: Samples) -> Samples:
    """Add two frames of the same length, clipped at full scale."""
    both: Samples = np.clip(first.astype(np.int32) + second, -32768, 32767).astype(np.int16)
    return both
