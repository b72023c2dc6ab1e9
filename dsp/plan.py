"""Tone plans: which cadences of which frequencies mean what, a country a TOML file.

A plan says what ``kind`` of detection its tones are, and has a cadence or several for each::

    kind = "tone"

    [tones]
    busy = ["480+620/500,0/500"]
    ringback = { cadence = ["400*25/400,0/200,400*25/400,0/2000"], told = 3 }
    reorder = ["425/375,0/375,425@-10/375,0/375"]

A cadence is intervals with commas between, each a sound and a time in ms. A sound is

================ =================================================================================
``425``          a frequency in Hz; ``0`` is silence
``350+440``      two together
``400*25``       one whose amplitude is modulated with another of 10 to 60 Hz
``400+425+450``  three evenly spaced, which is the same as ``425*25``
``any``          one, two or a modulated one between 300 and 650 Hz, the same one in every round
``425@-10``      so many dB above or below the cadence's first
================ =================================================================================

and a time is ``500``, or ``300-750`` for anything between, the same in every round, or ``>600``
for the least of a tone that goes on, which is then the last interval. A cadence with silence in it
comes round again; one with none and with an end, as of the special information tones, is heard
once, and so is one that goes on.

============= ===================================================================================
``told``      after how many intervals it is told; without it, when it has come round and begins
              again, or has been heard once
``hz``        how far a frequency may be off; without it 1.5 % and 1 Hz
``ms``        how far a time may be off; without it 10 % and 12 ms, of slow beats 20 ms more
``once``      whether it does not come round, where that is not as said above
``quiet``     ms of silence that are to be before it, and after what it is told by
``modulated`` whether it is to have the 15 Hz amplitude modulation of V.8's ANSam
``reversals`` whether it is to have V.25's phase reversals
============= ===================================================================================

A tone is told later than that while it may yet turn out to be another of those listened for.

================= ================================================================================
value             what it is (E.180, E.182)
================= ================================================================================
``dial``          the exchange is ready for a number
``recall-dial``   special dial tone: of a line with a service in force, or with messages (stutter)
``ringback``      the called line rings
``busy``          the called line is in use
``reorder``       congestion: no way to it
``unobtainable``  no such number
``intercept``     a private exchange's refusal
``call-waiting``  a second call for one of those who talk
``sit``           special information tones, before a spoken reason; ``sit-…`` where a code is told
================= ================================================================================

The plans of countries hold what ITU-T E.180's tables of national tones say: Supplement 2 of 1994
and what came after it ("Various tones used in national networks", 2003). They were read through
two lists made from those, of spandsp and of DAHDI, and where the lists differ the plan has either
cadence, or its comment says which was taken. Left out is what no telephone channel passes (25 Hz),
bursts below 60 ms and pauses below 80 ms, which are not told from lost frames; and a tone that is
another one's cadence under a second name. ``auto`` knows no country: see its comments.
"""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from dsp.types import RATE, DspError

__all__ = [
    "ANY",
    "AUTO",
    "FAX",
    "PLANS",
    "Cadence",
    "Interval",
    "PlanError",
    "available",
    "countries",
    "load",
    "parse",
]

PLANS = ("us", "uk", "eu")
"""Plans that are listened for where nothing else is said."""

FAX = "fax"
"""The plan of fax and modem tones."""

AUTO = "auto"
"""The plan that knows the tones' general shape and no country."""

ANY = (300.0, 650.0)
"""Hz between which ``any`` tone lies."""

MAX_INTERVALS = 8
MIN_HZ, MAX_HZ = 200.0, 3400.0
LEAST_APART = 10.0
"""Hz between two frequencies that a unit of 20 ms can still tell apart."""

BEATS = (10.0, 60.0)
"""Hz that a modulation may have."""

MOST_OFF = 100.0
MOST_DB = 20.0

_DEFAULT_HZ = (0.015, 1.0)
_DEFAULT_SECONDS = (0.10, 0.012)
_BLUR = 0.02
"""Seconds more where a tone's loudness changes so slowly that its edges are not well known."""

_SLOW = 40.0
"""Hz below which it does."""

