"""Findings as text: JSON and comma-separated lines, labels of Audacity, lines for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, TypeAlias

from .request import Finding

__all__ = ["FIELDS", "FORMS", "as_row"]

FIELDS = tuple(field.name for field in fields(Finding))

Form: TypeAlias = Callable[[Finding], str]


def as_row(one: Finding) -> dict[str, Any]:
    """Describe a finding as ``mediasock serve tones`` does: 0.1 ms, 0.1 dB.

    Examples
    --------
    >>> as_row(Finding("a.wav", 1, "dtmf", "5", 0.500125, 0.6, -10.04))["start"]
    0.5001
    """
    row = asdict(one)
    return row | {
        "start": round(one.start, 4),
        "end": round(one.end, 4),
        "level": round(one.level, 1),
    }


def _json(one: Finding) -> str:
    return json.dumps(as_row(one)) + "\n"


def _csv(one: Finding) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(as_row(one).values())
    return text.getvalue()


def _label(one: Finding) -> str:
    return f"{one.start:.4f}\t{one.end:.4f}\t{one.kind} {one.value} ({one.channel})\n"


def _line(one: Finding) -> str:
    return (
        f"{one.file}:{one.channel}  {one.start:9.3f} – {one.end:9.3f} s  "
        f"{one.kind:6} {one.value:14} {one.level:6.1f} dBm0\n"
    )


FORMS: Mapping[str, Form] = {"json": _json, "csv": _csv, "labels": _label, "text": _line}
"""By name, what writes a finding as a line."""
