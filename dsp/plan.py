"""Tone plans: which cadences of which frequencies mean what, a country a TOML file.

A plan says what ``kind`` of detection its tones are, and has a cadence or several for each::

    kind = "tone"

    [tones]
    busy = ["480+620/500,0/500"]
    ringback = { cadence = ["440+480/2000,0/4000"], told = 1 }

A cadence is intervals with commas between, each the frequencies in Hz, one or two with a plus
between them, 0 for silence, and a time in ms. A time with ``>`` in front is the least of a tone
that goes on. A cadence with silence in it comes round again; one with none and with an end, as of
the special information tones, is heard once.

============= ===================================================================================
``told``      after how many intervals it is told; without it, when it has come round and begins
              again, or has been heard once
``hz``        how far a frequency may be off; without it 1.5 % and 1 Hz
``ms``        how far a time may be off; without it 10 % and 12 ms
``modulated`` whether it is to have the 15 Hz amplitude modulation of V.8's ANSam
``reversals`` whether it is to have V.25's phase reversals
============= ===================================================================================
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from dsp.types import RATE, DspError

__all__ = ["FAX", "PLANS", "Cadence", "Interval", "PlanError", "available", "load", "parse"]

PLANS = ("us", "uk", "eu")
"""Plans that are listened for where nothing else is said."""

FAX = "fax"
"""The plan of fax and modem tones."""

MAX_INTERVALS = 8
MIN_HZ, MAX_HZ = 200.0, 3400.0
LEAST_APART = 10.0
"""Hz between two frequencies that a unit of 20 ms can still tell apart."""

MOST_OFF = 100.0

_DEFAULT_HZ = (0.015, 1.0)
_DEFAULT_SECONDS = (0.10, 0.012)
_SETTINGS = frozenset({"cadence", "told", "hz", "ms", "modulated", "reversals"})


class PlanError(DspError):
    """A plan that cannot be read or makes no sense; the message names the plan and the tone."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a cadence.

    Parameters
    ----------
    frequencies
        Hz, ascending, at most two; none is silence.
    hz
        How far each may be off.
    least, most
        Seconds that it lasts; `most` is infinite for a tone that goes on.
    """

    frequencies: tuple[float, ...]
    hz: tuple[float, ...]
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Cadence:
    """What a tone is like.

    Parameters
    ----------
    kind, value
        As of :class:`~dsp.types.Detection`.
    intervals
        In order; the first is a sound.
    once
        Whether it does not come round.
    told
        Intervals after which it is told.
    modulated, reversals
        Whether it is to have them; ``None`` does not matter.
    """

    kind: str
    value: str
    intervals: tuple[Interval, ...]
    once: bool
    told: int
    modulated: bool | None = None
    reversals: bool | None = None

    @property
    def continuous(self) -> bool:
        """Whether it is one tone that goes on."""
        return math.isinf(self.intervals[0].most)


def available() -> list[str]:
    """Names of the plans that come with mediasock.

    Examples
    --------
    >>> available()
    ['eu', 'fax', 'uk', 'us']
    """
    files = resources.files("dsp").joinpath("plans").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load(plans: Iterable[str]) -> list[Cadence]:
    """Read plans by name, or by the path of a TOML file.

    Parameters
    ----------
    plans
        ``"us"``, ``"uk"``, ``"eu"``, ``"fax"``, or ``"some/plan.toml"``.

    Returns
    -------
    list of Cadence
        In order, what two plans have in common once.

    Raises
    ------
    PlanError
        When there is no such plan, or a tone of it makes no sense.

    Examples
    --------
    >>> [cadence.value for cadence in load(["eu"])][:2]
    ['dial', 'ringback']
    """
    found = [cadence for plan in plans for cadence in parse(_read(plan), plan)]
    return list(dict.fromkeys(found))


def _read(plan: str) -> str:
    try:
        if plan.endswith(".toml"):
            return Path(plan).read_text(encoding="utf-8")
        if plan in available():
            return resources.files("dsp").joinpath("plans", f"{plan}.toml").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"plan {plan}: {error}") from error
    raise PlanError(f"no plan {plan!r}: there are {', '.join(available())}, or a path with .toml")


def parse(text: str, name: str) -> list[Cadence]:
    """Read the text of a plan.

    Parameters
    ----------
    text
        TOML.
    name
        What errors call it.

    Raises
    ------
    PlanError
        Naming what is wrong and in which tone.
    """
    try:
        plan = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"plan {name}: {error}") from error
    kind, tones = plan.get("kind"), plan.get("tones")
    if not isinstance(kind, str) or not isinstance(tones, dict) or not tones or len(plan) > 2:
        raise PlanError(f"plan {name}: it has a kind and a table of tones, and nothing else")
    cadences = []
    for value, tone in tones.items():
        try:
            cadences += _cadences(kind, value, tone)
        except PlanError as error:
            raise PlanError(f"plan {name}: {value}: {error}") from error
    return cadences


def _cadences(kind: str, value: str, tone: object) -> list[Cadence]:
    settings: Mapping[str, Any] = tone if isinstance(tone, dict) else {"cadence": tone}
    if unknown := sorted(set(settings) - _SETTINGS):
        raise PlanError(f"no setting {unknown[0]!r}; there are {', '.join(sorted(_SETTINGS))}")
    texts = settings.get("cadence")
    if not isinstance(texts, list) or not texts or not all(isinstance(one, str) for one in texts):
        raise PlanError('its cadence is a list, as ["480+620/500,0/500"]')
    hz, ms = _number(settings, "hz", MOST_OFF), _number(settings, "ms", 60_000.0)
    flags = [_flag(settings, name) for name in ("modulated", "reversals")]
    found = []
    for text in texts:
        intervals = tuple(_interval(part.strip(), hz, ms) for part in text.split(","))
        _check(intervals, text)
        once = all(one.frequencies for one in intervals)
        told = settings.get("told", len(intervals) + (not once))
        if type(told) is not int or not 1 <= told <= 2 * MAX_INTERVALS:
            raise PlanError(f"told is {told!r}: a number from 1 to {2 * MAX_INTERVALS}")
        found.append(Cadence(kind, value, intervals, once, told, *flags))
    return found


def _number(settings: Mapping[str, Any], name: str, most: float) -> float | None:
    number = settings.get(name)
    if number is None:
        return None
    if not isinstance(number, int | float) or isinstance(number, bool) or not 0 < number <= most:
        raise PlanError(f"{name} is {number!r}: a number above 0 and up to {most:g}")
    return float(number)


def _flag(settings: Mapping[str, Any], name: str) -> bool | None:
    flag = settings.get(name)
    if flag is not None and not isinstance(flag, bool):
        raise PlanError(f"{name} is {flag!r}: true or false")
    return flag


def _interval(text: str, hz: float | None, ms: float | None) -> Interval:
    tones, slash, time = text.partition("/")
    lasting = time.startswith(">")
    try:
        frequencies = tuple(sorted(float(one) for one in tones.split("+")))
        seconds = float(time.removeprefix(">")) / 1000
    except ValueError:
        slash = ""
    if not slash:
        raise PlanError(f"{text!r} is no interval: it is FREQUENCIES/MS, as 480+620/500")
    if frequencies == (0.0,):
        frequencies = ()
    if len(frequencies) > 2 or not all(MIN_HZ <= one <= MAX_HZ for one in frequencies):
        raise PlanError(f"{text!r}: one or two frequencies from {MIN_HZ:g} to {MAX_HZ:g} Hz")
    if len(frequencies) == 2 and frequencies[1] - frequencies[0] < LEAST_APART:
        raise PlanError(f"{text!r}: two frequencies are at least {LEAST_APART:g} Hz apart")
    if not 1 / RATE <= seconds <= 60 or (lasting and not frequencies):
        raise PlanError(f"{text!r}: a sound lasts up to 60,000 ms, and silence does not go on")
    off = tuple(hz or _DEFAULT_HZ[0] * one + _DEFAULT_HZ[1] for one in frequencies)
    if lasting:
        return Interval(frequencies, off, seconds, math.inf)
    late = ms / 1000 if ms else _DEFAULT_SECONDS[0] * seconds + _DEFAULT_SECONDS[1]
    if late >= seconds:
        raise PlanError(f"{text!r}: it cannot be off by {1000 * late:g} ms")
    return Interval(frequencies, off, seconds - late, seconds + late)


def _check(intervals: Sequence[Interval], text: str) -> None:
    if len(intervals) > MAX_INTERVALS:
        raise PlanError(f"{text!r} has more than {MAX_INTERVALS} intervals")
    if not intervals[0].frequencies:
        raise PlanError(f"{text!r} begins with silence")
    if len(intervals) > 1 and any(math.isinf(one.most) for one in intervals):
        raise PlanError(f"{text!r}: a tone that goes on has nothing after it")
    if any(not (a.frequencies or b.frequencies) for a, b in itertools.pairwise(intervals)):
        raise PlanError(f"{text!r} has silence after silence")