_SETTINGS = frozenset({"cadence", "told", "hz", "ms", "once", "quiet", "modulated", "reversals"})


class PlanError(DspError):
    """A plan that cannot be read or makes no sense; the message names the plan and the tone."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of a cadence.

    Parameters
    ----------
    frequencies
        Hz, ascending, at most two; none is silence, or any tone.
    hz
        How far each may be off.
    least, most
        Seconds that it lasts; `most` is infinite for a tone that goes on.
    beat
        Hz that the one frequency is modulated with; 0 is not at all.
    level
        dB above the cadence's first interval.
    any
        Whether it is any tone between the frequencies of :data:`ANY`.
    free
        Whether its time is a range, so that only the first round is free in it.
    """

    frequencies: tuple[float, ...]
    hz: tuple[float, ...]
    least: float
    most: float
    beat: float = 0.0
    level: float = 0.0
    any: bool = False
    free: bool = False

    @property
    def sounds(self) -> bool:
        """Whether it is no silence."""
        return self.any or bool(self.frequencies)

    @property
    def parts(self) -> tuple[float, ...]:
        """Hz of what it is made of: a modulated tone is three."""
        if not self.beat:
            return self.frequencies
        (middle,) = self.frequencies
        return middle - self.beat, middle, middle + self.beat


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
    quiet
        Seconds of silence that are to be before it, and after them before it is.
    modulated, reversals
        Whether it is to have them; ``None`` does not matter.
    """

    kind: str
    value: str
    intervals: tuple[Interval, ...]
    once: bool
    told: int
    quiet: float = 0.0
    modulated: bool | None = None
    reversals: bool | None = None

    @property
    def continuous(self) -> bool:
        """Whether its last interval is a tone that goes on."""
        return math.isinf(self.intervals[-1].most)


def available() -> list[str]:
    """Names of the plans that come with mediasock.

    Examples
    --------
    >>> {"us", "uk", "eu", "de", "jp", "fax", "auto"} <= set(available())
    True
    """
    files = resources.files("dsp").joinpath("plans").iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def countries() -> list[str]:
    """Names of the plans of countries, and of ``eu``.

    Examples
    --------
    >>> len(countries()) > 60
    True
    """
    return [name for name in available() if name not in (FAX, AUTO)]


def load(plans: Iterable[str]) -> list[Cadence]:
    """Read plans by name, or by the path of a TOML file.

    Parameters
    ----------
    plans
        ``"us"``, ``"uk"``, ``"eu"``, two letters of ISO 3166 as ``"de"``, ``"auto"``, ``"fax"``, or
        ``"some/plan.toml"``.

    Returns
    -------
    list of Cadence
        In order, what two plans have in common once.

    Raises
    ------
    PlanError
        When there is no such plan, a tone of it makes no sense, or ``auto`` is asked for together
        with a country: what it may yet turn out to be would hold up the country's tones.

    Examples
    --------
    >>> [cadence.value for cadence in load(["eu"])][:2]
    ['dial', 'ringback']
    """
    plans = list(plans)
    if AUTO in plans and (country := next((one for one in plans if one in countries()), None)):
        raise PlanError(f"plan {AUTO} is for when no country is known, and goes without {country}")
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
    quiet = (_number(settings, "quiet", 1000.0) or 0.0) / 1000
    flags = {name: _flag(settings, name) for name in ("once", "modulated", "reversals")}
    found = []
    for text in texts:
        intervals = tuple(_interval(part.strip(), hz, ms) for part in text.split(","))
        _check(intervals, text)
        if ms is None and any(_is_slow(one) for one in intervals):
            intervals = tuple(_blurred(one) for one in intervals)
        once = flags["once"]
        if once is None:
            once = all(one.sounds for one in intervals) or math.isinf(intervals[-1].most)
        told = settings.get("told", len(intervals) + (not once))
        if type(told) is not int or not 1 <= told <= 2 * MAX_INTERVALS:
            raise PlanError(f"told is {told!r}: a number from 1 to {2 * MAX_INTERVALS}")
        alike = flags["modulated"], flags["reversals"]
        found.append(Cadence(kind, value, intervals, once, told, quiet, *alike))
    return found


def _is_slow(one: Interval) -> bool:
    apart = one.beat or (one.frequencies[-1] - one.frequencies[0] if one.frequencies else 0.0)
    return 0 < apart < _SLOW


def _blurred(one: Interval) -> Interval:
    if math.isinf(one.most):
        return one
    return replace(one, least=max(one.least - _BLUR, 1 / RATE), most=one.most + _BLUR)


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
    sound, _, time = text.partition("/")
    tones, _, decibels = sound.partition("@")
    try:
        frequencies, beat = _frequencies(tones)
        level = float(decibels) if "@" in sound else 0.0
        low, high = (float(one) / 1000 for one in _range(time))
    except ValueError:
        raise PlanError(f"{text!r} is no interval: it is FREQUENCIES/MS, as 480+620/500") from None
    whichever = tones == "any"
    _check_sound(frequencies, beat, text)
    lasting = time.startswith(">")
    if not 1 / RATE <= low <= high <= 60 or (lasting and not (frequencies or whichever)):
        raise PlanError(f"{text!r}: a sound lasts up to 60,000 ms, and silence does not go on")
    if not -MOST_DB <= level <= MOST_DB:
        raise PlanError(f"{text!r}: it is up to {MOST_DB:g} dB above or below the first")
    off = tuple(hz or _DEFAULT_HZ[0] * one + _DEFAULT_HZ[1] for one in frequencies)
    free = low < high
    late = ms / 1000 if ms else _DEFAULT_SECONDS[0] * low + _DEFAULT_SECONDS[1]
    if free or lasting:
        late = 0.0
    if late >= low:
        raise PlanError(f"{text!r}: it cannot be off by {1000 * late:g} ms")
    most = math.inf if lasting else high + late
    return Interval(frequencies, off, low - late, most, beat, level, whichever, free)


def _frequencies(tones: str) -> tuple[tuple[float, ...], float]:
    """Hz, and of the modulation."""
    if tones == "any":
        return (), 0.0
    if "*" in tones:
        carrier, beat = (float(one) for one in tones.split("*"))
        return (carrier,), beat
    frequencies = tuple(sorted(float(one) for one in tones.split("+")))
    if frequencies == (0.0,):
        return (), 0.0
    if len(frequencies) == 3:
        low, middle, high = frequencies
        if abs(low + high - 2 * middle) > 2:
            raise PlanError(f"{tones!r}: three frequencies are evenly spaced")
        return (middle,), (high - low) / 2
    return frequencies, 0.0


def _range(time: str) -> tuple[str, str]:
    if time.startswith(">"):
        return time[1:], time[1:]
    low, _, high = time.partition("-")
    return low, high if "-" in time else low


def _check_sound(frequencies: Sequence[float], beat: float, text: str) -> None:
    if len(frequencies) > 2 or not all(MIN_HZ <= one <= MAX_HZ for one in frequencies):
        raise PlanError(f"{text!r}: one or two frequencies from {MIN_HZ:g} to {MAX_HZ:g} Hz")
    if len(frequencies) == 2 and frequencies[1] - frequencies[0] < LEAST_APART:
        raise PlanError(f"{text!r}: two frequencies are at least {LEAST_APART:g} Hz apart")
    if beat and not BEATS[0] <= beat <= BEATS[1]:
        raise PlanError(f"{text!r}: it is modulated with {BEATS[0]:g} to {BEATS[1]:g} Hz")


def _check(intervals: Sequence[Interval], text: str) -> None:
    if len(intervals) > MAX_INTERVALS:
        raise PlanError(f"{text!r} has more than {MAX_INTERVALS} intervals")
    if not intervals[0].sounds or intervals[0].level:
        raise PlanError(f"{text!r} begins with silence, or above itself")
    if any(math.isinf(one.most) for one in intervals[:-1]):
        raise PlanError(f"{text!r}: a tone that goes on has nothing after it")
    if any(not (a.sounds or b.sounds) for a, b in itertools.pairwise(intervals)):
        raise PlanError(f"{text!r} has silence after silence")
