"""Writes what is in the recorded fax calls: ``python -m tests.support.make_fax_truth``.

The calls of shared/fixtures/fax are copied to fixtures/fax and heard by libspandsp, its V.21, V.17
and V.29 receivers and its HDLC, by nothing of ours but the little that tells which modem is next
(:mod:`tests.support.fax_listener`). Every page is looked at by libtiff and has to be the one that
was sent.
"""

import json
import shutil
from functools import partial
from typing import Any

import numpy as np
import soundfile

from dsp.types import RATE, Samples
from tests.support.fax_listener import Listener
from tests.support.faxed import pixels, rows, shows, summed, told
from tests.support.fixture import FIXTURES
from tests.support.make_fixtures import RECORDED
from tests.support.spandsp_hdlc import Deframer
from tests.support.spandsp_modems import Receiver

CALLS = {
    "v17_ecm_l16": "page.tiff",
    "v17_ecm_pcmu": "page.tiff",
    "v17_ecm_two_pages": "two.tiff",
    "v17_nonecm": "page.tiff",
    "v29_ecm": "page.tiff",
    "v29_nonecm": "page.tiff",
}
"""The recordings and what was sent in them."""


_QUIET, _HOLE = 8, (0.015, 0.065)
"""What is digital silence, and how many seconds of it are a hole; pauses are longer."""


def holes(sound: Samples) -> list[dict[str, Any]]:
    """Give the holes in a recording, frames that were lost on the way."""
    found = []
    for channel, side in enumerate(sound.T, start=1):
        silent = np.abs(side.astype(int)) <= _QUIET
        edges = np.diff(silent.astype(int), prepend=0, append=0)
        for begin, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
            if begin > 0 and end < len(side) and _HOLE[0] < (end - begin) / RATE < _HOLE[1]:
                times = {"from": round(begin / RATE, 3), "to": round(end / RATE, 3)}
                found.append({"channel": channel} | times)
    return found


def heard(name: str) -> dict[str, Any]:
    """Give what libspandsp hears in a recording."""
    sound, _ = soundfile.read(RECORDED / f"{name}.flac", dtype="int16")
    listener = Listener(partial(Receiver, "v21", 300), Receiver, Deframer)
    for begin in range(0, len(sound), 160):
        listener.process(sound[begin : begin + 160])
    return told(listener, Deframer) | {"holes": holes(sound)}


def write(name: str, sent: str) -> None:
    """Copy a recording and write what is in it."""
    shutil.copyfile(RECORDED / f"{name}.flac", FIXTURES / "fax" / f"{name}.flac")
    truth = heard(name)
    pages = []
    for number, page in enumerate(truth["pages"]):
        assert shows(page, pixels(FIXTURES / "fax" / sent, number)), (name, number)
        of = {"file": sent, "page": number, "rows": rows(page)}
        pages.append(of | summed(page))
    head = {
        "made": f"{name}.flac of shared/fixtures/fax: two ends of a FreeSWITCH with spandsp, a "
        "side a channel; fax is what libspandsp's receivers hear in it, and its pages are what was "
        "sent, by libtiff",
        "detect": [],
        "plans": [],
        "within": {},
        "expected": [],
    }
    lines = ["{", *(f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items())]
    lines.append('  "fax": {')
    parts = []
    for key, every in (
        ("control", truth["control"]),
        ("bursts", truth["bursts"]),
        ("pages", pages),
        ("holes", truth["holes"]),
    ):
        listed = ",\n".join(f"      {json.dumps(one)}" for one in every)
        parts.append(f'    "{key}": [\n{listed}\n    ]' if every else f'    "{key}": []')
    text = "\n".join(lines) + "\n" + ",\n".join(parts) + "\n  }\n}\n"
    (FIXTURES / "fax" / f"{name}.json").write_text(text)
    print(f"fixtures/fax/{name}.json: {len(truth['control'])} frames, {len(pages)} pages")


def main() -> None:
    for name in ("page.tiff", "two.tiff"):
        shutil.copyfile(RECORDED / name, FIXTURES / "fax" / name)
    for name, sent in CALLS.items():
        write(name, sent)


if __name__ == "__main__":
    main()
