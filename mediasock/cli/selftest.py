"""``mediasock selftest``: the detectors on recordings of known content, on this machine."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .ending import told

if TYPE_CHECKING:
    from ..selftest import Outcome

_HEAD = ("file", "expected", "heard", "missed", "imagined", "ms off", "dB off", "")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="An object a line, for each recording.")
@click.option(
    "--fixtures",
    "directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Recordings with JSON beside them, a folder for each group [those that come with it].",
)
def selftest(as_json: bool, directory: Path | None) -> None:
    """Run the detectors over recordings whose content is known.

    Every recording's line says how many of the digits and tones in it were heard, missed, and
    imagined, and by how much a time and a level were off at worst. Exit status 0 when all is as
    it should be, 1 when not.
    """
    from ..compiling import announce  # noqa: PLC0415
    from ..selftest import fixtures, judge, shipped  # noqa: PLC0415 - loads numba

    outcomes: list[Outcome] = []
    announce()
    with told():
        every = fixtures(directory or shipped())
        width = max(len(one.name) for one in every)
        if not as_json:
            click.echo(_row(_HEAD, width))
        for one in every:
            outcomes.append(judge(one))
            _tell(outcomes[-1], width, as_json)
        failed = sum(not one.ok for one in outcomes)
        if not as_json:
            click.echo(f"{len(outcomes) - failed} of {len(outcomes)} recordings as they should be")
    sys.exit(1 if failed else 0)


def _tell(outcome: Outcome, width: int, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**asdict(outcome), "ok": outcome.ok}, ensure_ascii=False))
        return
    counts = (outcome.expected, outcome.heard, len(outcome.missed), len(outcome.imagined))
    worst = ["–" if one is None else f"{one:.1f}" for one in (outcome.worst_ms, outcome.worst_db)]
    verdict = "ok" if outcome.ok else "FAIL"
    click.echo(_row((outcome.name, *map(str, counts), *worst, verdict), width))
    for what in ("missed", "imagined", "off"):
        for one in getattr(outcome, what):
            click.echo(f"    {what}: {one}")


def _row(cells: tuple[str, ...], width: int) -> str:
    name, *numbers, verdict = cells
    return f"{name:{width}}" + "".join(f"{one:>10}" for one in numbers) + f"  {verdict}".rstrip()
