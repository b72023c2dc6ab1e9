"""Pages that a second of CPU is enough for, in T.6 and T.4, ours and others'."""

from __future__ import annotations

import ctypes.util
import io
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dsp.fax import t4
from tests.support import libtiff, spandsp_t4
from tests.support.fixture import FIXTURES

WIDTH, ROWS = 1728, 2156
TIMES = 40
PEER = ctypes.util.find_library("spandsp") is not None


def _text(size: int, leading: int) -> t4.Packed:
    image = Image.new("1", (WIDTH, ROWS), 1)
    words = "the quick brown fox jumps over the lazy dog while 1234567890 frames of sound pass by"
    text = f"{words} {words.title()} " * 8
    draw = ImageDraw.Draw(image)
    for n, at in enumerate(range(100, ROWS - 100 - size, leading)):
        line = text[n * 7 % 170 :]
        while draw.textlength(line, font_size=size) > WIDTH - 240:
            line = line[: -1 - len(line) // 40]
        draw.text((120, at), line, font_size=size)
    return t4.pack(~np.asarray(image))


def _photo() -> t4.Packed:
    y, x = np.mgrid[:ROWS, :WIDTH].astype(np.float64)
    grey = 128 + 90 * np.sin(x / 97) * np.cos(y / 61) + 30 * np.sin(x * y / 9000)
    return t4.pack(~np.asarray(Image.fromarray(grey.astype(np.uint8)).convert("1")))


@cache
def pages() -> dict[str, t4.Packed]:
    """A4 at 7.7 rows a mm: the mix is of the first three."""
    with Image.open(Path(FIXTURES, "fax", "page.tiff")) as image:
        drawn = t4.pack(~np.asarray(image.convert("1")))[:ROWS]
    return {
        "text": _text(34, 60),
        "text and drawings (fixtures/fax/page.tiff)": drawn,
        "dense text": _text(22, 30),
        "dithered photo": _photo(),
    }


MIX = 3


def _took(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def _saved(rows: t4.Packed, file: io.BytesIO) -> None:
    Image.fromarray(t4.unpack(rows, WIDTH)).save(file, "TIFF", compression="group4")


def _runs(rows: t4.Packed, coding: t4.Coding) -> Iterator[tuple[str, str, Callable[[], float]]]:
    """Give who does what, and what returns the seconds of CPU that it takes."""
    octets = t4.encode(rows, WIDTH, coding)
    yield "ours", "encode", lambda: _took(lambda: t4.encode(rows, WIDTH, coding))
    yield "ours", "decode", lambda: _took(lambda: t4.decode(octets, WIDTH, coding))
    if PEER:
        yield "spandsp", "encode", lambda: spandsp_t4.encoded(rows, WIDTH, coding)[1]
        yield "spandsp", "decode", lambda: spandsp_t4.decoding_time(octets, WIDTH, coding)
    if libtiff.library():
        yield "libtiff", "encode", lambda: libtiff.encoding_time(rows, WIDTH, coding)
        yield "libtiff", "decode", lambda: libtiff.decoding_time(octets, WIDTH, len(rows), coding)
    if coding == "MMR":
        file = io.BytesIO()
        _saved(rows, file)
        yield "Pillow", "encode", lambda: _took(lambda: _saved(rows, io.BytesIO()))
        yield "Pillow", "decode", lambda: _took(lambda: Image.open(file).load())


WHO = ("ours", "spandsp", "libtiff", "Pillow")


def _seconds(rows: t4.Packed, coding: t4.Coding) -> dict[tuple[str, str], float]:
    """Return the least CPU of many runs, each of which does everything once."""
    runs = list(_runs(rows, coding))
    best = {(who, what): np.inf for who, what, _ in runs}
    for _ in range(TIMES):
        for who, what, run in runs:
            best[who, what] = min(best[who, what], run())
    return best


def _row(name: str, seconds: list[dict[tuple[str, str], float]]) -> str:
    cells = []
    for who in WHO:
        both = [
            f"{len(seconds) / sum(one[who, what] for one in seconds):.0f}"
            for what in ("encode", "decode")
            if (who, what) in seconds[0]
        ]
        cells.append(" / ".join(both) or "–")
    return f"| {name} | {' | '.join(cells)} |"


def run() -> str:
    """Return the table."""
    lines = [
        f"| pages of {WIDTH} × {ROWS} a second of CPU, encode / decode | {' | '.join(WHO)} |",
        "| --- |" + " --- |" * len(WHO),
    ]
    for coding in ("MMR", "MR", "MH"):
        seconds = {name: _seconds(rows, coding) for name, rows in pages().items()}
        lines.append(_row(f"{coding}, mix of the three", list(seconds.values())[:MIX]))
        for name, rows in pages().items():
            length = len(t4.encode(rows, WIDTH, coding)) / 1000
            lines.append(_row(f"{coding}, {name}, {length:.0f} kB", [seconds[name]]))
    return "\n".join(lines)


if __name__ == "__main__":
    print(run())
