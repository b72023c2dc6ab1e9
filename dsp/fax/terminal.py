"""A fax terminal: the sound of a call in, the sound of a call out.

mouth, ears      signals and samples
t30              the procedure, by its table of states
pagecode, ecm    pages and their bits
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor

import numpy as np

from dsp.fax.config import Config, FaxError
from dsp.fax.document import Page
from dsp.fax.ears import Carrier, Control, Data, Ears, Event, Flags, Picture, Trained
from dsp.fax.mouth import Mouth, Signal
from dsp.fax.result import Result
from dsp.fax.sink import Sink
from dsp.fax.t30 import Machine
from dsp.types import RATE, Samples

__all__ = ["STEP", "FaxTerminal"]

STEP = 160
"""Samples that are heard and said at once: what is heard in one step changes what is said from the
next but one on, however blocks are cut."""

_PATIENCE = 3 * RATE
"""Samples that the far end's carrier may stand before it is spoken over: a frame takes less."""
_FROZEN = RATE // 2
"""Samples of one packet that comes again and again, after which it is taken for silence: what a
modem sends is scrambled and never does that, but rows could be made of it for ever."""
_ALIKE = 3.0
"""How many times the power of a page's modem may be that of what is taken for it."""


class FaxTerminal:
    """One end of a fax call.

    It comes to an end by itself, whatever it hears; silence follows. :func:`dsp.fax.ready.warm`
    has all loops compiled before.

    Parameters
    ----------
    calling
        Whether this end has called.
    send
        Pages to be sent: by calling, or when the far end polls.
    receive
        Where received pages go; who calls with nothing to send polls for them.
    config
        Who this is, and how it behaves.
    executor
        Where pages are made ready beside the call: see :mod:`dsp.fax.coded`.

    Raises
    ------
    FaxError
        When there is nothing to be sent and nowhere to receive to.

    Examples
    --------
    A page from one to another:

    >>> from pathlib import Path
    >>> from dsp.fax.document import read
    >>> from dsp.fax.sink import Pages
    >>> pages, received = list(read(Path("fixtures/fax/two.tiff"))), Pages()
    >>> here = FaxTerminal(True, send=pages, config=Config(ident="+1 555 0100"))
    >>> there = FaxTerminal(False, receive=received)
    >>> sound = np.zeros(160, dtype=np.int16)
    >>> while not (here.done and there.done):
    ...     sound = there.process(here.process(sound))
    >>> here.result.ok, there.result.ok, len(received), there.result.far_ident
    (True, True, 2, '+1 555 0100')
    >>> bool((received[1].rows == pages[1].rows).all())
    True
    """

    def __init__(
        self,
        calling: bool,
        *,
        send: Sequence[Page] = (),
        receive: Sink | None = None,
        config: Config | None = None,
        executor: Executor | None = None,
    ) -> None:
        if not send and receive is None:
            raise FaxError("there is nothing to be sent, and nowhere to receive to")
        config = config or Config()
        self.now = 0
        self._mouth, self._ears = Mouth(config.level), Ears()
        self._speaking = self._fast = self._live = self._ended = False
        self._waiting: list[Signal] = []
        self._heard_at = 0
        self._block, self._power = np.zeros(STEP, dtype=np.int16), 0.0
        self._packet = b""
        self._awaiting, self._loud, self._busy_at, self._repeated = False, 0, 0, 0
        self._heard = np.zeros(0, dtype=np.int16)
        self._machine = Machine(
            self, config, calling=calling, pages=send, sink=receive, executor=executor
        )
        self._next = self._speak()

    # -- what it is used by -------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether the call is over and all is said."""
        return self._ended

    @property
    def result(self) -> Result:
        """How the call went, or goes."""
        return self._machine.result()

    @property
    def confirmed(self) -> int:
        """How many pages have been confirmed, by the far end or to it."""
        return self._machine.confirmed

    @property
    def interrupted(self) -> bool:
        """Whether the far end has asked for an operator."""
        return self._machine.call.interrupted

    @property
    def phase(self) -> str:
        """The phase of T.30, ``A`` to ``E``."""
        return self._machine.state.phase

    def process(self, block: Samples) -> Samples:
        """Hear some samples, and say as many.

        Parameters
        ----------
        block
            ``(n,)`` int16 at 8 kHz.

        Returns
        -------
        numpy.ndarray
            ``(n,)`` int16: what is said while that is heard. However blocks are cut, the same is
            said.
        """
        if self._ended:
            return np.zeros(len(block), dtype=np.int16)
        if len(block) == STEP and not len(self._heard):
            said = self._next
            self._hear(block)
            self._next = self._speak()
            return said
        return self._regroup(block)

    def hang_up(self) -> None:
        """Note that the call is gone, after what was heard of it."""
        if not self._speaking:
            for event in self._ears.finish():
                self._take(event)
        self._machine.hung_up()
        self._ended = True

    # -- the line of the machine ----------------------------------------------------------------

    @property
    def busy_at(self) -> int:
        """The sample at which a page's modem was heard last, or something as loud as it was."""
        return self._busy_at

    @property
    def unheard(self) -> float:
        """Seconds of what is as loud as a page since this end has spoken, and is none."""
        return self._loud * STEP / RATE

    def say(self, *signals: Signal) -> None:
        """Send signals, once the far end is quiet."""
        if not self._waiting:
            self._heard_at = self.now
        self._waiting.extend(signals)

    def hush(self) -> None:
        """Send no more of what is not sent yet."""
        self._waiting.clear()
        self._mouth.stop()
        self._speaking = False

    def expect(self, rate: str | None, *, short: bool = False, frames: bool = False) -> None:
        """Listen for a page's modem beside V.21, or for V.21 alone."""
        self._ears.expect(rate, short=short, frames=frames)
        self._awaiting = rate is not None
        self._fast = False

    # -- step by step -------------------------------------------------------------------------

    def _regroup(self, block: Samples) -> Samples:
        """Hear and say in steps what comes in other pieces."""
        said = [self._next[len(self._heard) :]]
        heard = np.concatenate([self._heard, block])
        whole = len(heard) // STEP * STEP
        for begin in range(0, whole, STEP):
            self._hear(heard[begin : begin + STEP])
            self._next = self._speak()
            said.append(self._next)
        self._heard = heard[whole:]
        return np.concatenate(said)[: len(block)]

    def _hear(self, block: Samples) -> None:
        """Hear a step."""
        self.now += STEP
        block = self._block = self._moving(block)
        machine = self._machine
        if not self._speaking or machine.calling_up:
            for event in self._ears.process(block):
                self._take(event)
            self._look()
        if self.now >= machine.due:
            machine.tick()

    def _look(self) -> None:
        """Note whether a page is on the line, heard or not."""
        unheard = self._awaiting and not self._fast and not self._live and self._alike()
        self._loud += unheard
        if self._fast or unheard:
            self._busy_at = self.now

    def _moving(self, block: Samples) -> Samples:
        """Take sound that stands still, where a page should be, for silence."""
        packet = block.tobytes() if self._awaiting else b""
        self._repeated = self._repeated + STEP if packet and packet == self._packet else 0
        self._packet = packet
        return np.zeros_like(block) if self._repeated > _FROZEN else block

    def _take(self, event: Event) -> None:
        machine = self._machine
        match event:
            case Data():
                machine.bits(event.bits)
            case Picture():
                machine.picture(event.octets, event.good)
            case Control():
                self._heard_at = self.now
                machine.frame(event.octets, event.good)
            case Flags():
                self._heard_at = self.now
                machine.flags()
            case Trained():
                # that it is trained is known late: the line may be cut by now
                power = _power(self._block)
                if power * _ALIKE > self._power:
                    self._power = power
                machine.trained()
            case Carrier(fast=True):
                self._fast = event.up
                if not event.up:
                    machine.fast_lost()
            case Carrier():
                self._live = event.up
                if not event.up:
                    machine.quiet()

    def _speak(self) -> Samples:
        """Say a step."""
        if not self._speaking and not self._waiting and self._machine.over:
            self._ended = True
            return np.zeros(STEP, dtype=np.int16)
        if self._waiting and (not self._live or self.now - self._heard_at > _PATIENCE):
            self._mouth.say(*self._waiting)
            self._waiting.clear()
            if not self._machine.calling_up:
                self._deafen()
            self._speaking = True
        said = self._mouth.pull(STEP)
        if self._speaking and self._mouth.done:
            self._speaking = False
            self._machine.said()
        return said

    def _deafen(self) -> None:
        """Forget what is half heard: this end speaks now."""
        self._ears.reset()
        self._live = self._fast = False
        self._loud = 0
        self._machine.quiet()

    def _alike(self) -> bool:
        """Whether what is heard now is about as loud as the page's modem was."""
        if not self._power:
            return False
        return self._power / _ALIKE < _power(self._block) < self._power * _ALIKE


def _power(block: Samples) -> float:
    sound = block.astype(np.float32)
    return float(sound @ sound)
