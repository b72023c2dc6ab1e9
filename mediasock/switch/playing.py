"""Applications that sound: playback, tones, displacing, recording, and keys to a prompt."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .audio import Audio, open_audio
from .errors import AudioError, SwitchAborted
from .events import Headers
from .sound import Recording
from .unicast import State
from .written import has

if TYPE_CHECKING:
    from .session import Program, Session

log = logging.getLogger(__name__)

TERMINATORS = "*"
"""Keys that stop a playback, unless the variable ``playback_terminators`` says otherwise."""

DEADLOCK = (
    "the application asked for displace_session on an L16 channel with a stream: that channel "
    "deadlocks in a real FreeSWITCH, and nothing ends it any more"
)


def playback(session: Session, data: str) -> Program:
    """Play a file or stream to its end, a ``break`` or a terminator.

    The end of a playback, whichever, tears a unicast stream down for good.
    """
    yield from play(session, data, _terminators(session))
    session.unicast.tear_down(for_good=True)


def play(session: Session, path: str, terminators: str) -> Program:
    """Play something and leave the variables that tell of it."""
    channel = session.channel
    channel.pre_answer()
    session.broken = False
    try:
        audio = open_audio(path, session.setup.rate)
    except AudioError as error:
        log.info("playback: %s", error, extra={"call": session.uuid})
        channel.set("current_application_response", "FILE NOT FOUND")
        return
    about: Headers = [("Playback-File-Type", audio.kind), ("Playback-File-Path", path)]
    channel.fire("PLAYBACK_START", last=about)
    session.broken = False
    stopper = ""
    while session.up and not (session.broken or stopper):
        piece = audio.read(session.setup.frame_samples)
        if not len(piece):
            break
        session.line.write(piece)
        yield from session.breathe()
        stopper = next((key for key in session.fresh_keys if key in terminators), "")
    _tell(session, audio, about, stopper)


def _tell(session: Session, audio: Audio, about: Headers, stopper: str) -> None:
    channel = session.channel
    broken, session.broken = session.broken, False
    status = "break" if broken or stopper or not session.up else "done"
    channel.fire("PLAYBACK_STOP", last=[*about, ("Playback-Status", status)])
    if stopper:
        channel.set("playback_terminator_used", stopper)
    ms = audio.taken * 1000 // audio.rate
    channel.set("playback_last_offset_pos", str(audio.position))
    channel.set("playback_seconds", str(ms // 1000))
    channel.set("playback_ms", str(ms))
    channel.set("playback_samples", str(audio.taken))
    channel.set("current_application_response", "FILE PLAYED")


def _terminators(session: Session) -> str:
    text = session.channel.get("playback_terminators")
    if text is None:
        return TERMINATORS
    return {"none": "", "any": "0123456789*#ABCD"}.get(text.lower(), text)


def break_(session: Session, data: str) -> None:
    """Stop what is playing; ``all`` drops what waits to be run, too."""
    session.broken = True
    if data.strip().lower() == "all":
        session.inbox.clear()


def gentones(session: Session, data: str) -> Program:
    """``gentones script[|loops]``: tones, which a unicast stream outlives."""
    script, _, loops = data.partition("|")
    session.broken = False
    try:
        count = int(loops)
    except ValueError:
        count = 1
    try:
        audio = open_audio(f"tone_stream://{script};loops={count or 1}", session.setup.rate)
    except AudioError as error:
        log.info("gentones: %s", error, extra={"call": session.uuid})
        return
    while session.up and not session.broken:
        piece = audio.read(session.setup.frame_samples)
        if not len(piece):
            break
        session.line.write(piece)
        yield from session.breathe()
    session.broken = False


def displace_session(session: Session, data: str) -> None:
    """``displace_session path [flags]``: play into what is sent; ``m`` mixes."""
    path, _, rest = data.partition(" ")
    flags = rest.split(" ", 1)[0]
    try:
        audio = open_audio(path, session.setup.rate)
    except AudioError as error:
        log.info("displace_session: %s", error, extra={"call": session.uuid})
        return
    if session.setup.codec == "L16" and session.unicast.state is State.UP:
        raise SwitchAborted(DEADLOCK)
    session.sound.displaced[path] = (audio, "m" in flags)


def stop_displace_session(session: Session, data: str) -> None:
    """``stop_displace_session path``."""
    session.sound.displaced.pop(data.strip(), None)


def record_session(session: Session, data: str) -> None:
    """``record_session path``: both directions into a WAV file, until the end."""
    path = data.split("+", 1)[0].strip()
    if path in session.sound.recordings:
        return
    try:
        recording = Recording(Path(path), session.setup.rate, session.flag("RECORD_STEREO"))
    except (OSError, ValueError) as error:
        log.warning("record_session: %s", error, extra={"call": session.uuid})
        return
    session.sound.recordings[path] = recording
    session.channel.fire("RECORD_START", last=[("Record-File-Path", path)])


def stop_record_session(session: Session, data: str) -> None:
    """``stop_record_session path|all``."""
    for path in list(session.sound.recordings):
        if data.strip().lower() in {path.lower(), "all"}:
            session.sound.recordings.pop(path).close()
            session.channel.fire("RECORD_STOP", last=[("Record-File-Path", path)])


@dataclass(frozen=True, slots=True)
class Question:
    """What ``play_and_get_digits`` is asked.

    Parameters
    ----------
    least, most
        How many keys.
    tries
        How often the prompt is played.
    timeout_ms, between_ms
        How long to wait for the first key, and for each after it.
    terminators
        Keys that end the entry.
    prompt, invalid
        What is played before an entry, and after one that does not fit.
    variable
        Where the entry is left.
    pattern
        What the entry must match, as a whole or in part.
    """

    least: int
    most: int
    tries: int
    timeout_ms: int
    terminators: str
    prompt: str
    invalid: str
    variable: str
    pattern: str
    between_ms: int

    @classmethod
    def parse(cls, data: str) -> Question | None:
        """Read the application's data; ``None`` when words are missing or not numbers."""
        words = data.split()
        if len(words) < 7:
            return None
        words += ["", "", "", ""][: max(0, 10 - len(words))]
        try:
            least, most, tries, timeout = (int(word) for word in words[:4])
            between = int(words[9]) if words[9] else timeout
        except ValueError:
            return None
        return cls(
            least=least,
            most=min(most, 128),
            tries=tries,
            timeout_ms=timeout,
            terminators="" if words[4].lower() == "none" else words[4],
            prompt=words[5],
            invalid=words[6],
            variable=words[7],
            pattern=words[8] or ".*",
            between_ms=between,
        )

    def fits(self, entry: str) -> bool:
        """Whether an entry is one that was asked for."""
        return len(entry) >= self.least and has(self.pattern, entry)


