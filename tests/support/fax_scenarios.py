"""Scenarios of awkward far ends: the files in tests/dsp/fax/scenarios, read and checked.

A file is a chapter. Its ``[all]`` is what all its scenarios have unless they say otherwise, its
``[steps]`` are steps by name, and each ``[[scenario]]`` has

============ =====================================================================================
name         in a few words; with the chapter's name it is the only one
says         what T.30 says, with the clause
we           ``calling`` or ``called``: the terminal under test
send         how many pages it has
receive      whether it takes pages (default: when it has none)
config       values of dsp.fax.config.Config
able         values of Capabilities over all that the terminal can do
far          values of Capabilities for the DIS and DTC of the far end
settings     values of Settings for its DCS
page         width and height of all pages, of both ends; resolution, a list: of the terminal's
level, noise dBm0 of the far end, and of white noise that goes with it
echo         delay in seconds and level in dB of what the terminal hears of itself
steps        what the far end does, see :data:`VERBS`
outcome      names of dsp.fax.results, any of which is right
confirmed    pages that are confirmed; -1 where that is left to the terminal
takes        numbers of the far end's pages that the terminal has then (default: 1 to confirmed)
rates        of the terminal's pages, as in ``V.29 9600``
seconds      the least and the most that the call takes
told         attributes of the terminal's Result: ``far_ident``, ``coding`` and others
disk         ``slow``, seconds until a page is stored; ``fails``, until it cannot be
============ =====================================================================================
"""

import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.document import DocumentError, Resolution
from dsp.fax.fields import FrameError, rates
from dsp.fax.frames import controls
from dsp.fax.result import outcomes
from tests.support.fax_words import Speaker, WordError, frames, parted, split

_DEEPEST = 5
_HEARD = ("CED", "CNG", "tcf", "page", "ecm", "carrier", "nothing", "end")
FOLDER = Path(__file__).parents[1] / "dsp" / "fax" / "scenarios"

VERBS = {
    # verb: (options with the kind of their value, what may stand without a name)
    "hear": ({"within": float, "after": float}, None),
    "may": ({"within": float}, None),
    "until": ({"within": float}, None),
    "listen": ({}, float),
    "say": ({"gap": float, "preamble": float, "wait": str}, None),
    "ced": ({}, float),
    "cng": ({}, None),
    "tcf": (
        {
            "seconds": float,
            "errors": float,
            "ones": str,
            "rate": str,
            "cut": float,
            "gap": float,
            "wait": str,
        },
        None,
    ),
    "page": (
        {
            "bad": int,
            "cut": float,
            "rows": int,
            "line": float,
            "rate": str,
            "training": str,
            "gap": float,
            "rtc": str,
        },
        int,
    ),
    "ecm": (
        {
            "block": int,
            "only": str,
            "lost": str,
            "bad": str,
            "order": str,
            "twice": str,
            "rcp": int,
            "cut": float,
            "asked": str,
            "rate": str,
            "training": str,
            "gap": float,
        },
        int,
    ),
    "silence": ({}, float),
    "noise": ({"level": float}, float),
    "carrier": ({"of": str}, float),
    "fast": ({"rate": str, "training": str}, float),
    "hang": ({}, None),
    "refuse": ({"until": str}, None),
}
"""What a far end does, a step each.

``hear``      the next that the terminal says: ``hear CSI DIS ecm=yes``, frames of which the last
              has these values; ``hear MCF|RTP`` either; ``hear CED``, ``hear CNG``, ``hear tcf``,
              ``hear page 1``, ``hear ecm frames=0-3``, ``hear carrier``, ``hear nothing 5``,
              ``hear end``
``may``       frames that may come and need not
``until``     passes over all until these frames come
``listen``    passes over all for some seconds
``say``       frames in the words of :mod:`tests.support.fax_words`
``tcf``       1.5 s of zeros, or ``ones=yes``, ``errors=0.1``, ``seconds=0.5``, ``cut=0.7`` seconds
              of the sound
``page 1``    lines, ``bad=12`` of them broken, or but a part ``cut=0.5`` of the sound, ``rtc=no``,
              ``rows=0``, ``line=4`` seconds each
``ecm 1``     frames: ``only=0-3 lost=1 bad=2 twice=3 order=reverse``, ``asked=yes`` those of PPR
``ced``, ``cng``, ``silence``, ``noise``, ``carrier``, ``fast``   with how many seconds; the last
              two are V.21 without frames and the page's modem with ones
``refuse``    FTT to each training, until DCS has the rate ``until``, which never rises; the TCF of
              that rate is heard, its answer is the next step
``hang up``   the call is over
``do``        steps of ``[steps]`` by their name, ``times=3``
"""

_FIELDS = {
    "name": str,
    "says": str,
    "we": str,
    "send": int,
    "receive": bool,
    "config": dict,
    "able": dict,
    "far": dict,
    "settings": dict,
    "page": dict,
    "level": (int, float),
    "noise": (int, float),
    "echo": dict,
    "steps": list,
    "outcome": list,
    "confirmed": int,
    "takes": list,
    "rates": list,
    "seconds": list,
    "told": dict,
    "disk": dict,
}


class ScenarioError(Exception):
    """A scenario that cannot be: which file, which scenario, which step, and why."""


@dataclass(frozen=True)
class Step:
    """One thing that a far end does."""

    verb: str
    plain: tuple[str, ...]
    options: dict
    text: str


