"""A far end that does what a scenario says, over real sound, in virtual time."""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from dsp.fax import t4
from dsp.fax.document import Paper, Resolution, fit
from dsp.fax.frames import CodedData, IdentFrame, PageRequest, PartialPage, parse
from dsp.fax.hdlc import Deframer
from dsp.types import RATE
from tests.support import fax_voice as voice
from tests.support.fax_hearing import TONES, Burst, Heard, Hearing
from tests.support.fax_words import (
    Said,
    Speaker,
    WordError,
    agrees,
    frames,
    numbers,
    value_of,
    yes,
)

_GAP = 0.075
"""Seconds of silence when the line is turned round (T.30 5.3.2.1, Notes)."""
_PREAMBLES = 0.84, 1.16
"""Seconds: 1 s ± 15 % (T.30 5.3.1), and how exactly they are heard."""
_PATIENCE = 8.0
_LONGEST = 90.0
_SETTLED = 1.0
_EXACT = 0.04
"""Seconds to which the length of a tone is known, as it is heard in blocks."""
_FAR_PAGES = 100
"""What numbers of pages of the far end have been added to, so that they look different."""


class UnmetError(Exception):
    """The terminal did not do what the scenario awaits."""


@dataclass
class Line:
    """Something of a call, for who looks why it went wrong."""

    at: float
    side: str
    text: str

    def __str__(self):
        return f"{self.at:8.2f} {self.side} {self.text}"


