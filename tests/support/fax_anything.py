"""A far end of T.30's procedure without sound and clock, which says what is wanted, or anything."""

import random
from dataclasses import replace

import numpy as np

from dsp.fax import pagecode
from dsp.fax.capabilities import Settings
from dsp.fax.config import EVERYTHING, Config
from dsp.fax.document import Page, Resolution
from dsp.fax.ecm import Outgoing
from dsp.fax.frames import controls, parse
from dsp.fax.mouth import Control, Image
from dsp.fax.sink import Pages
from dsp.fax.t30 import Machine
from dsp.types import RATE
from tests.support.fax_pages import letter, strip

PAGES = [strip(letter(), 40), strip(letter(), 30)]
SMALL = Page(PAGES[0].rows[:8].copy(), PAGES[0].width, Resolution.STANDARD)
ONLY_LINES = replace(EVERYTHING, ecm=False, mmr=False)
CONFIRMS = {"MCF", "RTP", "PIP"}
ENDS = {"DCN", "hung up", "not stored", "T0", "T1", "T3", "T5", "limit", "stall", "check"}
"""Events that end a call, or take long, and are to be rare."""
STEP = RATE // 50
NATURAL = {
    "call": ["flags"],
    "dis": ["DIS"],
    "command": ["DCS", "DTC"],
    "check": ["fast lost"],
    "retrain": ["DCS"],
    "trained": ["CFR", "CFR", "CFR", "FTT"],
    "sent": ["MCF", "MCF", "PPR", "RNR", "CTR", "ERR", "RTP", "RTN", "PIP"],
    "page": ["quiet"],
    "after page": ["MPS", "EOM", "EOP", "PPS"],
    "store": ["stored", "store"],
    "not ready": ["RR"],
    "renew": ["DCS", "T2"],
    "redo": ["DCS"],
    "last": ["DCN", "T2", "hung up", "EOP", "PPS"],
    "interrupted": ["DCS", "DIS", "T3"],
}
"""What a far end in its right mind does in a state of the terminal."""
THEN = ["MPS", "EOM", "EOP", "EOS", "PRI-MPS", "PRI-EOM", "PRI-EOP"]


class Store(Pages):
    """A store that says that pages are safe, or cannot be, when it is told to."""

    def __init__(self):
        super().__init__()
        self.safe, self.why = 0, None

    @property
    def stored(self):
        return self.safe

    @property
    def trouble(self):
        return self.why


class Line:
    """A line without sound: what is said takes its time, and is looked at."""

    def __init__(self, look):
        self.now, self.unheard = 0, 0.0
        self._busy, self._busy_at = False, 0
        self.look = look
        self.waiting, self.until = [], None

    @property
    def busy_at(self):
        return self.now if self._busy else self._busy_at

    @property
    def busy(self):
        """Whether a page is on the line."""
        return self._busy

    @busy.setter
    def busy(self, busy):
        self._busy_at, self._busy = self.busy_at, busy

    def say(self, *signals):
        self.waiting += signals
        for one in signals:
            if isinstance(one, Control):
                for octets in one.frames:
                    self.look(parse(octets))

    def hush(self):
        self.waiting, self.until = [], None

    def expect(self, rate, *, short=False, frames=False):
        self.busy = False
        assert rate is None or rate in EVERYTHING.rates

    def begin(self):
        """Begin to say what waits."""
        for one in self.waiting:
            if isinstance(one, Image):
                while len(one.source(4096)) == 4096:
                    pass
        self.until = self.now + round(1.5 * RATE)
        self.waiting = []


