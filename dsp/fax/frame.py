"""What all frames of T.30 are, and those that are no more than their name (T.30 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import ClassVar

from dsp.fax.fields import FrameError, load

__all__ = [
    "ADDRESS",
    "FINAL",
    "HEADER",
    "NEXT",
    "Control",
    "Frame",
    "Plain",
    "Unknown",
    "control_of",
    "controls",
]

HEADER = 3
"""Octets before the facsimile information field: address, control, facsimile control field."""
ADDRESS, NEXT, FINAL = 0xFF, 0x03, 0x13
"""The address, and the control fields of a frame with others to come, and of the last."""

_NOT_LAST = frozenset({"ident", "facilities", "address", "data", "return"})


@dataclass(frozen=True, slots=True)
class Control:
    """A facsimile control field.

    Parameters
    ----------
    name
        ``DIS``, ``PRI-EOP``.
    code
        Its octet, with an X of 0.
    has_x
        Whether its first bit is X: 1 from the terminal that has received a valid DIS.
    kind
        What its information field is, of frames.toml.
    text
        What T.30 calls it.
    """

    name: str
    code: int
    has_x: bool
    kind: str
    text: str


@cache
def controls() -> Mapping[str, Control]:
    """Give all facsimile control fields by name.

    Examples
    --------
    >>> controls()["MCF"]
    Control(name='MCF', code=140, has_x=True, kind='plain', text='message confirmation')
    """
    found = {}
    for name, row in load("frames.toml").items():
        bits = row["bits"].replace(" ", "")
        code = int(bits.replace("X", "0")[::-1], 2)
        found[name] = Control(name, code, bits.startswith("X"), row["kind"], row["text"])
    return found


@cache
def _by_octet() -> Mapping[int, Control]:
    every = controls().values()
    return {one.code | x: one for one in every for x in ((0, 1) if one.has_x else (0,))}


def control_of(code: int) -> Control | None:
    """Give the facsimile control field of an octet, if there is one.

    Examples
    --------
    >>> control_of(0x8D).name, control_of(0x80).name, control_of(0x81).name
    ('MCF', 'DIS', 'DTC')
    """
    return _by_octet().get(code)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame: what all have.

    Parameters
    ----------
    name
        Its facsimile control field.
    x
        Whether its sender has received a valid DIS, which all frames but those of DIS's and DTC's
        groups, FCD and RCP say.
    final
        Whether it is the last one before the line is turned round.
    rest
        Octets that come after all that is known.

    Raises
    ------
    FrameError
        When there is no such frame, it is one of another class, or a value cannot be sent.
    """

    kinds: ClassVar[frozenset[str]] = frozenset()

    name: str
    x: bool = field(default=False, kw_only=True)
    final: bool = field(default=True, kw_only=True)
    rest: bytes = field(default=b"", kw_only=True)

    def __post_init__(self) -> None:
        control = controls().get(self.name)
        if control is None or control.kind not in self.kinds:
            raise FrameError(f"{self.name!r} is no {type(self).__name__}")
        if self.x and not control.has_x:
            raise FrameError(f"{self.name} has no X")

    @property
    def title(self) -> str:
        """Its name, with what follows of PPS and EOR: ``PPS-MPS``."""
        return self.name

    @property
    def fif(self) -> bytes:
        """Its facsimile information field."""
        return b""

    @property
    def flaws(self) -> tuple[str, ...]:
        """What is unusual or wrong with it, and did not keep it from being read."""
        found = self._wrong()
        if self.rest:
            found += (f"{self.rest.hex(' ')} after its end",)
        if self.final == (controls()[self.name].kind in _NOT_LAST):
            found += ("is said to be the last",) if self.final else ("is not said to be the last",)
        return found

    def octets(self) -> bytes:
        """Make it: all of it but the FCS."""
        control = FINAL if self.final else NEXT
        code = controls()[self.name].code | self.x
        return bytes([ADDRESS, control, code]) + self.fif + self.rest

    def _wrong(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Plain(Frame):
    """A frame whose name is all that it says, or all that is known of it.

    Parameters
    ----------
    name
        ``MCF`` and others.
    code
        The information field of FNV, FDM and others, whose meaning is not known here.

    Examples
    --------
    >>> Plain("MCF").octets().hex(), Plain("DCN", x=True).octets().hex()
    ('ff138c', 'ff13fb')
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"plain", "octets"})

    code: bytes = b""

    def __post_init__(self) -> None:
        Frame.__post_init__(self)
        if self.code and controls()[self.name].kind == "plain":
            raise FrameError(f"{self.name} has no information field")

    @property
    def fif(self) -> bytes:
        """The code."""
        return self.code


@dataclass(frozen=True, slots=True)
class Unknown(Frame):
    """Octets that are no frame that is known.

    Parameters
    ----------
    received
        All of them.
    why
        What is wrong with them.

    Examples
    --------
    >>> Unknown(b"", "0 octets are no frame").octets()
    b''
    """

    name: str = field(default="unknown", init=False)
    received: bytes
    why: str

    def __post_init__(self) -> None:
        pass

    @property
    def fif(self) -> bytes:
        """What would be its information field."""
        return self.received[HEADER:]

    @property
    def flaws(self) -> tuple[str, ...]:
        """What is wrong."""
        return (self.why,)

    def octets(self) -> bytes:
        """All octets."""
        return self.received