class FarEnd:
    """Play the steps of a scenario.

    ``process(block)`` takes what the terminal says, and gives as much of what it hears.
    """

    def __init__(self, scenario):
        self.scenario = scenario
        self.hearing = Hearing()
        self.log = []
        self.problem = None
        self.done = self.hung_up = self.gone = False
        self.speaker = Speaker(scenario.far, scenario.settings, not scenario.calling)
        self._now = None
        self._short = False
        self._asked, self._count = frozenset(), 0
        self._burst_frames = {}
        self._store = {}
        self._last = None
        self.damaged = {}
        self._queue = deque()
        self._step = None
        self._script = self._play()

    def process(self, block):
        self.hearing.process(block)
        if not self.done:
            try:
                next(self._script)
            except StopIteration:
                self.done = True
            except (UnmetError, WordError) as error:
                self.done = True
                self.problem = f"at {self.hearing.seconds:.2f} s, {self._step.text!r}: {error}"
        return self._pull(len(block))

    # what it says

    def _pull(self, count):
        block = np.zeros(count, dtype=np.int16)
        at = 0
        while at < count and self._queue:
            sound = self._queue.popleft()
            part = sound[: count - at]
            block[at : at + len(part)] = part
            at += len(part)
            if len(part) < len(sound):
                self._queue.appendleft(sound[len(part) :])
        return block

    def _note(self, side, text):
        self.log.append(Line(self.hearing.seconds, side, text))

    def _utter(self, sound, options, text):
        self._note("→", text)
        gap = options.get("gap", _GAP)
        self._queue.append(voice.silence(gap))
        self._queue.append(sound)
        if options.get("wait") != "no":
            yield from self._said()

    def _said(self):
        while self._queue:
            yield

    # what it hears

    def _wait(self, within, after=None):
        """Wait for what begins until then, and give it."""
        begun = self.hearing.seconds
        while not self.hearing.heard:
            now = self.hearing.seconds
            if self.hearing.busy:
                if now > begun + _LONGEST:
                    raise UnmetError("what the terminal says has no end")
            elif now > begun + within:
                raise UnmetError(f"nothing comes in {within:g} s")
            elif self.gone and now > self.gone + _SETTLED:
                raise UnmetError("the terminal has ended")
            yield
        one = self.hearing.heard.popleft()
        self._note("←", str(one))
        if after is not None and one.start - begun < after:
            raise UnmetError(f"{one} comes after {one.start - begun:.2f} s")
        return one

    def _play(self):
        for step in self.scenario.steps:
            self._step = step
            yield from getattr(self, f"_{step.verb}")(step)
        yield from self._said()

    def _hear(self, step):
        first, within = step.plain[0], step.options.get("within", _PATIENCE)
        if first in TONES:
            yield from self._hear_tone(first, step, within)
        elif hasattr(self, f"_hear_{first}"):
            yield from getattr(self, f"_hear_{first}")(step, within)
        else:
            one = yield from self._wait(within, step.options.get("after"))
            self._accept(one, step)

    def _accept(self, one, step):
        """Hold a transmission against a step."""
        if not isinstance(one, Heard):
            raise UnmetError(f"a burst of {one} comes")
        names = [frame.title for frame in one.frames]
        for wanted in step.plain:
            while names and names[0] not in wanted.split("|"):
                names.pop(0)
            if not names:
                raise UnmetError(f"{one} comes")
            names.pop(0)
        if names:
            raise UnmetError(f"{one} comes")
        if not _PREAMBLES[0] <= one.preamble <= _PREAMBLES[1]:
            raise UnmetError(f"the preamble of {one} has {one.preamble:.3f} s")
        self._took(one)
        self._compare(one, step)

    def _took(self, one):
        for frame in one.frames:
            self._follow(frame)
            if isinstance(frame, PartialPage):
                self._store.setdefault((frame.page, frame.block), {}).update(self._burst_frames)
                self._burst_frames = {}
            if isinstance(frame, PageRequest):
                self._asked = frame.frames
            self._last = frame
        self.speaker.heard = tuple(one.octets)

    def _follow(self, frame):
        """Note what a frame of either end says about what is to come."""
        if frame.name == "DCS":
            self._now, self._short = frame.settings, False
        elif frame.name == "CTC":
            self._now, self._short = replace(self._now, rate=frame.rate), False

    def _compare(self, one, step):
        frame = one.frames[-1]
        for name, text in step.options.items():
            if name in ("within", "after"):
                continue
            if name == "asks":
                # bits of frames that there are not may have any value
                asked = frozenset(one for one in frame.frames if one < self._count)
                if asked != numbers(text):
                    raise UnmetError(f"{frame.title} asks for {sorted(asked)}")
                continue
            if name.isupper():
                told = [f.text for f in one.frames if f.name == name and isinstance(f, IdentFrame)]
                if told != [text]:
                    raise UnmetError(f"{name} is {told}")
            elif not agrees(value := value_of(frame, name), text):
                raise UnmetError(f"{name} of {frame.title} is {value!r}")

    def _hear_tone(self, name, step, within):
        begun = self.hearing.seconds
        one = None
        while one is None or one.name != name:
            if self.hearing.tones:
                one = self.hearing.tones.popleft()
                self._note("←", str(one))
            elif self.hearing.seconds > begun + within:
                raise UnmetError(f"no {name} comes in {within:g} s")
            else:
                yield
        least, most = (float(step.options.get(k, v)) for k, v in (("least", 0.2), ("most", 9.0)))
        if not least - _EXACT <= one.end - one.start <= most + _EXACT:
            raise UnmetError(f"{one} comes")

    def _hear_carrier(self, step, within):
        begun = self.hearing.seconds
        while not self.hearing.busy:
            if self.hearing.seconds > begun + within:
                raise UnmetError(f"nothing comes in {within:g} s")
            yield

    def _hear_nothing(self, step, within):
        seconds = float(step.plain[1])
        end = self.hearing.seconds + seconds
        quiet_since = self.hearing.seconds + 0.1
        while self.hearing.seconds < end:
            yield
            if self.hearing.loud_at > quiet_since or self.hearing.heard:
                raise UnmetError(f"something comes {seconds - end + self.hearing.seconds:.2f} s in")

    def _hear_end(self, step, within):
        begun = self.hearing.seconds
        while not self.gone:
            if self.hearing.seconds > begun + within:
                raise UnmetError(f"the terminal does not end in {within:g} s")
            yield
        if self.hearing.heard:
            raise UnmetError(f"{self.hearing.heard[0]} comes besides")

    def _burst(self, step, within, *, short):
        if self._now is None:
            raise UnmetError("there was no DCS")
        if self.hearing.heard:
            raise UnmetError(f"{self.hearing.heard.popleft()} comes")
        rate = step.options.get("rate", self._now.rate)
        self.hearing.expect(rate, short=short and rate.startswith("V.17"))
        try:
            one = yield from self._wait(within)
        finally:
            self.hearing.control()
        if not isinstance(one, Burst) or not one.trained:
            raise UnmetError(f"{one} comes")
        self._short = True
        return one

    def _hear_tcf(self, step, within):
        one = yield from self._burst(step, within, short=False)
        ends = np.flatnonzero(np.concatenate([[1], one.data, [1]]))
        seconds = (np.diff(ends).max() - 1) / int(one.rate.split()[1])
        if not 1.35 <= seconds <= 1.66:
            raise UnmetError(f"TCF has zeros for {seconds:.2f} s")

    def _expected(self, number):
        """The terminal's page as it is to come with these settings."""
        sheet = voice.page(number, *self.scenario.size(number))
        resolution = Resolution.named(self._now.resolution)
        return fit(sheet, Paper[self._now.width].width(resolution), resolution)

    def _refuse(self, step):
        least = None
        while True:
            one = yield from self._wait(_PATIENCE)
            self._accept(one, replace(step, plain=("DCS",), options={}))
            if least is not None and self._now.bit_rate > least:
                raise UnmetError(f"the rate rises from {least} to {self._now.bit_rate} bit/s")
            least = self._now.bit_rate
            yield from self._hear_tcf(replace(step, options={}), _PATIENCE)
            if self._now.rate == step.options["until"]:
                return
            yield from self._say(replace(step, plain=("FTT",), options={}))

    def _hear_page(self, step, within):
        one = yield from self._burst(step, within, short=self._short)
        if self._now.ecm:
            raise UnmetError("the page was to come with error correction")
        sheet = self._expected(int(step.plain[1]))
        decoder = t4.Decoder(self._now.coding, sheet.width)
        rows = np.concatenate([decoder.process_bits(one.data), decoder.finish()])
        self._same(rows, sheet)
        if not decoder.quality.ended:
            raise UnmetError("the page has no RTC")
        least = int(self._now.scan_time) * self._now.bit_rate / 1000
        shortest = voice.line_lengths(one.data)[: sheet.height].min()
        if shortest < least:
            raise UnmetError(f"a line has {shortest} bits, less than {least:g}")

    def _same(self, rows, sheet):
        if len(rows) != sheet.height or not np.array_equal(rows, sheet.rows):
            raise UnmetError(f"the page of {len(rows)} lines is another than was to be sent")

    def _hear_ecm(self, step, within):
        one = yield from self._burst(step, within, short=self._short)
        deframer = Deframer()
        got = [parse(f.octets) for f in deframer.process(one.data) if f.good]
        data = [frame for frame in got if isinstance(frame, CodedData)]
        returns = sum(frame.name == "RCP" for frame in got)
        order = [frame.number for frame in data]
        self._note("←", f"{len(order)} frames, {returns} RCP")
        if returns != 3:
            raise UnmetError(f"RCP comes {returns} times")
        if any(len(frame.data) != self._now.frame_size for frame in data):
            raise UnmetError(f"a frame is not of {self._now.frame_size} octets")
        if "frames" in step.options and frozenset(order) != numbers(step.options["frames"]):
            raise UnmetError(f"frames {order} come")
        self._burst_frames = {frame.number: frame.data for frame in data}

    def _may(self, step):
        within = step.options["within"]
        begun = self.hearing.seconds
        while self.hearing.seconds < begun + within or self.hearing.busy:
            if self.hearing.heard:
                one = yield from self._wait(1)
                self._accept(one, replace(step, options={}))
                return
            yield

    def _until(self, step):
        within = step.options.get("within", 60.0)
        begun = self.hearing.seconds
        while True:
            one = yield from self._wait(max(0.0, begun + within - self.hearing.seconds))
            try:
                self._accept(one, step)
            except UnmetError:
                continue
            return

    def _listen(self, step):
        end = self.hearing.seconds + float(step.plain[0])
        while self.hearing.seconds < end:
            while self.hearing.heard:
                one = yield from self._wait(1)
                if isinstance(one, Heard):
                    self._took(one)
            yield

    # what it does

    def _say(self, step):
        said = frames(step.plain, self.speaker)
        if said[-1].good and said[-1].whole:
            self._spoken(said)
        sound = voice.control(said, self.scenario.level, step.options.get("preamble", 1.0))
        yield from self._utter(sound, step.options, " ".join(step.plain))

    def _spoken(self, said):
        for one in said:
            frame = parse(one.octets)
            if frame.name == "EOR":
                self.damaged[self.speaker.page + 1] = True
            if frame.name in ("DCS", "CTC"):
                self._follow(frame)
        last = parse(said[-1].octets)
        confirms = last.name == "MCF" and isinstance(self._last, PartialPage)
        if confirms and self._last.then != "NULL":
            self._check_page(self._last.page)

    def _check_page(self, page):
        """Hold the page that has come by frames against what was to be sent."""
        parts = sorted((block, got) for (of, block), got in self._store.items() if of == page)
        data = b"".join(got[number] for _, got in parts for number in sorted(got))
        sheet = self._expected(page + 1)
        rows, _ = t4.decode(t4.flip(data), sheet.width, self._now.coding)
        self._same(rows, sheet)

    def _ced(self, step):
        seconds = float(step.plain[0])
        yield from self._utter(voice.tone(2100, seconds, self.scenario.level), {}, "CED")

    def _cng(self, step):
        yield from self._utter(voice.tone(1100, 0.5, self.scenario.level), {}, "CNG")

    def _silence(self, step):
        yield from self._utter(voice.silence(float(step.plain[0])), {"gap": 0}, step.text)

    def _noise(self, step):
        level = step.options.get("level", -20.0)
        yield from self._utter(voice.noise(float(step.plain[0]), level), {"gap": 0}, step.text)

    def _carrier(self, step):
        sound = voice.carrier(
            float(step.plain[0]), self.scenario.level, step.options.get("of", "flags")
        )
        yield from self._utter(sound, {}, step.text)

    def _fast(self, step):
        count = round(float(step.plain[0]) * int(self._rate().split()[1]))
        yield from self._blast(step, np.ones(count, dtype=np.uint8))

    def _hang(self, step):
        self._note("→", "hangs up")
        self.hung_up = True
        yield

    def _tcf(self, step):
        options = step.options
        rate = options.get("rate", self._rate())
        bits = voice.check_bits(
            rate,
            seconds=options.get("seconds", 1.5),
            errors=options.get("errors", 0.0),
            ones=yes(options.get("ones", "no")),
        )
        sound = voice.burst(rate, bits, self.scenario.level)
        if "cut" in options:
            sound = sound[: round(options["cut"] * RATE)]
        self._short = True
        yield from self._utter(sound, options, f"{step.text} ({rate})")

    def _rate(self):
        return (self._now or self.scenario.settings).rate

    def _blast(self, step, bits):
        """Say a page's bits with the training that has its turn."""
        options = step.options
        rate = options.get("rate", self._rate())
        short = {"short": True, "long": False}.get(options.get("training"), self._short)
        sound = voice.burst(rate, bits, self.scenario.level, short=short and rate[:4] == "V.17")
        self._short = True
        if "cut" in options:
            sound = sound[: round(options["cut"] * len(sound))]
        yield from self._utter(sound, options, f"{step.text} ({rate}, {len(bits)} bits)")

    def sheet(self, number):
        """The far end's page, of the settings that were agreed on last."""
        resolution = Resolution.named(self._now.resolution)
        width = Paper[self._now.width].width(resolution)
        return voice.page(_FAR_PAGES + number, width, self.scenario.page["height"], resolution)

    def _page(self, step):
        number, options = int(step.plain[0]), step.options
        octets = voice.coded(
            self.sheet(number), self._now, bad=options.get("bad", 0), line=options.get("line")
        )
        bits = voice.lines(octets)
        if options.get("rtc") == "no":
            bits = bits[: -(6 * 13 + 7)]
        if options.get("rows") == 0:
            bits = bits[-8 * -(-6 * 13 // 8) :]
        self.damaged[number] = bool({"bad", "cut", "rtc", "rows", "rate"} & set(options))
        yield from self._blast(step, bits)

    def _ecm(self, step):
        number, options = int(step.plain[0]), step.options
        block = options.get("block", 0)
        cuts = voice.blocks(voice.coded(self.sheet(number), self._now), self._now.frame_size)
        self._count = len(cuts[block])
        chosen = frozenset(range(self._count))
        if yes(options.get("asked", "no")):
            chosen &= self._asked
        if "only" in options:
            chosen = numbers(options["only"])
        lost, bad, twice = (
            numbers(options[one]) if one in options else frozenset()
            for one in ("lost", "bad", "twice")
        )
        self.speaker.page, self.speaker.block = number - 1, block
        self.speaker.frames = len(chosen)
        order = sorted(chosen - lost, reverse=options.get("order") == "reverse")
        said = [
            Said(voice.coded_data(one, cuts[block][one]), one not in bad)
            for one in order
            for _ in range(2 if one in twice else 1)
        ]
        returns = [Said(voice.return_to_control())] * options.get("rcp", 3)
        self.damaged.setdefault(number, False)
        yield from self._blast(
            step, voice.picture(options.get("rate", self._rate()), said, returns)
        )