def play_and_get_digits(session: Session, data: str) -> Program:
    """``min max tries timeout terminators file invalid_file [variable [regexp [timeout]]]``."""
    question = Question.parse(data)
    if question is None:
        log.info("play_and_get_digits: cannot read its data", extra={"call": session.uuid})
        return
    for _ in range(max(1, question.tries)):
        entry: list[str] = []
        yield from _ask(session, question, entry)
        if not session.up:
            break
        if question.fits("".join(entry)):
            if question.variable:
                session.channel.set(question.variable, "".join(entry))
            break
        if question.invalid not in {"", "silence_stream://0"}:
            yield from play(session, question.invalid, "")
    session.unicast.tear_down(for_good=True)


def _ask(session: Session, question: Question, entry: list[str]) -> Program:
    """Play the prompt and fill ``entry`` with the keys that come."""
    session.channel.set("read_terminator_used", None)
    session.fresh_keys = []
    yield from play(session, question.prompt, "0123456789*#ABCD")
    keys = list(session.fresh_keys)
    left = question.timeout_ms
    quiet = np.zeros(session.setup.frame_samples, np.int16)
    while session.up:
        for key in keys:
            if key in question.terminators:
                session.channel.set("read_terminator_used", key)
                return
            entry.append(key)
            left = question.between_ms
            if len(entry) >= question.most:
                return
        if left <= 0:
            return
        session.line.write(quiet)
        yield from session.breathe()
        keys = list(session.fresh_keys)
        left -= session.setup.ptime_ms
