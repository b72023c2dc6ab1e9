"""A channel: its states and variables, and the events that tell of them.

A channel goes ``CS_EXECUTE`` → ``CS_HANGUP`` → ``CS_REPORTING``, with ``CS_ROUTING`` between two
rounds through the dialplan. ``Channel-State`` names the state that it runs in,
``Channel-State-Number`` the one it is bound for: between CHANNEL_HANGUP and the end of the
running application the two differ. Its call state goes RINGING → EARLY → ACTIVE → HANGUP, and
CHANNEL_PROGRESS_MEDIA and CHANNEL_ANSWER are told before the call state has moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from . import sip
from .events import Event, Headers, Value
from .plan import CODECS, CallSetup, Identity
from .profile import Profile, Times

STATES = {"CS_ROUTING": 2, "CS_EXECUTE": 4, "CS_HANGUP": 10, "CS_REPORTING": 11}
CALL_STATES = {"DOWN": 0, "DIALING": 1, "RINGING": 2, "EARLY": 3, "ACTIVE": 4, "HANGUP": 9}

_WITHOUT_VARIABLES = frozenset({"CHANNEL_STATE", "CHANNEL_CALLSTATE", "CODEC", "DTMF"})


@dataclass(slots=True)
class Stamper:
    """Stamp events: who fires them, when, and which one in a row it is.

    Parameters
    ----------
    identity
        What the switch says of itself.
    now
        The clock: microseconds since 1970.
    publish
        Where a finished event goes.
    uuids
        Source of UUIDs.
    """

    identity: Identity
    now: Callable[[], int]
    publish: Callable[[Event], None]
    uuids: Callable[[], str]
    sequence: int = 0

    def basics(self, name: str, origin: tuple[str, str, int] | None = None) -> Headers:
        """Return the headers that every event begins with."""
        self.sequence += 1
        moment = self.now()
        file, function, line = origin or sip.origin(name)
        return [
            ("Event-Name", name),
            ("Core-UUID", self.identity.core_uuid),
            ("FreeSWITCH-Hostname", self.identity.hostname),
            ("FreeSWITCH-Switchname", self.identity.hostname),
            ("FreeSWITCH-IPv4", self.identity.ip4),
            ("FreeSWITCH-IPv6", self.identity.ip6),
            ("Event-Date-Local", sip.stamp(moment)),
            ("Event-Date-GMT", sip.gmt(moment)),
            ("Event-Date-Timestamp", str(moment)),
            ("Event-Calling-File", file),
            ("Event-Calling-Function", function),
            ("Event-Calling-Line-Number", str(line)),
            ("Event-Sequence", str(self.sequence)),
        ]

    def fire(self, name: str, last: Headers, body: str = "") -> None:
        """Publish an event that is about no channel."""
        self.publish(Event(name, "", [*self.basics(name), *last], body))


@dataclass(slots=True)
class Channel:
    """One leg: states, variables, times, and the words in which events tell them."""

    setup: CallSetup
    stamper: Stamper
    facts: Mapping[str, str]
    uuid: str = field(init=False)
    profile: Profile = field(init=False)
    variables: dict[str, Value] = field(default_factory=dict)
    state: str = "CS_EXECUTE"
    running: str = "CS_EXECUTE"
    call_state: str = "RINGING"
    answer_state: str = "ringing"
    cause: str = ""
    has_codec: bool = False
    other: Profile | None = None

    def __post_init__(self) -> None:
        now = self.stamper.now()
        self.uuid = self.facts["uuid"]
        self.profile = Profile(
            self.uuid,
            self.setup.caller,
            self.setup.number,
            f"sofia/{self.setup.profile}/{self.setup.caller}@{self.setup.ip}",
            now,
            ip=self.setup.ip,
            context=self.setup.profile,
            times=Times(created=now),
        )
        self.merge(sip.variables("invite", self.facts))

    # -- variables ----------------------------------------------------------------------------

    def set(self, name: str, value: Value | None) -> None:
        """Set a variable, which puts it last, or unset it."""
        self.variables.pop(name, None)
        if value is not None and value != "":
            self.variables[name] = value

    def merge(self, pairs: Iterable[tuple[str, Value]]) -> None:
        """Set several variables in turn."""
        for name, value in pairs:
            self.set(name, value)

    def get(self, name: str) -> str | None:
        """Return a variable, an array as the text that stands for it."""
        value = self.variables.get(name)
        if value is None or isinstance(value, str):
            return value
        return "ARRAY::" + "|:".join(value)

    # -- states -------------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """Whether the call has not been hung up."""
        return not self.cause

    @property
    def has_media(self) -> bool:
        """Whether the call has been answered or pre-answered."""
        return self.profile.times.media != 0

    def pre_answer(self) -> None:
        """Bring media up without answering."""
        if self.has_media or not self.up:
            return
        self.merge(sip.variables("media", self.facts))
        self.has_codec = True
        self._codec_events()
        self._mark(media=self.stamper.now())
        self.answer_state = "early"
        self.fire("CHANNEL_PROGRESS_MEDIA")
        self._move("EARLY")
        self.set("rtp_local_sdp_str", self.facts["local_sdp"])

    def answer(self) -> None:
        """Answer; media comes up first where it is not yet."""
        if self.answer_state == "answered" or not self.up:
            return
        if self.has_media:
            self.set("rtp_local_sdp_str", self.facts["local_sdp"])
        self.pre_answer()
        self._mark(answered=self.stamper.now())
        self.answer_state = "answered"
        self.fire("CHANNEL_ANSWER")
        self._move("ACTIVE")
        self.set("endpoint_disposition", "ANSWER")

    def hangup(self, cause: str) -> bool:
        """Hang up, once; return whether this was the first time."""
        if self.cause:
            return False
        self.cause = cause
        self.state = "CS_HANGUP"
        self.answer_state = "hangup"
        self.fire("CHANNEL_HANGUP")
        return True

    def run_state(self, state: str) -> None:
        """Enter a state and say so."""
        self.running = state
        self.state = state if self.up else max(self.state, state, key=STATES.__getitem__)
        self.fire("CHANNEL_STATE")

    def move(self, call_state: str) -> None:
        """Move the call state and say so."""
        self._move(call_state)

    def close(self) -> None:
        """Enter the last states: CS_HANGUP, then CS_REPORTING."""
        self.run_state("CS_HANGUP")
        self._move("HANGUP")
        self._mark(hangup=self.stamper.now())
        self.run_state("CS_REPORTING")

    def mark_bridged(self, callee: tuple[str, str]) -> None:
        """Note when, and with what name and number, the call was bridged."""
        self.profile = replace(self.profile, callee=callee)
        self._mark(bridged=self.stamper.now())

    def _mark(self, **times: int) -> None:
        self.profile = replace(self.profile, times=replace(self.profile.times, **times))

    def _move(self, call_state: str) -> None:
        if call_state == self.call_state:
            return
        first: Headers = [
            ("Original-Channel-Call-State", self.call_state),
            ("Channel-Call-State-Number", str(CALL_STATES[call_state])),
        ]
        self.call_state = call_state
        self.fire("CHANNEL_CALLSTATE", first)

    # -- events -------------------------------------------------------------------------------

    def data(self) -> Headers:
        """Return the headers of the reply to ``connect``."""
        return [
            *self.stamper.basics("CHANNEL_DATA"),
            *self.profile.headers("Channel"),
            *self._basics(),
            *self.profile.headers("Caller"),
            *self._variables(),
        ]

    def fire(
        self,
        name: str,
        first: Headers | None = None,
        last: Headers | None = None,
        origin: tuple[str, str, int] | None = None,
    ) -> None:
        """Tell of the channel.

        Parameters
        ----------
        name
            ``Event-Name``.
        first, last
            Headers before and after those of the channel.
        origin
            Where in FreeSWITCH such an event is fired, when one name has several places.
        """
        headers = [*self.stamper.basics(name, origin), *(first or ()), *self._basics()]
        headers += self.profile.headers("Caller")
        if name not in _WITHOUT_VARIABLES:
            if self.other:
                headers += [("Other-Type", "originatee"), *self.other.headers("Other-Leg")]
            headers += self._variables()
        self.stamper.publish(Event(name, self.uuid, [*headers, *(last or ())]))

    def _variables(self) -> Headers:
        return [(f"variable_{name}", value) for name, value in self.variables.items()]

    def _basics(self) -> Headers:
        headers: Headers = [
            ("Channel-State", self.running),
            ("Channel-Call-State", self.call_state),
            ("Channel-State-Number", str(STATES[self.state])),
            ("Channel-Name", self.profile.channel_name),
            ("Unique-ID", self.uuid),
            ("Call-Direction", "inbound"),
            ("Presence-Call-Direction", "inbound"),
            ("Channel-HIT-Dialplan", "true"),
            ("Channel-Call-UUID", self.uuid),
            ("Answer-State", self.answer_state),
        ]
        if self.cause:
            headers.append(("Hangup-Cause", self.cause))
        return headers + self._codec() if self.has_codec else headers

    def _codec(self) -> Headers:
        _, _, rate, _, bits = CODECS[self.setup.codec]
        return [
            (f"Channel-{way}-Codec-{name}", value)
            for way in ("Read", "Write")
            for name, value in (
                ("Name", self.setup.codec),
                ("Rate", str(rate)),
                ("Bit-Rate", str(bits)),
            )
        ]

    def _codec_events(self) -> None:
        _, _, rate, _, bits = CODECS[self.setup.codec]
        values = (self.setup.codec, str(rate), str(bits))
        read = ("channel-read-codec-name", "channel-read-codec-rate", "channel-read-codec-bit-rate")
        write = (
            "Channel-Write-Codec-Name",
            "Channel-Write-Codec-Rate",
            "Channel-Write-codec-bit-rate",
        )
        self.fire("CODEC", last=list(zip(read, values, strict=True)))
        self.fire("CODEC", last=list(zip(write, values, strict=True)), origin=sip.WRITE_CODEC)
