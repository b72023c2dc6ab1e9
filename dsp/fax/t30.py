"""The procedure of T.30 in a call, by the table of its states.

No sound and no clock: frames and other events go in, by :class:`~dsp.fax.dialogue.Line` signals
come out, and timers count the line's samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

from dsp.fax.coded import Coder
from dsp.fax.config import Config
from dsp.fax.dialogue import TIMERS, Dialogue, Line
from dsp.fax.document import Page
from dsp.fax.frames import Frame, parse
from dsp.fax.result import Result, outcomes
from dsp.fax.sink import Sink
from dsp.fax.t30_called import Called
from dsp.fax.t30_receiver import Receiver
from dsp.fax.t30_sender import Sender
from dsp.fax.t30_table import State, states
from dsp.fax.trace import trace
from dsp.modem.types import Bits
from dsp.types import RATE

__all__ = ["Machine"]

_PATIENT = frozenset({"T1", "T2", "T4", "check"})
"""Timers that wait for something to begin: they do not go off while frames are coming."""
_OF_A_STATE = ("T4", "check")
"""Timers that mean nothing in the next state."""
_STORING = frozenset({"store", "not ready"})
_POSTPONED = 0.1
_UNHEARD, _PART = 60.0, 256 * 264 * 8 * 6 / 5
"""Seconds that a page may go on unheard; and bits of a partial page at the most, if these take
longer: frames of 256 octets with 8 around them, of ones alone."""
_LEAVING = 10.0
"""Seconds that DCN may take, with the wait for the far end's carrier, when a call took too long."""
_STUCK = 12.0
"""Seconds after which V.21's carrier has been there for too long."""


