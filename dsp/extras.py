"""The optional packages: how whoever lacks one gets it."""

from __future__ import annotations


def to_install(extra: str) -> str:
    """Say how the packages of one of pyproject's extras are installed.

    From the clone: mediasock is on no package index.

    Examples
    --------
    >>> to_install("pdf")
    "in mediasock's clone, .venv/bin/pip install -e '.[pdf]'"
    """
    return f"in mediasock's clone, .venv/bin/pip install -e '.[{extra}]'"
