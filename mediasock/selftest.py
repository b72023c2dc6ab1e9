"""The detectors on recordings of known content, on the machine of whoever runs it.

A fixture is a recording with a JSON file of its name beside it::

    {"made": "how",
     "detect": ["dtmf", "tone", "fax"],
     "plans": ["us"],
     "within": {"dtmf": {"ms": 10, "db": 1.0}},
     "expected": [{"channel": 1, "kind": "dtmf", "value": "5",
                   "start": 0.3, "end": 0.35, "level": -7.0}]}

Of what it says to detect all is to be heard that is expected, and nothing else; each start, end
and level as near as ``within`` says for its kind. A ``value``, ``end`` or ``level`` of null may
be anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dsp.kinds import DETECTABLE
from dsp.mf import SYSTEMS

from .errors import MediasockError
from .offline import Finding, Request, analyze

__all__ = ["Expected", "Fixture", "Outcome", "SelftestError", "fixtures", "judge", "shipped"]

_KINDS = dict.fromkeys(SYSTEMS, "mf")
"""Kinds of what is found, where they are not called what is listened for."""

_NEAR = 0.1
"""Seconds between a finding and what is expected, up to which the one may be the other."""


class SelftestError(MediasockError):
    """Fixtures that are not there, or say what makes no sense; the message names the file."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Something that is to be heard.

    Parameters
    ----------
    channel, kind, start
        As of :class:`~mediasock.offline.Finding`.
    value, end, level
        The same, or ``None`` where they may be anything.
    """

    channel: int
    kind: str
    value: str | None
    start: float
    end: float | None
    level: float | None

    def __str__(self) -> str:
        return _named(self)

    def is_like(self, found: Finding) -> bool:
        """Whether `found` may be this: the same thing at about the same time."""
        if (found.channel, found.kind) != (self.channel, self.kind):
            return False
        if self.value not in (None, found.value):
            return False
        end = found.end if self.end is None else self.end
        return found.start < end + _NEAR and self.start < found.end + _NEAR


@dataclass(frozen=True, slots=True)
class Fixture:
    """A recording of known content.

    Parameters
    ----------
    name
        Its path in the directory of fixtures.
    path
        Where it is.
    detect, plans
        What to listen for, as of :class:`~mediasock.offline.Request`.
    within
        By kind, how far a time may be off in ms, ``ms``, and a level in dB, ``db``.
    expected
        What is in it.
    """

    name: str
    path: Path
    detect: tuple[str, ...]
    plans: tuple[str, ...]
    within: dict[str, dict[str, float]]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a fixture.

    Parameters
    ----------
    name
        Of the fixture.
    expected, heard
        How many were to be heard, and how many of them were.
    missed, imagined
        What was not, and what was beside them.
    off
        What was heard at a wrong time or level, and how far off it was.
    worst_ms, worst_db
        The greatest differences; ``None`` where there was nothing to compare.
    """

    name: str
    expected: int
    heard: int
    missed: list[str] = field(default_factory=list)
    imagined: list[str] = field(default_factory=list)
    off: list[str] = field(default_factory=list)
    worst_ms: float | None = None
    worst_db: float | None = None

    @property
    def ok(self) -> bool:
        """Whether all was heard, and nothing else, as it should be."""
        return not (self.missed or self.imagined or self.off)


def shipped() -> Path:
    """Give the directory of the fixtures that come with mediasock."""
    return Path(__file__).parent / "fixtures"


def fixtures(directory: Path) -> list[Fixture]:
    """Read the fixtures in the folders of a directory, those that there is an ear for.

    Parameters
    ----------
    directory
        Such as :func:`shipped`.

    Raises
    ------
    SelftestError
        When there is none, or one makes no sense.
    """
    names = sorted(
        path
        for path in directory.glob("*/*")
        if path.suffix in (".flac", ".wav") and path.with_suffix(".json").exists()
    )
    if not names:
        raise SelftestError(f"{directory}: there are no recordings with JSON beside them")
    every = [_read(path, path.relative_to(directory).as_posix()) for path in names]
    heard = [one for one in every if one.detect]
    if not heard:
        raise SelftestError(f"{directory}: there is no ear for what is in its recordings")
    return heard


def _read(path: Path, name: str) -> Fixture:
    """Read one; of what it says to detect, as much as there is an ear for."""
    about = path.with_suffix(".json")
    try:
        text: dict[str, Any] = json.loads(about.read_text(encoding="utf-8"))
        detect = tuple(one for one in text["detect"] if one in DETECTABLE)
        kinds = {_KINDS.get(one, one) for one in detect}
        expected = (Expected(**one) for one in text["expected"])
        return Fixture(
            name,
            path,
            detect,
            tuple(text["plans"]),
            {kind: {"ms": one["ms"], "db": one["db"]} for kind, one in text["within"].items()},
            tuple(one for one in expected if one.kind in kinds),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SelftestError(f"{about}: it is no fixture: {error!r}") from error


def judge(fixture: Fixture) -> Outcome:
    """Hear a fixture and compare.

    Raises
    ------
    ReadError
        When it cannot be read.
    PlanError
        When there is no such plan.

    Examples
    --------
    >>> every = {one.name: one for one in fixtures(shipped())}
    >>> outcome = judge(every["tone_stream/dtmf_set_timing.flac"])
    >>> outcome.expected, outcome.heard, outcome.ok
    (4, 4, True)
    """
    request = Request(plans=fixture.plans, detect=fixture.detect)
    found = list(analyze(str(fixture.path), request))
    pairs, missed, imagined = _paired(fixture.expected, found)
    times, levels, off = [], [], []
    for expected, one in pairs:
        within = fixture.within.get(expected.kind, {"ms": 20.0, "db": 1.0})
        end = one.end if expected.end is None else expected.end
        time = 1000 * max(abs(one.start - expected.start), abs(one.end - end))
        level = 0.0 if expected.level is None else abs(one.level - expected.level)
        times.append(time)
        levels.append(level)
        if time > within["ms"] or level > within["db"]:
            off.append(f"{expected}: {time:.0f} ms and {level:.1f} dB off")
    return Outcome(
        fixture.name,
        len(fixture.expected),
        len(pairs),
        [str(one) for one in missed],
        [_named(one) for one in imagined],
        off,
        max(times, default=None),
        max(levels, default=None),
    )


def _named(one: Expected | Finding) -> str:
    what = f"{one.kind} {one.value}" if one.value else one.kind
    return f"{what} at {one.start:.3f} s of channel {one.channel}"


def _paired(
    expected: Sequence[Expected], found: Sequence[Finding]
) -> tuple[list[tuple[Expected, Finding]], list[Expected], list[Finding]]:
    """Pair what is expected with what was found, by time; and what of either is left."""
    left = sorted(found, key=lambda one: (one.start, one.end))
    pairs, missed = [], []
    for one in sorted(expected, key=lambda one: one.start):
        like = next((each for each in left if one.is_like(each)), None)
        if like is None:
            missed.append(one)
        else:
            left.remove(like)
            pairs.append((one, like))
    return pairs, missed, left