@dataclass(frozen=True)
class Scenario:
    """A far end, and what is to become of it. See the module."""

    chapter: str
    name: str
    says: str
    we: str
    steps: tuple[Step, ...]
    outcome: tuple[str, ...]
    send: int = 0
    receive: bool = False
    config: dict = field(default_factory=dict)
    able: dict = field(default_factory=dict)
    far: Capabilities = field(default_factory=Capabilities)
    settings: Settings = field(default_factory=lambda: Settings("V.29 9600"))
    page: dict = field(default_factory=dict)
    level: float = -15.0
    noise: float | None = None
    echo: dict | None = None
    confirmed: int = -1
    takes: tuple[int, ...] | None = None
    rates: tuple[str, ...] | None = None
    seconds: tuple[float, float] | None = None
    told: dict = field(default_factory=dict)
    disk: dict = field(default_factory=dict)

    @property
    def calling(self):
        return self.we == "calling"

    def size(self, number):
        """Width, height and resolution of the terminal's page of this number."""
        finenesses = self.page["resolution"]
        return self.page["width"], self.page["height"], finenesses[(number - 1) % len(finenesses)]

    def __str__(self):
        return f"{self.chapter}: {self.name}"


def load(path):
    """Read a file of scenarios.

    Raises
    ------
    ScenarioError
        Naming file, scenario and step.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    if unknown := set(told) - {"all", "steps", "scenario"}:
        raise ScenarioError(f"{path.name}: what is {sorted(unknown)[0]!r}?")
    found, names = [], set()
    for row in told.get("scenario", []):
        place = f"{path.name}: {row.get('name', 'a scenario without a name')}"
        one = _scenario(path.stem, {**told.get("all", {}), **row}, told.get("steps", {}), place)
        if one.name in names:
            raise ScenarioError(f"{place}: there is another one of this name")
        names.add(one.name)
        found.append(one)
    return found


@cache
def catalogue():
    """Give all scenarios, chapter by chapter."""
    return tuple(one for path in sorted(FOLDER.glob("*.toml")) for one in load(path))


def _scenario(chapter, row, named, place):
    for name, value in row.items():
        if name not in _FIELDS:
            raise ScenarioError(f"{place}: what is {name!r}?")
        if not isinstance(value, _FIELDS[name]):
            raise ScenarioError(f"{place}: {name} cannot be {value!r}")
    for name in ("name", "says", "we", "steps", "outcome"):
        if not row.get(name):
            raise ScenarioError(f"{place}: it has no {name}")
    if row["we"] not in ("calling", "called"):
        raise ScenarioError(f"{place}: we are 'calling' or 'called', not {row['we']!r}")
    for one in row["outcome"]:
        if one not in outcomes():
            raise ScenarioError(f"{place}: there is no outcome {one!r}")
    for one in row.get("rates", ()):
        if one not in rates("V.27ter, V.29, V.17"):
            raise ScenarioError(f"{place}: there is no rate {one!r}")
    settings = {"rate": "V.29 9600", **row.get("settings", {})}
    try:
        far = Capabilities(**_listed(row.get("far", {})))
        settings = Settings(**_listed(settings))
    except (FrameError, TypeError) as error:
        raise ScenarioError(f"{place}: {error}") from error
    steps = _steps(row["steps"], named, place, Speaker(far, settings))
    tuples = {
        one: tuple(row[one]) for one in ("outcome", "takes", "rates", "seconds") if one in row
    }
    values = {"receive": not row.get("send"), **row, **tuples, "steps": steps}
    values |= {"far": far, "settings": settings, "page": _page(values.pop("page", {}), place)}
    return Scenario(chapter=chapter, **values)


def _listed(values):
    return values | ({"also": frozenset(values["also"])} if "also" in values else {})


def _page(values, place):
    page = {"width": 1728, "height": 48, "resolution": ["R8 × 3.85"]} | values
    try:
        return page | {"resolution": [Resolution.named(one) for one in page["resolution"]]}
    except DocumentError as error:
        raise ScenarioError(f"{place}: {error}") from error


def _steps(texts, named, place, speaker, depth=0):
    found = []
    for number, text in enumerate(texts, 1):
        where = f"{place}: step {number} {text!r}"
        try:
            verb, *words = split(text)
            plain, options = parted(words)
            if verb == "do":
                inner = _steps(_named(plain, named, depth), named, where, speaker, depth + 1)
                found += inner * int(options.get("times", 1))
            else:
                found.append(_step(text, speaker))
        except (WordError, ValueError) as error:
            raise ScenarioError(f"{where}: {error}") from error
    return tuple(found)


def _named(plain, named, depth):
    if len(plain) != 1 or plain[0] not in named or depth > _DEEPEST:
        raise WordError(f"there are no steps {' '.join(plain)!r}")
    return named[plain[0]]


def _named_well(plain):
    """Raise where what is to be heard is neither a frame nor something else that can be."""
    if not plain:
        raise WordError("nothing is named")
    if plain[0] in _HEARD:
        return
    for one in "|".join(plain).split("|"):
        name = one.removeprefix("PPS-").removeprefix("EOR-")
        if name not in controls() and name != "NULL":
            raise WordError(f"nothing is called {one!r}")


def _step(text, speaker):
    verb, *words = split(text)
    plain, options = parted(words)
    if verb not in VERBS:
        raise WordError(f"what is {verb!r}?")
    known, number = VERBS[verb]
    if verb == "say":
        plain = [one for one in words if one.partition("=")[0] not in known]
        frames(plain, replace(speaker, heard=(b"\xff\x13\x80",)))
        options = {name: value for name, value in options.items() if name in known}
    elif verb in ("hear", "may", "until"):
        _named_well(plain)
    elif unknown := set(options) - set(known):
        raise WordError(f"what is {sorted(unknown)[0]!r}?")
    if number is not None:
        number(" ".join(plain))
    own = {name: known[name](value) if name in known else value for name, value in options.items()}
    return Step(verb, tuple(plain), own, text)
