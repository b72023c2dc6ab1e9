"""What the end that answers or polls does before a page, action by action of t30.toml."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dsp.fax.dialogue import TRIES, Dialogue
from dsp.fax.frames import CapabilityFrame, CommandFrame, FacilitiesFrame, Frame, IdentFrame
from dsp.fax.modems import training_seconds
from dsp.fax.mouth import Ced, Silence
from dsp.fax.negotiation import unable
from dsp.modem.types import Bits

__all__ = ["Called"]

CHECK = 1.5 * 1.1
"""Seconds of a training check at most (T.30 5.3.6.1.5: 1.5 s ± 10 %)."""
LATE = 0.5
"""Seconds that a training check is waited for beyond its time."""
GOOD = 1.0
"""Seconds without an error that make a training check good."""


@dataclass(slots=True)
class Called:
    """Says who it is and what it can do, and listens to a training.

    Parameters
    ----------
    call
        The call.
    """

    call: Dialogue
    _tries: int = 0
    _check: list[Bits] = field(default_factory=list)
    _waited: float = 0.0

    # -- phase A ------------------------------------------------------------------------------

    def ced(self, _: Frame | None) -> None:
        """Say that a fax terminal answers."""
        self.call.line.expect(None)
        self.call.line.say(Silence(self.call.config.answer_silence), Ced())

    # -- phase B ------------------------------------------------------------------------------

    def identify(self, _: Frame | None) -> None:
        """Send DIS, with NSF and CSI before it."""
        if "T1" not in self.call.timers:
            self.call.start("T1")
        self.call.asks = "identify"
        config = self.call.config
        frames: list[Frame] = []
        if config.facilities:
            frames.append(FacilitiesFrame("NSF", config.facilities))
        if config.ident:
            frames.append(IdentFrame.of("CSI", config.ident))
        self.call.say(*frames, CapabilityFrame("DIS", self.call.able.fif()))

    def poll(self, _: Frame | None) -> None:
        """Send DTC, with CIG, PWD and SEP before it."""
        self._tries += 1
        self.call.asks = "poll"
        config, far = self.call.config, self.call.far.able
        frames: list[Frame] = []
        if config.ident:
            frames.append(IdentFrame.of("CIG", config.ident))
        if config.password and far is not None and far.password:
            frames.append(IdentFrame.of("PWD", config.password))
        if config.poll and far is not None and far.selective_polling:
            frames.append(IdentFrame.of("SEP", config.poll))
        self.call.say(*frames, CapabilityFrame("DTC", self.call.able.fif()))

    def await_command(self, _: Frame | None) -> None:
        """Wait for the answer to DIS or DTC."""
        self.call.line.expect(None)
        self.call.start("T4")

    def ask_again(self, _: Frame | None) -> str:
        """Send DIS or DTC again."""
        if self.call.asks == "poll" and self._tries >= TRIES:
            self.call.fail("command_timeout")
            return "over"
        return self.call.asks

    def settle(self, frame: Frame | None) -> str:
        """Take the settings of a DCS, and listen to the training check."""
        assert isinstance(frame, CommandFrame), "rows of DCS alone come here"
        self.call.stop("T1", "T2", "T3", "T4", "stall")
        self.call.go_on()
        settings = frame.settings
        wrong = unable(settings, self.call.able)
        if wrong or self.call.sink is None:
            self.call.tell("here", f"cannot receive: {', '.join(wrong) or 'no document is wanted'}")
            self.call.fail("incompatible")
            return "refuse"
        self.call.settings = settings
        self.call.sending = False
        self._check.clear()
        self._waited = 0.0
        self.call.line.expect(settings.rate)
        self.call.start("check", training_seconds(settings.rate) + CHECK + LATE)
        return "check"

    def bits(self, bits: Bits) -> None:
        """Take bits of the training check."""
        self._check.append(bits)

    def judge(self, _: Frame | None) -> str:
        """Say whether the training check was good: a second without an error."""
        self.call.stop("check")
        bits = np.concatenate([*self._check, np.ones(1, np.uint8)])
        self._check.clear()
        longest = int(np.diff(np.flatnonzero(bits), prepend=-1).max()) - 1
        settings = self.call.settled
        verdict = "good" if longest >= GOOD * settings.bit_rate else "bad"
        self.call.tell("here", f"check at {settings.rate} {verdict}: {longest} zeros in a row")
        return verdict

    def late(self, _: Frame | None) -> str | None:
        """Give up waiting for the training check, unless it is there and has not ended."""
        if self.call.busy(LATE) and self._waited < CHECK:
            self._waited += LATE
            self.call.start("check", LATE)
            return None
        self.call.tell("here", f"no check at {self.call.settled.rate} was heard")
        return "bad"

    def confirm(self, _: Frame | None) -> None:
        """Say that the training was good."""
        self.call.say(self.call.plain("CFR"))

    def refuse(self, _: Frame | None) -> None:
        """Say that the training was not good."""
        self.call.say(self.call.plain("FTT"))
