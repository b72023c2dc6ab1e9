"""Fax calls beside libspandsp's engine: ``python -m bench fax``.

Parts of it: ``python -m bench.fax noise lines``; of some ends alone: ``python -m bench.fax lines
ours:spandsp``. Their time is the line's: a call of half a minute takes about 0.1 s of CPU, and
those that do not end by themselves a second or two.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import mediasock  # noqa: F401 - before numpy, which it has use one thread
from bench import fax_cpu, fax_cut, fax_lines, fax_matrix, fax_noise, fax_time

PARTS = {
    "matrix": fax_matrix.run,
    "noise": fax_noise.run,
    "lines": fax_lines.run,
    "time": fax_time.run,
    "cpu": fax_cpu.run,
    "cut": fax_cut.run,
}


def run(parts: Sequence[str] = tuple(PARTS)) -> str:
    """Return the tables."""
    return "\n\n".join(PARTS[part]() for part in parts)


def main() -> None:
    """Print each table as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m bench.fax")
    parser.add_argument("what", nargs="*", help=f"{', '.join(PARTS)}, and ends as ours:spandsp")
    named = parser.parse_args().what
    pairs = [tuple(one.split(":")) for one in named if ":" in one]
    for part in [one for one in named if one in PARTS] or PARTS:
        alone = pairs and part not in ("time", "cpu")
        print(PARTS[part](pairs) if alone else PARTS[part](), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
