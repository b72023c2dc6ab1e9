"""Play the application side of a recorded call against the embedded switch, in virtual time."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path

from mediasock.switch.codec import Codec
from mediasock.switch.core import Switch
from mediasock.switch.event_socket import EventSocket
from mediasock.switch.line import Line
from mediasock.switch.messages import Dial
from mediasock.switch.plan import CallSetup, Identity
from mediasock.switch.session import Session
from mediasock.switch.unicast import Bind, Send, Unbind
from tests.support.desk import Read, RecordedPhone, frames

FIXTURES = Path(__file__).parent.parent.parent / "fixtures/freeswitch"
SETUPS = json.loads((Path(__file__).parent.parent / "switch/scenarios.json").read_text())
SCENARIOS = sorted(path.name.removesuffix(".json.gz") for path in FIXTURES.glob("*.json.gz"))
TICK = 0.02


@dataclass
class Recorded:
    """One transcript: what one socket wrote and read, and the datagrams of the call."""

    esl: list[tuple[float, str, str]]
    media: list[tuple[float, int, bytes]]

    def side(self, prefix: str, direction: str) -> list[tuple[float, str]]:
        return [(at, text) for at, way, text in self.esl if way == prefix + direction]

    def written(self, prefix: str) -> bytes:
        return "".join(text for _, text in self.side(prefix, "fs")).encode()

    @property
    def end(self) -> float:
        return max([at for at, *_ in self.esl] + [at for at, *_ in self.media])


def load(scenario: str) -> Recorded:
    document = json.loads(gzip.decompress((FIXTURES / f"{scenario}.json.gz").read_bytes()))
    media = [(at, port, base64.b64decode(data)) for at, port, data in document["media"]]
    return Recorded([tuple(row) for row in document["esl"]], media)


# -- playing ----------------------------------------------------------------------------------


@dataclass
class Played:
    """What the embedded switch did: bytes by socket, datagrams, when each socket closed."""

    written: dict[str, bytearray] = field(default_factory=dict)
    closed: dict[str, float] = field(default_factory=dict)
    media: list[tuple[float, int, bytes]] = field(default_factory=list)


def original_uuid(recorded: Recorded) -> str:
    return str(frames(recorded.written(""))[0].get("Unique-ID"))


class Player:
    """A recorded application, and the shell it needs, against an embedded switch."""

    def __init__(self, scenario: str) -> None:
        self.recorded = load(scenario)
        self.setup = SETUPS["default"] | SETUPS.get(scenario, {})
        connect = frames(self.recorded.written(""))[0]
        self.now = 1_795_409_881_504_599
        self.played = Played()
        self._shift = {original_uuid(self.recorded): ""}
        uuids = iter(f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 10_000))
        identity = Identity(hostname="vm", ip4="192.0.2.2", ip6="fd00::2")
        self.switch = Switch(lambda: self.now, lambda: next(uuids), identity)
        call = self._call(connect)
        self.phone = RecordedPhone(call.rate, self.setup["keys"], self.setup["far_end_hangs_up_at"])
        line = Line(self.phone, lambda: Codec(call.codec), call.frame_samples)
        self.session: Session = self.switch.place(call, line)
        self._shift[original_uuid(self.recorded)] = self.session.uuid
        self.sockets: dict[str, EventSocket] = {}
        self._port = 0
        self._shell()

    def _call(self, connect: Read) -> CallSetup:
        matches = {}
        for socket in ("", "second-"):
            if self.recorded.written(socket):
                whole = frames(self.recorded.written(socket))[0].get("variable_DP_MATCH")
                number, _, match = whole.removeprefix("ARRAY::").partition("|:")
                matches[number] = match
        resume = connect.get("variable_socket_resume")
        return CallSetup(
            connect.get("variable_current_application_data"),
            number=connect.get("Caller-Destination-Number"),
            caller=connect.get("Caller-Caller-ID-Number"),
            codec=connect.get("variable_ep_codec_string").partition(".")[2].partition("@")[0],
            variables={"socket_resume": resume} if resume else {},
            extensions=self.setup["extensions"],
            matches=matches,
            profile=connect.get("Caller-Context"),
        )

    def run(self) -> Played:
        """Write the recorded commands at their times, and let the switch's time pass."""
        todo = sorted(
            (at, way.removesuffix("app"), text)
            for at, way, text in self.recorded.esl
            if way.endswith("app")
        )
        for step in range(int(self.recorded.end / TICK) + 15):
            at = step * TICK
            while todo and todo[0][0] <= at:
                _, socket, text = todo.pop(0)
                self._write(socket, text, at)
            self.now += round(TICK * 1e6)
            self.phone.now = at
            self.session.tick()
            self._shell(at)
        return self.played

    def _write(self, socket: str, text: str, at: float) -> None:
        for ours, theirs in self._shift.items():
            text = text.replace(ours, theirs)
        self.sockets[socket].feed(text.encode())
        self._shell(at)

    def _shell(self, at: float = 0.0) -> None:
        for action in self.session.take_actions():
            if isinstance(action, Dial):
                host, _, path = action.targets[0]
                self._dialled(host, path)
            elif isinstance(action, Bind):
                taken = action.local[1] in self.setup["taken_ports"]
                self._port += not taken
                self.session.bound(not taken)
            elif isinstance(action, Send):
                self.played.media.append((at, self._port, action.data))
                self.session.datagram(action.data)
            else:
                assert isinstance(action, Unbind)
        for name, socket in self.sockets.items():
            self.played.written.setdefault(name, bytearray()).extend(socket.output())
            if socket.closed:
                self.played.closed.setdefault(name, at)

    def _dialled(self, host: str, path: str) -> None:
        name = "second-" if self.sockets else ""
        self.sockets[name] = self.session.connect(host, path)
        self.sockets[name].goodbye_after = self.setup["goodbye_after"]
