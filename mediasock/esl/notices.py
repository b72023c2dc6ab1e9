"""What a connection tells beside FreeSWITCH's events, in the same form and through the same doors.

Their names are in small letters, which no event of FreeSWITCH has.
"""

from __future__ import annotations

from mediasock.esl.events import Event, decode_text
from mediasock.esl.protocol import Frame


class Dropped(Event):
    """A consumer was too slow, and events that were for it are gone.

    Parameters
    ----------
    count
        How many.
    """

    __slots__ = ("count",)
    NAME = "dropped"

    def __init__(self, count: int) -> None:
        super().__init__({"Event-Name": self.NAME, "Count": str(count)})
        self.count = count

    def __repr__(self) -> str:
        return f"Dropped({self.count})"


class Gap(Event):
    """An inbound client was without a connection; what happened meanwhile is not known.

    Parameters
    ----------
    seconds
        How long.
    attempts
        How many connections were tried until one held.
    """

    __slots__ = ("attempts", "seconds")
    NAME = "gap"

    def __init__(self, seconds: float, attempts: int) -> None:
        fields = {"Event-Name": self.NAME, "Seconds": f"{seconds:.3f}", "Attempts": str(attempts)}
        super().__init__(dict(fields))
        self.seconds = seconds
        self.attempts = attempts

    def __repr__(self) -> str:
        return f"Gap(seconds={self.seconds:.3f}, attempts={self.attempts})"


class LogLine(Event):
    """A line of FreeSWITCH's log, after ``log``; the line itself is the body."""

    __slots__ = ()
    NAME = "log"

    def __init__(self, frame: Frame) -> None:
        super().__init__(_fields(self.NAME, frame), decode_text(frame.body))


class DisconnectNotice(Event):
    """FreeSWITCH says that the socket ends, or that it lingers after the hangup."""

    __slots__ = ()
    NAME = "disconnect"

    def __init__(self, frame: Frame) -> None:
        super().__init__(_fields(self.NAME, frame), decode_text(frame.body))

    @property
    def lingers(self) -> bool:
        """Whether the socket stays open for now."""
        return self.text("Content-Disposition") == "linger"


def _fields(name: str, frame: Frame) -> dict[str, str | list[str] | None]:
    fields: dict[str, str | list[str] | None] = {"Event-Name": name}
    for line in frame.head.split(b"\n"):
        key, separator, value = line.partition(b": ")
        if separator:
            fields.setdefault(decode_text(key), decode_text(value) or None)
    return fields
