"""All that two fax ends can agree on, each of it in a call: libspandsp's engine and ours."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from bench.fax_ends import FAMILIES, PAIRS, PEER, Able, Ends, Faxed, fax, table
from dsp.fax.document import Page, Resolution
from dsp.fax.document_page import Paper
from tests.support import fax_pages

MODES = ((True, "MMR"), (True, "MR"), (True, "MH"), (False, "MR"), (False, "MH"))
"""Error correction and coding: there is no MMR without it (T.30 table 2, bit 31)."""
RESOLUTIONS = (Resolution.STANDARD, Resolution.FINE, Resolution.SUPERFINE)
PAPERS = (Paper.A4, Paper.B4, Paper.A3)
COUNTS = (1, 5)
MIXED = [ends for ends in PAIRS if ends != (PEER, PEER)]


def pages(paper: Paper, resolution: Resolution, count: int) -> list[Page]:
    """Pages of letters, none like another, a third of a sheet each."""
    whole = [fax_pages.text(paper, resolution, size=0.22, number=n) for n in range(count)]
    return [fax_pages.strip(page, page.height // 3) for page in whole]


def calls(ends: Ends, family: str, ecm: bool, coding: str) -> Iterator[tuple[str, Faxed]]:
    """Every size, with its name."""
    for paper, resolution, count in itertools.product(PAPERS, RESOLUTIONS, COUNTS):
        name = f"{paper.name} {resolution.label} × {count}"
        made = fax(ends, pages(paper, resolution, count), Able(family, ecm, coding))
        yield name, made


def _as_asked(made: Faxed, family: str, ecm: bool, coding: str) -> bool:
    """Whether they agreed on what they were to agree on."""
    agreed = made.call.b
    return agreed.rate.startswith(family) and (agreed.ecm, agreed.coding) == (ecm, coding)


def cell(ends: Ends, family: str, ecm: bool, coding: str, failed: list[str]) -> str:
    """Tell how many calls of one kind are complete, and how many of those are exact."""
    ok = exact = total = 0
    for name, made in calls(ends, family, ecm, coding):
        total += 1
        complete = made.ok and _as_asked(made, family, ecm, coding)
        ok += complete
        exact += complete and made.exact == made.pages
        if not complete or made.exact < made.pages:
            codes = [one.outcome and one.outcome.number for one in (made.call.a, made.call.b)]
            how = f"{made.kept}/{made.pages} pages, {made.exact} exact, codes {codes}"
            failed.append(f"- {'→'.join(ends)} {family} ECM {ecm} {coding} {name}: {how}")
    return f"{ok}/{total}" + ("" if exact == ok else f", exact {exact}")


def run(pairs: Sequence[Ends] = tuple(MIXED)) -> str:
    """Return the table, and what has failed."""
    failed: list[str] = []
    rows = [
        [f"{ends[0]} → {ends[1]}", family]
        + [cell(ends, family, ecm, coding, failed) for ecm, coding in MODES]
        for ends in pairs
        for family in FAMILIES
    ]
    modes = [f"{coding}, {'ECM' if ecm else 'no ECM'}" for ecm, coding in MODES]
    head = ["calls complete, all pages exact", "modem", *modes]
    return "\n\n".join([table(head, rows), *(["\n".join(failed)] if failed else [])])


if __name__ == "__main__":
    import sys

    named = [tuple(one.split(":")) for one in sys.argv[1:]]
    print(run(named or MIXED))
