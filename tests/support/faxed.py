"""What was sent in a fax call, as fixtures/fax says it, and its pages as libtiff sees them."""

import hashlib
import json
import struct
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dsp.modem.types import Bits
from tests.support.fax_listener import Burst, Deframes, Listener
from tests.support.fixture import FIXTURES

CALLS = sorted(
    path.stem for path in (FIXTURES / "fax").glob("*.json") if "fax" in json.loads(path.read_text())
)
"""The recorded calls of which it is written what was sent."""

FCD, RCP = 0x06, 0x86
"""A part of a page, and the end of a partial page (T.4 annex A)."""

_RTC = 6
"""EOLs after a page."""

_COMPRESSIONS = {"T.4 2-D": 3, "T.85": 34661}
"""Of TIFF."""

HEADER = 32
"""Rows that txfax of FreeSWITCH puts above a page: date, number and the page's."""


def told(listener: Listener, deframer: Callable[[], Deframes]) -> dict[str, Any]:
    """Give what a listener has heard, as it is written beside a recording."""
    bursts, pages = [], []
    parts: dict[int, bytes] = {}
    for burst in listener.bursts:
        about = _about(burst)
        bursts.append(about)
        if burst.check:
            about["zeros"] = zeros(burst.bits)
        elif burst.settings.error_correction:
            frames = [one for one in deframer().process(burst.bits) if one.good]
            sent = [one.octets for one in frames if one.octets[2] == FCD]
            about["parts"] = [one[3] for one in sent]
            about["ends"] = sum(one.octets[2] == RCP for one in frames)
            about["sha256"] = _sha256(b"".join(one.octets for one in frames))
            if about["parts"][:1] == [0]:
                parts = {}
                pages.append({"coding": burst.settings.coding, "octets": parts})
            parts.update({one[3]: one[4:] for one in sent})
        else:
            bits = page_bits(burst.bits, two_dimensional=burst.settings.coding == "T.4 2-D")
            about["bits"] = len(bits)
            pages.append({"coding": burst.settings.coding, "octets": np.packbits(bits).tobytes()})
    for page in pages:
        if isinstance(page["octets"], dict):
            page["octets"] = b"".join(part for _, part in sorted(page["octets"].items()))
    control = [
        {"channel": one.side + 1, "at": round(one.at, 2), "octets": one.octets.hex()}
        for one in listener.control
    ]
    return {"control": control, "bursts": bursts, "pages": pages}


@cache
def truth(name: str) -> dict[str, Any]:
    """What is written beside a recording."""
    written: dict[str, Any] = json.loads((FIXTURES / "fax" / f"{name}.json").read_text())["fax"]
    return written


def _about(burst: Burst) -> dict[str, Any]:
    return {
        "channel": burst.side + 1,
        "from": round(burst.trained, 2),
        "to": round(burst.lost, 2),
        "modem": burst.settings.modem,
        "bit_rate": burst.settings.bit_rate,
        "short_training": burst.short_training,
    }


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def summed(page: dict[str, Any]) -> dict[str, Any]:
    """Give a page with the sum of its octets instead of them."""
    octets = page["octets"]
    return {"coding": page["coding"], "octets": len(octets), "sha256": _sha256(octets)}


def zeros(bits: Bits) -> int:
    """Length of the longest run of zeros, which is what a training check is (T.30 5.3.6.1.3)."""
    edges = np.flatnonzero(np.concatenate([[1], bits, [1]]))
    return int(np.diff(edges).max()) - 1


def page_bits(bits: Bits, *, two_dimensional: bool) -> Bits:
    """The bits of a page of T.4's own coding, from its first EOL to the end of its RTC.

    What fills the time before the first EOL is left out.
    """
    ones = np.flatnonzero(bits)
    ends = ones[np.diff(ones, prepend=-1) >= 12]
    # an EOL of the two-dimensional coding has a bit more, which tells how the next line is coded
    tag = int(two_dimensional)
    close = np.diff(ends) == 12 + tag
    last = np.flatnonzero(np.convolve(close, np.ones(_RTC - 1), "valid") == _RTC - 1)
    if len(last) == 0:
        return bits[:0]
    return bits[ends[0] - 11 : ends[last[0] + _RTC - 1] + 1 + tag]


def rows(page: dict[str, Any]) -> int:
    """How many rows a page has: T.85 says it, T.4 has an EOL before each and six after them."""
    octets = page["octets"]
    if page["coding"] == "T.85":
        return int.from_bytes(octets[8:12], "big")
    ones = np.flatnonzero(np.unpackbits(np.frombuffer(octets, dtype=np.uint8)))
    return int(np.count_nonzero(np.diff(ones, prepend=-1) >= 12)) - _RTC


def _tiff(coded: bytes, coding: str, height: int) -> bytes:
    """Make a file of a single strip."""
    compression = _COMPRESSIONS[coding]
    tags = [
        (256, 4, 1728),
        (257, 4, height),
        (258, 3, 1),
        (259, 3, compression),
        (262, 3, 0),
        # the first bit is the highest of its octet; libtiff has JBIG the other way round
        (266, 3, 2 if coding == "T.85" else 1),
        (273, 4, 0),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, len(coded)),
    ]
    if compression == 3:
        tags.append((292, 4, 1))
    at = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(
        struct.pack("<HHII", tag, kind, 1, at if tag == 273 else value) for tag, kind, value in tags
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    return head + entries + struct.pack("<I", 0) + coded


def decoded(page: dict[str, Any]) -> NDArray[np.bool_]:
    """Pixels of a page, `(rows, 1728)`, true where it is black, by libtiff's ``tiffcp``."""
    with tempfile.TemporaryDirectory() as directory:
        sent, plain = Path(directory, "sent.tiff"), Path(directory, "plain.tiff")
        sent.write_bytes(_tiff(page["octets"], page["coding"], rows(page)))
        subprocess.run(["tiffcp", "-c", "none", sent, plain], check=True)
        return pixels(plain)


def pixels(path: Path, page: int = 0) -> NDArray[np.bool_]:
    """Pixels of a page of a file, true where it is black."""
    with Image.open(path) as image:
        image.seek(page)
        return ~np.asarray(image.convert("1"))


def shows(page: dict[str, Any], original: NDArray[np.bool_]) -> bool:
    """Whether a page is the original below a header, as much of it as there is room for."""
    black = decoded(page)[HEADER:]
    return len(black) >= len(original) - HEADER and np.array_equal(black, original[: len(black)])