class Machine:
    """One end of a call.

    Parameters
    ----------
    line
        The line.
    config, calling, pages, sink, executor
        As of :class:`~dsp.fax.terminal.FaxTerminal`.
    """

    def __init__(
        self,
        line: Line,
        config: Config,
        *,
        calling: bool,
        pages: Sequence[Page],
        sink: Sink | None,
        executor: Executor | None = None,
    ) -> None:
        self.call = Dialogue(line, config, calling, pages, sink)
        self.call.sending = calling and bool(pages)
        self._called, self._receiver = Called(self.call), Receiver(self.call)
        self._sides: dict[str, Dialogue | Sender | Called | Receiver] = {
            "call": self.call,
            "sender": Sender(self.call, Coder(pages, config, executor)),
            "called": self._called,
            "receiver": self._receiver,
        }
        self._garbled = self._late = False
        self._phases = dict.fromkeys("ABCDE", 0.0)
        self._since = 0
        self.state = states()["call" if calling else "answer"]
        self.call.start("limit", config.seconds)
        self._do(self.state.enter)

    @property
    def over(self) -> bool:
        """Whether the procedure has come to its end."""
        return self.state.name == "over"

    @property
    def calling_up(self) -> bool:
        """Whether this end listens while it speaks, as between two CNG."""
        return self.state.name == "call"

    # -- events -------------------------------------------------------------------------------

    def event(self, name: str, frame: Frame | None = None) -> bool:
        """Do what an event does in the state that there is; say whether it does anything."""
        row = self.state.rows.get(name)
        if row is None:
            return False
        if row.fail is not None:
            self.call.fail(row.fail)
        before = dict(self.call.timers)
        said = self._do(row.do, frame)
        follows = row.go if said is None else row.words[said]
        if follows is not None:
            if follows != self.state.name:
                self._stop_those_of(before)
            self._enter(states()[follows])
        return True

    def frame(self, octets: bytes, good: bool) -> None:
        """Take a frame by V.21."""
        self.call.heard = True
        frame = parse(octets)
        self._garbled = not good
        if not good:
            self.call.tell("heard", f"a frame with a wrong FCS, {octets[:3].hex(' ')} …")
            return
        self.call.tell("heard", trace(frame), frame)
        if self.state.name == "over":
            return
        self.call.note(frame)
        self.event(frame.name, frame)

    def flags(self) -> None:
        """Note that frames by V.21 are coming."""
        if self.call.frames_since is None:
            self.call.frames_since = self.call.line.now
        if self.call.flags_at is None:
            self.call.flags_at = self.call.line.now
        self.event("flags")

    def quiet(self) -> None:
        """Note that V.21's carrier is away: a command is looked for anew."""
        if self.call.frames_since is not None:
            for timer in ("T2", "T4") if self.state.name == "command" else ("T2",):
                if timer in self.call.timers:
                    self.call.start(timer)
        self.call.frames_since = None
        if self._garbled:
            self._garbled = False
            self.event("garbled")

    def trained(self) -> None:
        """Note that bits of the page's modem follow."""
        self.event("trained")

    def fast_lost(self) -> None:
        """Note that the carrier of the page's modem is away."""
        self.call.heard = True
        self.event("fast lost")

    def bits(self, bits: Bits) -> None:
        """Take bits of the page's modem."""
        if self.state.name == "check":
            self._called.bits(bits)
        else:
            self._receiver.page_bits(bits)

    def picture(self, octets: bytes, good: bool) -> None:
        """Take a frame of the page's modem."""
        self._receiver.page_frame(octets, good)

    def said(self) -> None:
        """Note that all that was to be said is said."""
        self.event("said")

    @property
    def confirmed(self) -> int:
        """How many pages have been confirmed."""
        return sum(one.confirmed for one in self.call.records)

    def hung_up(self) -> None:
        """Note that the call is over."""
        if not self.over and not self.event("hung up"):
            self.call.fail("call_dropped")
            self._enter(states()["over"])
        self.call.line.hush()

    @property
    def due(self) -> int:
        """The sample at which :meth:`tick` is to be called next."""
        return 0 if self.state.name in _STORING else self.call.due

    def tick(self) -> None:
        """Look at the timers and the store."""
        if self.call.line.now >= self.call.due:
            self._go_off()
        if self.state.name in _STORING and (stored := self._receiver.storing()):
            self.event(stored)

    def result(self) -> Result:
        """Tell how the call went, or goes."""
        call, far = self.call, self.call.far
        facilities, settings = far.facilities, call.settings
        phases = dict(self._phases)
        if not self.over:
            phases[self.state.phase] += (call.line.now - self._since) / RATE
        return Result(
            outcome=outcomes()[call.outcome] if self.over else None,
            calling=call.calling,
            sending=call.sending,
            pages=tuple(call.records),
            total=call.config.total_of(len(call.pages)) if call.sending else None,
            rate="" if settings is None else settings.rate,
            ecm=settings is not None and settings.ecm,
            coding="" if settings is None else settings.coding,
            resolution="" if settings is None else settings.resolution,
            far_ident=far.ident,
            far_subaddress=far.subaddress,
            far_sender=far.sender,
            far_vendor=(facilities.vendor if facilities else None) or "",
            far_model=(facilities.model if facilities else None) or "",
            far_country=(facilities.country if facilities else None) or "",
            interrupted=call.interrupted,
            seconds=sum(phases.values()),
            phases=phases,
            trace=tuple(call.trace),
        )

    # -- parts of it --------------------------------------------------------------------------

    def _do(self, action: str | None, frame: Frame | None = None) -> str | None:
        if action is None:
            return None
        side, _, method = action.partition(".")
        said: str | None = getattr(self._sides[side], method)(frame)
        return said

    def _enter(self, state: State) -> None:
        call = self.call
        self._phases[self.state.phase] += (call.line.now - self._since) / RATE
        self._since = call.line.now
        self.state = state
        if state.name == "over":
            call.stop(*call.timers)
            call.fail("unexpected")
            call.tell("here", outcomes()[call.outcome].text)
        call.line.hush()
        self._do(state.enter)

    def _stop_those_of(self, before: dict[str, int]) -> None:
        """Stop the timers of a state that is left, but for what was started for the next one."""
        for timer in _OF_A_STATE:
            if timer in before and self.call.timers.get(timer) == before[timer]:
                self.call.stop(timer)

    def _go_off(self) -> None:
        """Do what the timers do that are due."""
        call = self.call
        now = call.line.now
        for timer in [name for name, due in call.timers.items() if due <= now]:
            if timer not in call.timers:
                continue
            if timer == "limit":
                self._leave()
                return
            if timer in _PATIENT and (self._coming() or self._page_goes(timer)):
                call.start(timer, _POSTPONED)
            elif timer in self.state.rows:
                if timer == "T4" and call.repeats > 0:
                    call.repeats = -1
                call.stop(timer)
                self._fire(timer)
            else:
                # it goes off in the first state that it means something in
                call.start(timer, _POSTPONED)

    def _leave(self) -> None:
        """Leave a call that has taken as long as it may, if it is not being left; then drop it."""
        if self._late:
            self.hung_up()
            return
        self._late = True
        self.call.start("limit", _LEAVING)
        self.call.fail("took_too_long")
        if self.state.name != "leave":
            self._enter(states()["leave"])

    def _page_goes(self, timer: str) -> bool:
        """Whether a page goes on unheard, or did within T2: its training was lost, or it broke off.

        What comes of it is not known before the command that follows.
        """
        call = self.call
        if timer != "T2" or self.state.name not in ("page", "after page"):
            return False
        most = max(_UNHEARD, _PART / call.settled.bit_rate)
        return call.line.now - self._since < most * RATE and call.busy(TIMERS[timer])

    def _fire(self, timer: str) -> None:
        """Do what a timer does; if it ends the call and V.21's carrier stands, that is why."""
        before = self.call.outcome
        stuck = timer in _PATIENT and self.call.frames_since is not None
        self.event(timer)
        if stuck and self.call.outcome != before:
            self.call.outcome = "carrier_stuck"

    def _coming(self) -> bool:
        """Whether frames are coming, unless their carrier is there for too long."""
        since = self.call.frames_since
        return since is not None and self.call.line.now - since < _STUCK * RATE
