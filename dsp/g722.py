"""G.722: sound at 16 kHz in 64 kbit/s, by sub-band ADPCM.

Two mirror filters cut the sound at 4 kHz (3.1); the lower half is coded with six bits a sample at
8 kHz, the higher with two, an octet in all (1.4.4). The lower half's last bit or two may be taken
for data: those are modes 2 and 3, 56 and 48 kbit/s of sound in the same octets (table 2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.g722_kernel import FIRST_DET, PAIRS, PAST, WORDS, decode, encode
from dsp.types import DspError, Samples

__all__ = ["DELAY", "RATE", "Decoder", "Encoder", "G722Error"]

RATE = 16000
"""Samples a second of the sound."""

DELAY = 22
"""Samples by which sound comes out later that is encoded and decoded."""

_DET = 3


class G722Error(DspError):
    """What G.722 cannot encode, or a mode that it does not have."""


def _fresh_bands() -> NDArray[np.int32]:
    bands = np.zeros((2, WORDS), dtype=np.int32)
    bands[:, _DET] = FIRST_DET
    return bands


class Encoder:
    """One signal's way into G.722 at 64 kbit/s (mode 1).

    Examples
    --------
    >>> Encoder().encode(np.zeros(8, dtype=np.int16)).hex()
    'fafafafa'
    """

    def __init__(self) -> None:
        self._past = np.zeros(PAST, dtype=np.int32)
        self._bands = _fresh_bands()

    def encode(self, samples: NDArray[np.integer[Any]]) -> bytes:
        """Encode what comes next.

        Parameters
        ----------
        samples
            ``(2 n,)`` int16 at 16 kHz.

        Returns
        -------
        bytes
            n octets.

        Raises
        ------
        G722Error
            When the samples are not even in number, or not one signal.
        """
        # A copy, since the loop would be compiled once more for what cannot be written to.
        block: Samples = np.array(samples, dtype=np.int16, order="C")
        if block.ndim != 1 or len(block) % 2:
            raise G722Error(f"samples of shape {block.shape}: an octet is two samples")
        out = np.empty(len(block) // 2, dtype=np.uint8)
        encode(block, self._past, self._bands, out)
        return out.tobytes()

    def reset(self) -> None:
        """Begin anew, as after silence."""
        self._past[:] = 0
        self._bands = _fresh_bands()


class Decoder:
    """One signal's way back.

    Parameters
    ----------
    mode
        1, 2 or 3: 64, 56 or 48 kbit/s of sound, which leave 0, 1 or 2 of an octet's last bits
        for data.

    Raises
    ------
    G722Error
        No such mode.

    Examples
    --------
    >>> Decoder().decode(bytes([0xFA, 0xFA])).tolist()
    [0, -1, -1, 0]
    """

    def __init__(self, mode: int = 1) -> None:
        if mode not in {1, 2, 3}:
            raise G722Error(f"no mode {mode!r}: there are 1, 2 and 3")
        self._dropped = mode - 1
        self._past = np.zeros((2, PAIRS), dtype=np.int32)
        self._bands = _fresh_bands()

    def decode(self, octets: bytes | bytearray | memoryview) -> Samples:
        """Decode what comes next.

        Parameters
        ----------
        octets
            n octets; whatever they hold is sound.

        Returns
        -------
        numpy.ndarray
            ``(2 n,)`` int16 at 16 kHz.
        """
        codes = np.frombuffer(octets, dtype=np.uint8)
        out = np.empty(2 * len(codes), dtype=np.int16)
        decode(codes, self._dropped, self._past, self._bands, out)
        return out

    def reset(self) -> None:
        """Begin anew, as after silence."""
        self._past[:] = 0
        self._bands = _fresh_bands()
