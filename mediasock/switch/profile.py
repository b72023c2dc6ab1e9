"""Who calls whom: the caller profile that every event of a channel carries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .events import Headers


@dataclass(frozen=True, slots=True)
class Times:
    """When things happened to a channel, in microseconds since 1970; 0 is not yet."""

    created: int = 0
    answered: int = 0
    media: int = 0
    hangup: int = 0
    bridged: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """One caller profile; a transfer makes another one.

    Parameters
    ----------
    since
        When this profile began, in microseconds since 1970.
    callee
        Name and number that the call was answered with, once bridged.
    transfer_source, rdnis
        What a transfer left: where it went, and the number before it.
    """

    uuid: str
    caller: str
    number: str
    channel_name: str
    since: int
    ip: str = "127.0.0.1"
    index: int = 1
    context: str = "default"
    source: str = "mod_sofia"
    direction: str = "inbound"
    callee: tuple[str, str] | None = None
    transfer_source: str = ""
    rdnis: str = ""
    times: Times = field(default_factory=Times)

    def transferred(self, number: str, context: str, source: str, now: int) -> Profile:
        """Return the profile after a transfer."""
        return replace(
            self,
            number=number,
            context=context,
            index=self.index + 1,
            since=now,
            transfer_source=source,
            rdnis=self.number,
        )

    def headers(self, prefix: str) -> Headers:
        """Write the profile as headers, each name with ``Caller``, ``Channel`` or the like."""
        pairs = [*self._who(), *self._when()]
        return [(f"{prefix}-{name}", value) for name, value in pairs]

    def _who(self) -> list[tuple[str, str]]:
        callee = self.callee or ("", "")
        pairs = [
            ("Direction", self.direction),
            ("Logical-Direction", "inbound"),
            ("Username", self.caller),
            ("Dialplan", "XML"),
            ("Caller-ID-Name", self.caller),
            ("Caller-ID-Number", self.caller),
            ("Orig-Caller-ID-Name", self.caller),
            ("Orig-Caller-ID-Number", self.caller),
            ("Callee-ID-Name", callee[0]),
            ("Callee-ID-Number", callee[1]),
            ("Network-Addr", self.ip),
            ("ANI", self.caller),
            ("Destination-Number", self.number),
            ("Unique-ID", self.uuid),
            ("Source", self.source),
            ("Transfer-Source", self.transfer_source),
            ("Context", self.context),
            ("RDNIS", self.rdnis),
            ("Channel-Name", self.channel_name),
        ]
        return [(name, value) for name, value in pairs if value]

    def _when(self) -> list[tuple[str, str]]:
        times = self.times
        index = [("Profile-Index", str(self.index))] if self.index else []
        return [
            *index,
            ("Profile-Created-Time", str(self.since)),
            ("Channel-Created-Time", str(times.created)),
            ("Channel-Answered-Time", str(times.answered)),
            ("Channel-Progress-Time", "0"),
            ("Channel-Progress-Media-Time", str(times.media)),
            ("Channel-Hangup-Time", str(times.hangup)),
            ("Channel-Transfer-Time", "0"),
            ("Channel-Resurrect-Time", "0"),
            ("Channel-Bridged-Time", str(times.bridged)),
            ("Channel-Last-Hold", "0"),
            ("Channel-Hold-Accum", "0"),
            ("Screen-Bit", "true"),
            ("Privacy-Hide-Name", "false"),
            ("Privacy-Hide-Number", "false"),
        ]
