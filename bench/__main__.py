"""All figures, or those named: ``python -m bench [esl detectors dtmf …]``."""

import importlib
import os
import platform
import sys
from pathlib import Path

import mediasock  # noqa: F401 - before numpy, which it has use one thread

ALL = (
    "esl",
    "detectors",
    "dtmf",
    "tones",
    "signals",
    "voice",
    "offline",
    "media",
    "latency",
    "modems",
    "trellis",
    "t4",
    "fax",
    "fax_scenarios",
    "fax_mutants",
    "fax_serve",
)


def machine() -> str:
    """Say what this was measured on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def main(names: list[str]) -> None:
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        sys.exit(f"no bench {', '.join(unknown)}; there are {', '.join(ALL)}")
    print(f"Measured on {machine()}.\n")
    for name in names or ALL:
        print(f"`python -m bench {name}`\n")
        print(importlib.import_module(f"bench.{name}").run(), flush=True)
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
