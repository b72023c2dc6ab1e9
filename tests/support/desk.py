"""An embedded switch in virtual time with one call on it, and what it writes, read."""

from __future__ import annotations

import itertools
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mediasock.switch.codec import Codec
from mediasock.switch.core import Switch
from mediasock.switch.event_socket import EventSocket
from mediasock.switch.line import Impairment, Line
from mediasock.switch.messages import Dial
from mediasock.switch.plan import CallSetup
from mediasock.switch.unicast import Bind, Send


def counted_uuids() -> Callable[[], str]:
    """Make a source of UUIDs that counts, for runs that must be the same each time."""
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012x}"


# -- reading what a switch wrote --------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """One frame, or the event in it: its kind, its headers in order, its body."""

    kind: str
    headers: list[tuple[str, Any]]
    body: str = ""

    def get(self, name: str, default: str = "") -> Any:
        return next((value for key, value in self.headers if key == name), default)


def frames(data: bytes) -> list[Read]:
    """Read all that a switch wrote, which must be whole frames."""
    read, rest = whole_frames(data)
    assert not rest, f"half a frame: {rest!r}"
    return read


def whole_frames(data: bytes) -> tuple[list[Read], bytes]:
    """Read as many frames as there are, and return what is behind them."""
    read: list[Read] = []
    while True:
        head, blank, rest = data.partition(b"\n\n")
        if not blank:
            return read, data
        headers = _lines(head.decode(), decode=head.startswith(b"Event-Name"))
        if head.startswith(b"Event-Name"):
            read.append(Read("connect", headers))
            data = rest
            continue
        length = int(dict(headers).get("Content-Length", "0"))
        if len(rest) < length:
            return read, data
        body, data = rest[:length].decode(), rest[length:]
        read.append(_inner(headers, body))


def _inner(headers: list[tuple[str, str]], body: str) -> Read:
    kind = dict(headers)["Content-Type"]
    if kind == "text/event-plain":
        head, _, rest = body.partition("\n\n")
        return Read("event", _lines(head, decode=True), rest)
    if kind == "text/event-json":
        return Read("event", list(json.loads(body).items()))
    if kind == "text/event-xml":
        fields = re.findall(r"^    <([^>]+)>(.*?)</\1>$", body, re.MULTILINE | re.DOTALL)
        return Read("event", [(name, urllib.parse.unquote(value)) for name, value in fields])
    return Read(kind, headers, body)


def _lines(head: str, *, decode: bool) -> list[tuple[str, str]]:
    pairs = [line.partition(": ")[::2] for line in head.split("\n")]
    return [(name, urllib.parse.unquote(value) if decode else value) for name, value in pairs]


# -- the far end, as simple as can be --------------------------------------------------------


class RecordedPhone:
    """The far end of the recorded calls: a key held 100 ms of 200, keys out of band, a BYE."""

    def __init__(self, rate: int, keys: list[tuple[float, str]], hangup_at: float | None) -> None:
        self.rate = rate
        self.now = 0.0
        self._keys = list(keys)
        self._hangup_at = hangup_at
        self._said = 0
        self.heard: list[np.ndarray] = []

    def speak(self, n: int) -> np.ndarray:
        at = (self._said + np.arange(n)) / self.rate
        self._said += n
        both = np.sin(2 * np.pi * 697 * at) + np.sin(2 * np.pi * 1209 * at)
        return np.where(at % 0.2 < 0.1, 5000 * both, 0).astype(np.int16)

    def hear(self, samples: np.ndarray) -> None:
        self.heard.append(samples)

    def out_of_band(self, n_samples_elapsed: int) -> list[str]:
        due = [key for at, key in self._keys if at <= self.now]
        self._keys = [(at, key) for at, key in self._keys if at > self.now]
        return due

    @property
    def hangup_due(self) -> bool:
        return self._hangup_at is not None and self.now >= self._hangup_at


# -- the desk ---------------------------------------------------------------------------------


class Desk:
    """One call, its control sockets and its datagrams, moved by hand.

    `data` is the dialplan's socket line; with `connected` its socket has been accepted and has
    said ``connect``.
    """

    def __init__(
        self,
        data: str = "127.0.0.1:8084 async full",
        *,
        connected: bool = True,
        keys: Iterable[tuple[float, str]] = (),
        impairment: Impairment | None = None,
        taken: Iterable[int] = (),
        **setup: Any,
    ) -> None:
        self.now = 1_700_000_000_000_000
        self.seconds = 0.0
        self.switch = Switch(lambda: self.now, counted_uuids())
        call = CallSetup(data, **setup)
        self.phone = RecordedPhone(call.rate, list(keys), None)
        self.line = Line(
            self.phone,
            lambda: Codec(call.codec),
            call.frame_samples,
            ptime_ms=call.ptime_ms,
            impairment=impairment,
        )
        self.frame_seconds = call.ptime_ms / 1000
        self.taken = set(taken)
        self.binds: list[tuple[str, int]] = []
        self.sent: list[bytes] = []
        self.dials: list[Dial] = []
        self.session = self.switch.place(call, self.line)
        self.sockets: list[EventSocket] = []
        self.carry()
        if connected:
            self.accept()

    @property
    def socket(self) -> EventSocket:
        return self.sockets[-1]

    def accept(self) -> None:
        host, _, path = self.dials[-1].targets[0]
        self.sockets.append(self.session.connect(host, path))
        self.tick()
        self.say("connect")
        self.read()

    def carry(self) -> None:
        for action in self.session.take_actions():
            if isinstance(action, Dial):
                self.dials.append(action)
            elif isinstance(action, Bind):
                self.binds.append(action.local)
                self.session.bound(action.local[1] not in self.taken)
            elif isinstance(action, Send):
                self.sent.append(action.data)

    def say(self, text: str, socket: EventSocket | None = None) -> None:
        (socket or self.socket).feed(text.encode() + b"\n\n")
        self.carry()

    def execute(self, name: str, argument: str = "", **headers: str) -> None:
        lines = ["sendmsg", "call-command: execute", f"execute-app-name: {name}"]
        lines += [f"execute-app-arg: {argument}"] if argument else []
        lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
        self.say("\n".join(lines))

    def unicast(self, **headers: str) -> None:
        lines = ["sendmsg", "call-command: unicast"]
        lines += [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
        self.say("\n".join(lines))

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += round(self.frame_seconds * 1e6)
            self.seconds += self.frame_seconds
            self.phone.now = self.seconds
            self.session.tick()
            self.carry()

    def read(self, socket: EventSocket | None = None) -> list[Read]:
        return frames((socket or self.socket).output())

    def reply(self, text: str, name: str = "Reply-Text") -> str:
        """Say something and return what it was answered."""
        self.read()
        self.say(text)
        answers = [one for one in self.read() if one.kind in {"command/reply", "api/response"}]
        return str(answers[0].get(name)) if answers[0].kind == "command/reply" else answers[0].body

    def events(self, *names: str) -> list[Read]:
        return [
            one
            for one in self.read()
            if one.kind == "event" and (not names or one.get("Event-Name") in names)
        ]

    def heard(self) -> np.ndarray:
        return np.concatenate(self.phone.heard) if self.phone.heard else np.zeros(0, np.int16)


def names(read: Iterable[Read]) -> list[str]:
    """Return what happened, an application's name in brackets."""
    return [
        one.get("Event-Name") + (f"({one.get('Application')})" if one.get("Application") else "")
        for one in read
    ]
