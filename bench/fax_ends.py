"""The two ends of a fax call, libspandsp's or ours, and what came through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from dsp.fax.config import EVERYTHING, Config
from dsp.fax.document import Page
from dsp.fax.sink import Pages
from dsp.fax.t4 import Packed
from dsp.fax.terminal import FaxTerminal
from tests.support import fax_pages
from tests.support.fax_call import Call, Carries, Terminal, call
from tests.support.spandsp_fax import CODINGS, SpandspFax

PEER, OURS = "spandsp", "ours"
Ends = tuple[str, str]
PAIRS: tuple[Ends, ...] = ((PEER, PEER), (PEER, OURS), (OURS, PEER), (OURS, OURS))
"""Who sends, and who receives."""

FAMILIES = {
    "V.17": ("V.27ter", "V.29", "V.17"),
    "V.29": ("V.27ter", "V.29"),
    "V.27ter": ("V.27ter",),
}
"""Modems up to the fastest one, which is the one that is used on a good line."""

IDENTS = {True: "+1 555 0100", False: "+1 555 0199"}
"""Who calls, and who answers."""


@dataclass(frozen=True)
class Able:
    """What both ends may use.

    Parameters
    ----------
    family
        One of :data:`FAMILIES`.
    ecm
        Error correction.
    coding
        The closest of ``MH``, ``MR`` and ``MMR``.
    """

    family: str = "V.17"
    ecm: bool = True
    coding: str = "MMR"

    @property
    def codings(self) -> tuple[str, ...]:
        """All that there are up to the closest."""
        return CODINGS[: CODINGS.index(self.coding) + 1]


@dataclass
class End:
    """A terminal, and the pages that it has received."""

    terminal: Terminal
    received: Callable[[], list[Packed]]


def sender(who: str, pages: Sequence[Page], able: Able, *, calling: bool = True) -> End:
    """One that sends."""
    if who == OURS:
        return End(FaxTerminal(calling, send=pages, config=_config(able, calling)), list)
    place = TemporaryDirectory()
    path = fax_pages.write(pages, Path(place.name, "sent.tiff"))
    return _peers(place, able, calling, send=path)


def receiver(who: str, able: Able, *, calling: bool = False) -> End:
    """One that receives."""
    if who == OURS:
        kept = Pages()
        ours = FaxTerminal(calling, receive=kept, config=_config(able, calling))
        return End(ours, lambda: [page.rows for page in kept])
    place = TemporaryDirectory()
    return _peers(place, able, calling, receive=Path(place.name, "got.tiff"))


def _config(able: Able, calling: bool) -> Config:
    told = replace(
        EVERYTHING,
        modems=", ".join(FAMILIES[able.family]),
        ecm=able.ecm,
        mr="MR" in able.codings,
        mmr="MMR" in able.codings,
    )
    return Config(ident=IDENTS[calling], able=told)


def _peers(place: TemporaryDirectory[str], able: Able, calling: bool, **files: Path) -> End:
    made = SpandspFax(
        calling,
        ecm=able.ecm,
        modems=FAMILIES[able.family],
        codings=able.codings,
        ident=IDENTS[calling],
        **files,
    )

    def received() -> list[Packed]:
        with place:
            return fax_pages.rows_in(files["receive"])

    return End(made, received)


@dataclass(frozen=True)
class Faxed:
    """What came of a call.

    Parameters
    ----------
    call
        How it went.
    pages
        How many were sent for good.
    exact
        How many of them have come as they are, from the first on.
    kept
        How many there are at the receiver.
    """

    call: Call
    pages: int
    exact: int
    kept: int

    @property
    def ok(self) -> bool:
        """Whether both ends say so, and it is so."""
        return self.call.ok and self.kept == self.pages


def fax(
    ends: Ends,
    pages: Sequence[Page],
    able: Able | None = None,
    *,
    line: Carries | None = None,
    seconds: float = 1200.0,
    ppm: float = 0.0,
    sound: bool = False,
    polled: bool = False,
) -> Faxed:
    """Let one send pages, and another one receive them; the sender calls, or is polled."""
    able = able or Able()
    gives = sender(ends[0], pages, able, calling=not polled)
    takes = receiver(ends[1], able, calling=polled)
    a, b = (takes, gives) if polled else (gives, takes)
    made = call(a.terminal, b.terminal, line=line, seconds=seconds, ppm=ppm, sound=sound)
    for one in (a, b):
        one.terminal.hang_up()
    got = takes.received()
    same = [np.array_equal(rows, page.rows) for rows, page in zip(got, pages, strict=False)]
    exact = same.index(False) if False in same else len(same)
    return Faxed(made, len(pages), exact, len(got))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table of Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
