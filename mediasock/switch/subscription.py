"""Which events one control socket gets."""

from __future__ import annotations

from dataclasses import dataclass, field

from .events import FORMATS, Event
from .written import has

OF_A_CALL = frozenset(
    {
        "CHANNEL_CREATE",
        "CHANNEL_DESTROY",
        "CHANNEL_STATE",
        "CHANNEL_ANSWER",
        "CHANNEL_HANGUP",
        "CHANNEL_HANGUP_COMPLETE",
        "CHANNEL_EXECUTE",
        "CHANNEL_EXECUTE_COMPLETE",
        "CHANNEL_BRIDGE",
        "CHANNEL_UNBRIDGE",
        "CHANNEL_PROGRESS",
        "CHANNEL_PROGRESS_MEDIA",
        "CHANNEL_ORIGINATE",
        "CHANNEL_OUTGOING",
        "CHANNEL_PARK",
        "CHANNEL_UNPARK",
        "CHANNEL_APPLICATION",
        "CHANNEL_DATA",
        "CALL_UPDATE",
        "DTMF",
        "DETECTED_SPEECH",
        "DETECTED_TONE",
        "TALK",
        "NOTALK",
    }
)
"""What ``myevents`` subscribes to. CHANNEL_CALLSTATE, CODEC, BACKGROUND_JOB, PLAYBACK_START,
PLAYBACK_STOP and CUSTOM are not in it."""


@dataclass(slots=True)
class Subscription:
    """Names, subclasses and filters; all three are asked.

    Parameters
    ----------
    uuid
        The call that ``myevents`` is about.
    """

    uuid: str
    form: str = "plain"
    names: set[str] = field(default_factory=set)
    subclasses: set[str] = field(default_factory=set)
    all: bool = False
    taken_out: set[str] = field(default_factory=set)
    mine_only: bool = False
    active: bool = False
    filters: list[tuple[str, str]] = field(default_factory=list)

    def take_format(self, words: list[str]) -> list[str]:
        """Set the format when the first word names one, and return the others."""
        if words and words[0].lower() in FORMATS:
            self.form = words[0].lower()
            return words[1:]
        return words

    def my_events(self, words: list[str]) -> None:
        """Subscribe to what concerns the call."""
        self.take_format(words)
        self.names |= OF_A_CALL
        self.mine_only = self.active = True

    def add(self, words: list[str]) -> bool:
        """Subscribe to names, and behind CUSTOM to subclasses; say whether there were any."""
        custom = False
        for word in words:
            if custom:
                self.subclasses.add(word)
            elif word.upper() == "ALL":
                self.all = True
                self.taken_out.clear()
            else:
                custom = word.upper() == "CUSTOM"
                self.names.add(word.upper())
                self.taken_out.discard(word.upper())
        self.active = self.active or bool(words)
        return bool(words)

    def remove(self, words: list[str]) -> bool:
        """Take names and subclasses back; out of ``all``, everything else stays."""
        custom = False
        for word in words:
            if custom:
                self.subclasses.discard(word)
            elif word.upper() == "ALL":
                self.clear()
            else:
                custom = word.upper() == "CUSTOM"
                self.names.discard(word.upper())
                if self.all:
                    self.taken_out.add(word.upper())
        return bool(words)

    def clear(self) -> bool:
        """Subscribe to nothing; say whether there was something."""
        was, self.active = self.active, False
        self.names.clear()
        self.subclasses.clear()
        self.taken_out.clear()
        self.all = self.mine_only = False
        return was

    def remove_filter(self, name: str, value: str) -> None:
        """Take back the filters of a header, or with a value that one alone."""
        if name.lower() == "all":
            self.filters.clear()
        self.filters = [
            (header, wanted)
            for header, wanted in self.filters
            if header.lower() != name.lower() or (value and wanted != value)
        ]

    def wants(self, event: Event) -> bool:
        """Whether an event is to be sent."""
        if not self.active or (self.mine_only and not self._is_mine(event)):
            return False
        if not (self.all or event.name in self.names) or event.name in self.taken_out:
            return False
        if event.name == "CUSTOM" and not self.all and event.subclass not in self.subclasses:
            return False
        return self._passes(event)

    def _is_mine(self, event: Event) -> bool:
        """Whether an event is about the call, or about a job that the call's socket gave."""
        return self.uuid in {event.uuid, event.get("Job-Owner-UUID")}

    def _passes(self, event: Event) -> bool:
        wanted = [(name, value) for name, value in self.filters if not name.startswith("-")]
        unwanted = [(name[1:], value) for name, value in self.filters if name.startswith("-")]
        if any(_matches(event, name, value) for name, value in unwanted):
            return False
        return not wanted or any(_matches(event, name, value) for name, value in wanted)


def _matches(event: Event, name: str, value: str) -> bool:
    found = event.get(name)
    if found is None:
        return False
    if len(value) > 1 and value.startswith("/") and value.endswith("/"):
        return has(value[1:-1], found)
    return found == value
