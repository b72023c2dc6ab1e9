"""Frames of T.30 in words, as scenarios have them: ``DCS rate='V.29 9600' ecm``.

======================= ==========================================================================
DIS, DTC                fields of Capabilities over those of the scenario, or ``fif=00ce``
DCS                     fields of Settings over those of the scenario, or ``fif=``
CSI 12345               an ident; SUB, PWD and others the same
NSF b50001              octets
PPS-EOP page=0 block=0 frames=9    what is left out is what was sent just now
EOR-MPS                 what follows
PPR 0,3-5               numbers of frames, or ``all``
CTC 'V.29 7200'         a rate
MCF                     and all others that are only a name
octets ff13b8           anything
again                   what was heard last
======================= ==========================================================================

Each may have ``x=0`` or ``x=1``, ``final=no``, ``rest=00ff`` (octets after its end), ``fcs=bad``
and ``cut=yes`` (given up in the middle).
"""

import shlex
from dataclasses import dataclass, field, replace

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import FrameError
from dsp.fax.frames import (
    CapabilityFrame,
    CommandFrame,
    ContinueToCorrect,
    EndOfRetransmission,
    FacilitiesFrame,
    IdentFrame,
    PageRequest,
    PartialPage,
    Plain,
    controls,
)

_BOTH = {"yes": True, "no": False}


class WordError(Exception):
    """Words that are no frame, no step."""


@dataclass(frozen=True)
class Said:
    """A frame as it is to be sent."""

    octets: bytes
    good: bool = True
    whole: bool = True


@dataclass
class Speaker:
    """What words mean to who says them now."""

    able: Capabilities = field(default_factory=Capabilities)
    settings: Settings = field(default_factory=lambda: Settings("V.29 9600"))
    x: bool = True
    page: int = 0
    block: int = 0
    frames: int = 1
    heard: tuple[bytes, ...] = ()


def split(text):
    """Words, of which those in quotes are one."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise WordError(f"{text!r}: {error}") from error


def parted(words):
    """Part words into plain ones and ``name=value`` ones."""
    plain, options = [], {}
    for one in words:
        name, equals, value = one.partition("=")
        if equals and name.replace("_", "").isalnum():
            options[name] = value
        else:
            plain.append(one)
    return plain, options


def numbers(text):
    """Read ``0,3-5``."""
    found = set()
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    except ValueError as error:
        raise WordError(f"{text!r} are no numbers as in 0,3-5") from error
    return frozenset(found)


def yes(text):
    """Read yes or no."""
    if text not in _BOTH:
        raise WordError(f"{text!r} is neither yes nor no")
    return _BOTH[text]


def _changed(of, plain, options):
    """Capabilities or settings with some fields given by words."""
    wanted = dict.fromkeys(plain, True)
    for name, value in options.items():
        if name == "also":
            wanted[name] = numbers(value)
        else:
            wanted[name] = _BOTH.get(value, value)
    try:
        return replace(of, **wanted)
    except TypeError as error:
        raise WordError(f"{type(of).__name__} has no such field: {error}") from error


def settings_of(settings, plain, options):
    """Settings that DCS says."""
    return _changed(settings, plain, options)


def _octets(words):
    try:
        return bytes.fromhex("".join(words))
    except ValueError as error:
        raise WordError(f"{' '.join(words)!r} are no octets") from error


def _bits(of, plain, options):
    if "fif" in options:
        return _octets([options["fif"]])
    return _changed(of, plain, options).fif()


def _pps(then, options, speaker, x):
    page, block, frames = (
        int(options.pop(name, getattr(speaker, name))) for name in ("page", "block", "frames")
    )
    return PartialPage(then, page, block, frames, x=x)


def _ppr(plain, x):
    which = plain[0] if plain else ""
    return PageRequest(frozenset(range(256)) if which == "all" else numbers(which), x=x)


_MAKERS = {
    "ident": lambda name, plain, x: IdentFrame.of(name, " ".join(plain), x=x),
    "facilities": lambda name, plain, x: FacilitiesFrame(name, _octets(plain), x=x),
    "map": lambda _, plain, x: _ppr(plain, x),
    "correct": lambda _, plain, x: ContinueToCorrect.of(" ".join(plain), x=x),
    "plain": lambda name, plain, x: Plain(name, _octets(plain), x=x),
    "octets": lambda name, plain, x: Plain(name, _octets(plain), x=x),
}


def _made(name, plain, options, speaker, x):
    """Frame of a name, and what else is said about it."""
    stem, _, then = name.partition("-")
    if stem == "PPS":
        return _pps(then, options, speaker, x)
    if stem == "EOR":
        return EndOfRetransmission(then, x=x)
    if name == "DCS":
        return CommandFrame(_bits(speaker.settings, plain, options), x=x)
    if name in ("DIS", "DTC"):
        return CapabilityFrame(name, _bits(speaker.able, plain, options))
    control = controls().get(name)
    if control is None or control.kind not in _MAKERS:
        raise WordError(f"no frame {name!r} is sent by V.21")
    return _MAKERS[control.kind](name, plain, x and control.has_x)


def frames(words, speaker):
    """Make the frames of a transmission, which are parted by ``+``."""
    parts = [[]]
    for one in words:
        if one == "+":
            parts.append([])
        else:
            parts[-1].append(one)
    return [said for part in parts for said in _frame(part, speaker)]


def _frame(words, speaker):
    if not words:
        raise WordError("there is no frame between + and +")
    name, *rest = words
    plain, options = parted(rest)
    flags = {
        one: options.pop(one) for one in ("fcs", "cut", "x", "final", "rest") if one in options
    }
    if flags.get("fcs", "bad") != "bad":
        raise WordError(f"fcs={flags['fcs']}: only bad can be said of it")
    how = {"good": "fcs" not in flags, "whole": not yes(flags.get("cut", "no"))}
    if name == "again":
        return [Said(one, **how) for one in speaker.heard]
    if name == "octets":
        return [Said(_octets(plain), **how)]
    x = speaker.x if "x" not in flags else flags["x"] == "1"
    try:
        made = _made(name, plain, options, speaker, x)
        if "final" in flags:
            made = replace(made, final=yes(flags["final"]))
        if "rest" in flags:
            made = replace(made, rest=_octets([flags["rest"]]))
    except FrameError as error:
        raise WordError(f"{' '.join(words)}: {error}") from error
    return [Said(made.octets(), **how)]


def value_of(frame, name):
    """Give what a frame says by the name of an attribute, in words."""
    for one in (frame, getattr(frame, "capabilities", None), getattr(frame, "settings", None)):
        if one is not None and hasattr(one, name):
            return getattr(one, name)
    raise WordError(f"{frame.title} has no {name}")


def agrees(value, text):
    """Say whether a value is as the words have it."""
    if isinstance(value, bool):
        return value == yes(text)
    if isinstance(value, frozenset):
        return value == numbers(text)
    if isinstance(value, bytes):
        return value == _octets([text])
    return str(value) == text
