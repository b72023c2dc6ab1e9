"""Having all that is made once made before a fax comes."""

from __future__ import annotations

import numpy as np
from PIL import Image

from dsp.fax import hdlc, t4
from dsp.fax.document_tone import dithered
from dsp.fax.ears import Ears
from dsp.modem import ready

__all__ = ["warm"]


def warm() -> None:
    """Compile all loops of fax and of its modems, or load them from the disk.

    Examples
    --------
    >>> warm()
    """
    ready.warm()
    Ears().process(np.zeros(480, dtype=np.int16))
    hdlc.Deframer().process(hdlc.encode([bytes.fromhex("ff1380")]))
    row = np.zeros((1, 216), dtype=np.uint8)
    t4.decode(t4.encode(row, 1728, "MMR"), 1728, "MMR")
    dithered(Image.new("L", (1, 1)))
