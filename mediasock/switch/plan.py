"""What call the switch is to place: the caller, the dialplan's ``socket`` line, the codec."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import DialplanError
from .written import number

CODECS = {
    "PCMU": ("CORE_PCM_MODULE", 0, 8000, 8000, 64000),
    "PCMA": ("CORE_PCM_MODULE", 8, 8000, 8000, 64000),
    "G722": ("mod_spandsp", 9, 16000, 8000, 64000),
    "L16": ("CORE_PCM_MODULE", 102, 8000, 8000, 128000),
}
"""Module, RTP payload type, samples a second, RTP clock rate (RFC 3551 4.5.2), bits a second."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a switch says of itself in every event."""

    hostname: str = "embedded"
    core_uuid: str = "00000000-0000-4000-8000-000000000000"
    ip4: str = "127.0.0.1"
    ip6: str = "::1"
    version: str = "1.11.3-dev git cc93a68 2026-08-21 14:10:14Z 64bit"
    user_agent: str = "FreeSWITCH-mod_sofia/1.11.3-dev+git~20260821T141014Z~cc93a683ca~64bit"


@dataclass(frozen=True, slots=True)
class SocketLine:
    """The data of the dialplan's ``socket`` application.

    Examples
    --------
    >>> line = SocketLine.parse("10.0.0.1:8084/fax|10.0.0.2:8084 async")
    >>> line.targets
    (('10.0.0.1', 8084, 'fax'), ('10.0.0.2', 8084, ''))
    >>> line.is_async, line.full
    (True, False)
    """

    targets: tuple[tuple[str, int, str], ...]
    is_async: bool = False
    full: bool = False

    @classmethod
    def parse(cls, data: str) -> SocketLine:
        """Read ``host:port[/path][|host2:port2…] [async] [full]``.

        Raises
        ------
        DialplanError
            No host, a port that is not a number from 1 to 65535, or a path with a colon.
        """
        hosts, *words = data.split() or [""]
        targets = tuple(_target(text, data) for text in hosts.split("|") if text)
        if not targets:
            raise DialplanError(f"a socket line names no host: {data!r}")
        return cls(targets, "async" in words, "full" in words)


def _target(text: str, line: str) -> tuple[str, int, str]:
    address, _, path = text.partition("/")
    if ":" in path:
        raise DialplanError(
            f"FreeSWITCH takes host and port apart at the last colon: {text!r} cannot have one "
            "in its path"
        )
    host, colon, port = address.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = address, "8084"
    host = host.removeprefix("[").removesuffix("]")
    found = number(port, 5) or 0
    if not (host and 0 < found < 65536):
        raise DialplanError(f"{text!r} is not HOST:PORT[/path], in the socket line {line!r}")
    return host, found, path


@dataclass(frozen=True, slots=True)
class CallSetup:
    """A call as it enters the switch's dialplan.

    Parameters
    ----------
    socket
        Data of the ``socket`` application.
    number, caller
        Who was called, and who calls.
    codec
        One of :data:`CODECS`.
    ptime_ms
        Milliseconds a frame: 10, 20 or 30.
    variables
        Set before ``socket`` is run, as by ``set`` in the dialplan.
    extensions
        For ``transfer``: the socket line of each extension. One that is not here has the call's
        own line, so that whatever the application names leads back to it.
    after
        Applications of the dialplan behind ``socket``, as (name, data).
    matches
        What ``DP_MATCH`` holds beside the number; with nothing it is left out.
    profile, ip
        The SIP profile's name and the address that the SIP variables show.
    """

    socket: str
    number: str = "mediasock"
    caller: str = "1001"
    codec: str = "PCMU"
    ptime_ms: int = 20
    variables: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)
    after: tuple[tuple[str, str], ...] = ()
    matches: Mapping[str, str] = field(default_factory=dict)
    profile: str = "internal"
    ip: str = "127.0.0.1"

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise DialplanError(f"no codec {self.codec!r}; there are {', '.join(CODECS)}")
        if self.ptime_ms not in {10, 20, 30}:
            raise DialplanError(f"frames of {self.ptime_ms} ms: only 10, 20 and 30 ms exist here")

    @property
    def rate(self) -> int:
        """Samples a second of the call's codec."""
        return CODECS[self.codec][2]

    @property
    def frame_samples(self) -> int:
        """Samples of one frame."""
        return self.rate * self.ptime_ms // 1000


def random_uuid() -> str:
    """Make a UUID as a running switch does."""
    return str(uuid.uuid4())
