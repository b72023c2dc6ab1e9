"""The codecs of the switch's lines: what a phone says as it goes over the wire."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dsp import g711, g722
from dsp.types import Samples

from .errors import DialplanError
from .plan import CODECS


class Codec:
    """Both directions of a codec at one end of a line, with the state that G.722 keeps.

    Parameters
    ----------
    name
        PCMU, PCMA, G722 or L16 (host byte order, as ``unicast`` has it).

    Attributes
    ----------
    encode
        From ``(n,)`` int16 samples to the octets that the line carries.
    decode
        From octets to ``(n,)`` int16 samples.

    Raises
    ------
    DialplanError
        When there is no such codec.

    Examples
    --------
    >>> codec = Codec("PCMU")
    >>> codec.rate, codec.decode(codec.encode(np.array([0, 1000, -1000], np.int16))).tolist()
    (8000, [0, 988, -988])
    """

    def __init__(self, name: str) -> None:
        if name not in CODECS:
            raise DialplanError(f"no codec {name!r}; there are {', '.join(CODECS)}")
        self.name = name
        self.rate = CODECS[name][2]
        coders: dict[str, tuple[Callable[[Samples], bytes], Callable[[bytes], Samples]]] = {
            "PCMU": (
                lambda samples: g711.linear_to_ulaw(samples).tobytes(),
                lambda octets: g711.ulaw_to_linear(np.frombuffer(octets, np.uint8)),
            ),
            "PCMA": (
                lambda samples: g711.linear_to_alaw(samples).tobytes(),
                lambda octets: g711.alaw_to_linear(np.frombuffer(octets, np.uint8)),
            ),
            "G722": (g722.Encoder().encode, g722.Decoder().decode),
            "L16": (
                lambda samples: samples.tobytes(),
                lambda octets: np.frombuffer(octets, np.int16),
            ),
        }
        self.encode, self.decode = coders[name]