class FarEnd:
    """A far end that says what means something to the terminal as a rule, and else anything."""

    def __init__(self, config, *, calling, pages=(), sink=None, seed=0, order=1.0):
        self.any, self.order = random.Random(seed), order
        self.sink, self.seconds, self.ecm = sink, config.seconds, config.able.ecm
        self.said = []
        self.line = Line(self.look)
        self.machine = Machine(self.line, config, calling=calling, pages=pages, sink=sink)

    @classmethod
    def of(cls, seed):
        """One that does this or that to a terminal of this or that kind."""
        some = random.Random(seed)
        sends, receives = some.choice([(True, False), (False, True), (True, True)])
        config = Config(
            ident="1",
            able=some.choice([EVERYTHING, ONLY_LINES]),
            interrupts=some.random() < 0.3,
            seconds=some.choice([600.0, 600.0, 30.0]),
            wants_password="1" if some.random() < 0.1 else "",
            password="2",
            poll="3",
            subaddress="4",
            sender="5",
            facilities=b"\xad\0",
        )
        return cls(
            config,
            calling=some.random() < 0.5,
            pages=PAGES if sends else [],
            sink=Store() if receives else None,
            seed=seed,
            order=some.choice([0.0, 0.6, 0.8, 0.9, 0.97]),
        )

    # -- what is to hold -----------------------------------------------------------------------

    def look(self, frame):
        """Look at what is being said: a page that is not stored is not confirmed."""
        self.said.append(frame.name)
        if frame.name in CONFIRMS | {"ERR"} and self.sink is not None:
            assert self.sink.safe == len(self.sink), "confirmed, and not stored"

    def check(self):
        """Check what holds at any time."""
        machine, result = self.machine, self.machine.result()
        assert (result.outcome is not None) == machine.over
        assert machine.confirmed == len(result.confirmed) <= len(result.pages)
        assert abs(sum(result.phases.values()) - self.line.now / RATE) < 1e-6
        assert machine.over or machine.call.timers
        mine = len(machine.call.pages)
        if self.sink is not None:
            assert len(result.pages) <= mine + self.sink.safe
        if self.sink is None:
            assert len(result.pages) <= mine
        for one in result.pages:
            assert one.answer in CONFIRMS or not one.confirmed
        if result.ok:
            heard = {one.frame.name for one in result.trace if one.frame and one.side == "heard"}
            assert all(one.confirmed for one in result.pages)
            assert result.pages[-1].answer in (heard if result.sending else self.said)
            if result.sending:
                assert len(result.pages) >= mine
            elif self.sink is not None:
                assert self.sink.safe == len(self.sink) > 0

    # -- time ----------------------------------------------------------------------------------

    @property
    def deaf(self):
        """Whether the terminal speaks, and does not hear."""
        return self.line.until is not None and not self.machine.calling_up

    def go_on(self, seconds):
        """Let time go on, as a terminal does."""
        machine, line = self.machine, self.line
        end = line.now + round(seconds * RATE)
        while line.now < end and not machine.over:
            if line.waiting and line.until is None:
                line.begin()
                if not machine.calling_up:
                    line.busy = False
                    machine.quiet()
            hops = [machine.due, end if line.until is None else line.until]
            line.now = min(end, max(line.now + STEP, min(hops)))
            if line.until is not None and line.now >= line.until:
                line.until = None
                machine.said()
            if line.now >= machine.due:
                machine.tick()

    def hear(self, *frames):
        """Say these, each when the terminal has said what it has to say."""
        for one in frames:
            while self.line.waiting or self.deaf:
                self.go_on(1.0)
            self.machine.frame(one.octets(), True)
            self.machine.quiet()

    def leave(self):
        """Say no more; the terminal comes to its end by itself."""
        before = self.line.now
        self.go_on(self.seconds + 5.0)
        assert self.machine.over, self.machine.state.name
        # a partial page at 2,400 bit/s may take 270 s
        assert self.line.now - before < 300 * RATE
        self.check()
        self.machine.result().record()

    # -- what happens --------------------------------------------------------------------------

    def turn(self):
        """Have one thing happen."""
        if self.any.random() < self.order:
            self.natural()
        else:
            self.odd()
        if self.sink is not None and self.any.random() < 0.5:
            self.sink.safe = len(self.sink)
        self.check()

    def natural(self):
        """What a far end does in its right mind."""
        state, agreed = self.machine.state.name, self.machine.call.settings
        ecm = agreed is not None and agreed.ecm
        if self.deaf or state not in NATURAL:
            self.go_on(2.0)
            return
        if state in ("page", "after page"):
            self.page_comes()
        choices = NATURAL[state]
        if state == "command":
            choices = ["DTC" if self.sink is None else "DCS"]
            if self.machine.call.pages and self.machine.call.asks == "identify":
                choices.append("DTC")
        elif state == "after page":
            choices = [one for one in choices if ecm == (one == "PPS")]
        for event in self.any.choice(choices).split():
            self.happen(event)

    def odd(self):
        """What means something to the terminal; or nothing."""
        kind, events = self.any.random(), sorted(self.machine.state.rows)
        if kind < 0.6 and events:
            lasting = [one for one in events if one not in ENDS] or events
            self.happen(self.any.choice(lasting if self.any.random() < 0.9 else events))
        elif kind < 0.7:
            self.page_comes()
        elif kind < 0.85:
            self.happen(self.any.choice(sorted(controls())))
        elif kind < 0.95:
            self.go_on(self.any.choice([0.02, 0.5, 1.0, 2.0, 4.0]))
        elif not self.deaf:
            self.rubbish()

    def happen(self, event, *, zeros=None):
        """Bring an event of the table about."""
        machine, line = self.machine, self.line
        if event in machine.call.timers:
            self.go_on(max(0.0, (machine.call.timers[event] - line.now) / RATE) + 0.1)
        elif event == "said":
            self.go_on(2.0)
        elif event == "hung up":
            machine.hung_up()
        elif event == "stored" and self.sink is not None:
            self.sink.safe = len(self.sink)
            self.go_on(0.02)
        elif event == "not stored" and self.sink is not None:
            self.sink.why = "full"
            self.go_on(0.02)
        elif self.deaf:
            self.go_on(2.0)
        elif event == "flags":
            machine.flags()
        elif event == "trained":
            line.busy = True
            machine.trained()
        elif event == "fast lost":
            if machine.state.name == "check":
                some = self.any.choice([0, 9000, 20_000, 20_000, 20_000, 20_000])
                machine.bits(np.zeros(some if zeros is None else zeros, np.uint8))
            line.busy = False
            machine.fast_lost()
        elif event in controls():
            machine.frame(self.octets(event), self.any.random() < 0.95)
        if self.any.random() < 0.7:
            machine.quiet()

    def octets(self, name):
        """A frame: as it should be, or with anything in it."""
        some, control = self.any, controls()[name]
        fif = some.randbytes(some.randrange(40))
        if some.random() > 0.3 * (1.01 - self.order):
            fif = self.meant(control.kind)
        code = control.code | (control.has_x and some.random() < 0.9)
        return bytes([0xFF, some.choice([0x03, 0x13]), code]) + fif

    def meant(self, kind):
        """An information field of a kind."""
        some = self.any
        code = some.choice([0, *(controls()[one].code | 1 for one in THEN)])
        rate = some.choice(EVERYTHING.rates)
        wanted = some.choice([0, 1, 2, 255, (1 << 256) - 1, some.getrandbits(256)])
        fields = {
            "capability": self.seldom(
                replace(some.choice([EVERYTHING, ONLY_LINES]), has_document=some.random() < 0.8)
            ),
            "command": self.seldom(self.settings()),
            "ident": some.choice([b"1".rjust(20), some.randbytes(20)]),
            "page": bytes([code, some.randrange(3), some.randrange(2), some.randrange(3)]),
            "end": bytes([code]),
            "map": wanted.to_bytes(32, "little"),
            "correct": some.choice([Settings(rate).fif()[:2], some.randbytes(2)]),
        }
        return fields.get(kind, b"")

    def seldom(self, meant):
        """What is meant, or seldom octets that it may not be."""
        octets = self.any.randbytes(self.any.randrange(17))
        return octets if self.any.random() < 0.2 * (1.01 - self.order) else meant.fif()

    def settings(self):
        """Settings that the terminal can do."""
        some = self.any
        ecm = self.ecm and some.random() < 0.7
        return Settings(
            some.choice(EVERYTHING.rates),
            ecm=ecm,
            small_frames=ecm and some.random() < 0.3,
            coding=some.choice(["MH", "MR", "MMR"] if ecm else ["MH", "MR"]),
            resolution=some.choice(["R8 × 7.7", "R8 × 3.85"]),
        )

    def page_comes(self, part=None):
        """A page, or a part of it, as it is agreed on or not."""
        machine, agreed = self.machine, self.machine.call.settings
        if self.deaf or agreed is None or agreed.coding not in ("MH", "MR", "MMR"):
            return
        octets = pagecode.encode(pagecode.fitting(SMALL, agreed), agreed)
        part = self.any.choice([1.0, 1.0, 0.5, 0.0]) if part is None else part
        machine.trained()
        size = agreed.frame_size
        for number in range(int(Outgoing(octets, size).frames * part)):
            data = octets[number * size : (number + 1) * size].ljust(size, b"\0")
            if agreed.ecm:
                machine.picture(bytes([0xFF, 3, 6, number]) + data, self.any.random() < 0.95)
        if not agreed.ecm:
            bits = np.unpackbits(np.frombuffer(octets, np.uint8), bitorder="little")
            machine.bits(bits[: int(len(bits) * part)])
        machine.fast_lost()

    def rubbish(self):
        """What no far end says, or a terminal hears in no such order."""
        some, machine = self.any, self.machine
        octets = some.randbytes(some.randrange(300))
        self.line.unheard = some.choice([0.0, 1.0])
        match some.randrange(5):
            case 0:
                machine.frame(octets, some.random() < 0.5)
            case 1:
                machine.picture(octets, some.random() < 0.5)
            case 2:
                machine.bits(np.unpackbits(np.frombuffer(octets, np.uint8)))
            case 3:
                machine.quiet()
            case 4:
                getattr(machine, some.choice(["trained", "fast_lost", "said", "tick"]))()
