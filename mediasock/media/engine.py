"""Everything that happens to the calls' sound in one step: pure arithmetic on a batch and a time.

The engine has no socket and no thread, and is told what time it is. :meth:`Engine.step` takes the
datagrams that came, and leaves the frames to be sent in :attr:`Engine.outbox`;
:meth:`Engine.hear` comes after they are sent, since nobody waits for it. Both leave news for the
streams in :attr:`Engine.notices`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import numpy as np

from dsp.resample import Downsampler
from dsp.types import Detector, Samples

from .batch import Batch, Bytes, Flags, Ints, Outbox, rounds
from .clock import DSP_TICK, IO_TICK, Histogram, Ticker
from .counters import Counters
from .frames import comfort_noise, decode, encode, fingerprints, groups, silent, whole_pairs
from .notices import Ended, Heard, Lost, Notice, Resumed, Slow, Started, Stopped
from .rings import BLOCK, HeardRing
from .talkers import Over, Talker, Talkers
from .timeline import SLOW_WINDOW, Arrivals, Timelines
from .voices import Voice, Voices
from .wire import MAX_FRAME_BYTES, Wire

log = logging.getLogger(__name__)

ROUNDS = 4
"""Blocks of one call that the detectors take in a tick at most, when they have fallen behind."""

_SHARE = 64
"""Neighbouring rows that the detectors take together. The calls of one tick of the detectors are
shared out so among the ticks of the socket in it, that none of those takes long."""

_DOUBLED_AHEAD = 0.75
"""Frames by which a call must be ahead of its clock for a copy to be a doubled datagram."""

_SETTLED = 12
"""Frames after which a call's clock is settled. FreeSWITCH begins a stream with frames of comfort
noise, all the same, of which the first may be late."""


class Tap(Protocol):
    """What a recorder is to the engine."""

    def write(self, heard: Samples, sent: Samples) -> None:
        """Take the same stretch of both sides, ``(n,)`` each, at the wire's rate.

        What is to be kept is copied before this returns.
        """


class Party(Protocol):
    """What a stream is to the engine."""

    @property
    def row(self) -> int:
        """Its row in everything."""

    @property
    def wire(self) -> Wire:
        """Its frames."""

    @property
    def listening(self) -> bool:
        """Whether somebody wants its sound."""

    @property
    def tap(self) -> Tap | None:
        """What records it."""

    @property
    def voice(self) -> Voice | None:
        """What speaks on it."""


P = TypeVar("P", bound=Party)


class Engine(Generic[P]):
    """The sound of all calls of a process.

    Parameters
    ----------
    capacity
        Calls at once.
    detectors
        Each has ``capacity`` rows.
    same_host
        Whether the frames come from this host, where none is lost on the way.
    batch_size
        Datagrams in a batch at most.
    stopwatch
        Nanoseconds, for nothing but :attr:`dsp_time`.

    Attributes
    ----------
    outbox : Outbox
        Frames to be sent after a step.
    notices : list
        ``(stream, notice)`` pairs of the step, in order.
    counters : Counters
        By row.
    dsp_time : Histogram
        How long the detectors took a tick of the socket.
    talk_time : Histogram
        How long the talkers took for frames that came together.
    """

    def __init__(
        self,
        capacity: int,
        *,
        detectors: Sequence[Detector] = (),
        same_host: bool = True,
        batch_size: int = 1024,
        stopwatch: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.capacity = capacity
        self._same_host = same_host
        self.timelines = Timelines(capacity, same_host=same_host)
        self.heard = HeardRing(capacity)
        self.voices = Voices(capacity)
        self.talkers = Talkers(capacity)
        self.counters = Counters(capacity)
        self.outbox = Outbox(batch_size + capacity)
        self.notices: list[tuple[P, Notice]] = []
        self._detectors = list(detectors)
        self._parties: list[P | None] = [None] * capacity
        self._code = np.zeros(capacity, dtype=np.int64)
        self._wide = np.zeros(capacity, dtype=bool)
        self._frame_bytes = np.zeros(capacity, dtype=np.int64)
        self._prints = np.zeros(capacity, dtype=np.uint64)
        self._loop_back = np.zeros(capacity, dtype=bool)
        self._watched = np.zeros(capacity, dtype=bool)
        self._down = Downsampler(capacity)
        self._stopwatch = stopwatch
        self.dsp_time = Histogram()
        self.talk_time = Histogram()
        self._dsp = [Ticker(DSP_TICK, start) for start in range(0, DSP_TICK, IO_TICK)]
        self._share = np.arange(capacity) // _SHARE % len(self._dsp)
        self._slow = Ticker(SLOW_WINDOW, 0)

    # -- calls come and go --------------------------------------------------------------------

    def open(self, party: P) -> None:
        """Begin a stream on a row that is free."""
        row, wire = party.row, party.wire
        rows = np.array([row])
        self._parties[row] = party
        self._code[row] = wire.code
        self._wide[row] = wire.rate == 16000
        self._frame_bytes[row] = wire.frame_bytes
        self._prints[row] = 0
        self._loop_back[row] = self._watched[row] = False
        self.counters.clear(row)
        self.timelines.open(row, wire.ptime_ms)
        self.heard.clear(rows)
        self.voices.open(row, wire.rate)
        self.talkers.end(row)
        self._down.reset(rows)
        for detector in self._detectors:
            detector.reset(rows)

    def close(self, party: P) -> None:
        """End a stream: what still sounds is reported, and then its end."""
        row = party.row
        if not self._has(party):
            return
        self._detect("finish", np.array([row]))
        self.timelines.close(row)
        self.voices.close(row)
        self.talkers.end(row)
        self.notices.append((party, Ended(self.counters.of(row), int(self.heard.total[row]))))
        self._parties[row] = None

    def _has(self, party: P) -> bool:
        return self._parties[party.row] is party

    def loop_back(self, party: P, on: bool) -> None:
        """Send back what is heard, while nothing plays."""
        if self._has(party):
            self._loop_back[party.row] = on

    def watch(self, party: P) -> None:
        """Take note of a change of who listens to the stream or records it."""
        if self._has(party):
            self._watched[party.row] = party.listening or party.tap is not None

    def speak(self, party: P) -> None:
        """Take note that the stream's voice has something to say, or to take back."""
        if self._has(party) and party.voice is not None:
            self.voices.call_on(party.row, party.voice)

    def converse(self, party: P, talker: Talker | None) -> None:
        """Have a talker answer what is heard, while nothing plays; ``None`` ends that."""
        if not self._has(party):
            return
        over = self.talkers.end(party.row)
        if over is not None:
            self._end_talk([over])
        if talker is not None:
            self.talkers.begin(party.row, talker)

    def hold(self, party: P) -> None:
        """Send nothing and expect nothing."""
        if self._has(party):
            self.timelines.hold(party.row)

    def resume(self, party: P, now: int) -> None:
        """Send and expect frames again."""
        if self._has(party):
            self.timelines.resume(party.row, now)

    # -- a step -------------------------------------------------------------------------------

    def step(self, now: int, batch: Batch, *, drained: bool = True) -> None:
        """Take in what came, and answer it.

        Parameters
        ----------
        now
            Monotonic nanoseconds.
        batch
            The datagrams that came since the last step.
        drained
            Whether there are no more of them yet. Only then is a pause one.
        """
        self.outbox.clear()
        self.voices.serve(now)
        for index in rounds(batch.rows):
            self._arrive(batch, index)
        if not drained:
            return
        self._fill_gaps(now)
        if self._slow.due(now):
            self._note_slow()

    def _arrive(self, batch: Batch, index: Ints) -> None:
        """Take in datagrams of which each call has at most one."""
        rows, slots, lengths = batch.rows[index], batch.slots[index], batch.lengths[index]
        arrivals, drops = batch.arrivals[index], batch.drops[index]
        code = self._code[rows]
        if code.any():
            self._shorten_comfort_noise(batch, index, lengths)
        oversized = lengths > MAX_FRAME_BYTES
        bad = oversized | (lengths == 0) | ((code == 0) & (lengths % 2 == 1))
        if bad.any():
            self.counters.add("oversized", rows, oversized)
            self.counters.add("malformed", rows, bad & ~oversized)
            self._replace(rows[bad], arrivals[bad], drops[bad])
        keys = np.where(bad, -1, lengths * 8 + code * 2 + self._wide[rows])
        for key, at in groups(keys):
            if key >= 0:
                frames = batch.data[slots[at], : key // 8]
                self._take(rows[at], frames, arrivals[at], drops[at])

    def _take(self, rows: Ints, frames: Bytes, arrivals: Ints, drops: Ints) -> None:
        """Take in frames of one kind and length, one a call."""
        code, wide = int(self._code[rows[0]]), bool(self._wide[rows[0]])
        samples = frames.shape[1] >> (code == 0)
        duration = samples * (62_500 if wide else 125_000)
        prints = fingerprints(frames)
        comfort = prints == comfort_noise(frames.shape[1])
        doubled = prints == self._prints[rows]
        if doubled.any():
            doubled &= self.timelines.ahead(rows, arrivals) >= _DOUBLED_AHEAD * duration
            doubled &= ~comfort | (self.counters.get("received", rows) >= _SETTLED)
        if doubled.any():
            self.counters.add("doubled", rows[doubled])
            if doubled.all():
                return
            new = ~doubled
            rows, frames, prints, comfort = rows[new], frames[new], prints[new], comfort[new]
            arrivals, drops = arrivals[new], drops[new]
        self._prints[rows] = prints
        self._note(rows, self.timelines.arrive(rows, arrivals, duration, drops))
        if comfort.any():
            frames[comfort] = silent(1, frames.shape[1], code)
            self.counters.add("comfort_noise", rows, comfort)
        self.counters.add("received", rows)
        self.counters.add("irregular", rows, frames.shape[1] != self._frame_bytes[rows])
        self._listen(rows, frames, code, wide)

    def _shorten_comfort_noise(self, batch: Batch, index: Ints, lengths: Ints) -> None:
        """Take comfort noise in a stream of the codec's own bytes for a frame of that stream.

        FreeSWITCH makes comfort noise of 0xFF bytes in the length of the decoded frame, and sends
        it so even where ``flags: native`` has the frames half as long.
        """
        rows = batch.rows[index]
        for i in np.flatnonzero((self._code[rows] != 0) & (lengths == 2 * self._frame_bytes[rows])):
            if (batch.data[batch.slots[index[i]], : lengths[i]] == 0xFF).all():
                lengths[i] = self._frame_bytes[rows[i]]

    def _listen(self, rows: Ints, frames: Bytes, code: int, wide: bool) -> None:
        """Give frames to the detectors' ring and to who listens, and answer them."""
        pcm = decode(frames, code)
        begin = self.heard.total[rows]
        narrow = self._down.process(whole_pairs(pcm), rows) if wide else pcm
        overrun = self.heard.append(rows, narrow)
        if len(overrun):
            self.counters.add("overrun", overrun)
        answers = self._answer(rows, frames, code, narrow)
        for i in np.flatnonzero(self._watched[rows]):
            self._show(int(rows[i]), pcm[i], answers[i], int(begin[i]), gap=False)

    def _replace(self, rows: Ints, arrivals: Ints, drops: Ints) -> None:
        """Put silence in the place of datagrams that are no frames, and answer it."""
        ptime = self.timelines.ptime[rows]
        self._note(rows, self.timelines.arrive(rows, arrivals, ptime, drops))
        self._silence(rows, np.ones_like(rows))
        self._answer_silence(rows)

    def _note(self, rows: Ints, arrivals: Arrivals) -> None:
        """Count and tell what the arrival of frames has shown."""
        for flags, notice in ((arrivals.first, Started()), (arrivals.resumed, Resumed())):
            for row in rows[flags]:
                self._tell(int(row), notice)
        self.counters.add("late", rows, arrivals.late)
        if arrivals.missing.any():
            missing = arrivals.missing > 0
            self.counters.add("lost", rows, arrivals.missing)
            self._silence(rows[missing], arrivals.missing[missing])
            unheard = missing & ~(arrivals.resumed & self._same_host)
            self._wait(rows[unheard], arrivals.missing[unheard])

    def _tell(self, row: int, notice: Notice) -> None:
        party = self._parties[row]
        if party is not None:
            self.notices.append((party, notice))

    # -- what does not come -------------------------------------------------------------------

    def _fill_gaps(self, now: int) -> None:
        """Let a timer take the place of frames that do not come."""
        new = ~self.timelines.in_gap
        gaps = self.timelines.stopped(now)
        if not len(gaps.rows):
            return
        begun = gaps.rows[new[gaps.rows]]
        self.counters.add("gaps", begun)
        self.counters.add("gap_frames", gaps.rows, gaps.frames)
        for row in begun:
            self._tell(int(row), Stopped())
        self._silence(gaps.rows, gaps.frames)
        for row in gaps.lost:
            self.talkers.end(int(row))
            self._tell(int(row), Lost())
        if self._same_host:
            # the switch itself stands still: nothing is lost, and what a talker has to say can wait
            self._answer_silence(gaps.rows[~self.talkers.talking(gaps.rows)])
        else:
            self._wait(gaps.rows, gaps.frames - 1)
            self._answer_silence(gaps.rows)

    def _silence(self, rows: Ints, frames: Ints) -> None:
        """Put so many frames of silence into each call's timeline."""
        samples = frames * self.timelines.ptime[rows] // 125_000
        begin = self.heard.total[rows]
        self.heard.silence(rows, samples)
        for i in np.flatnonzero(self._watched[rows]):
            row = int(rows[i])
            silence = np.zeros(int(samples[i]) << int(self._wide[row]), dtype=np.int16)
            self._show(row, silence, None, int(begin[i]), gap=True)

    def _wait(self, rows: Ints, frames: Ints) -> None:
        """Let so many frames' time pass for talkers."""
        if self.talkers.talking(rows).any():
            samples = frames * self.timelines.ptime[rows] // 125_000
            self._end_talk(self.talkers.wait(rows, samples))

    def _note_slow(self) -> None:
        rows = self.timelines.slow()
        self.counters.add("slow", rows)
        for row in rows:
            self._tell(int(row), Slow())

    # -- what goes out ------------------------------------------------------------------------

    def _answer_silence(self, rows: Ints) -> None:
        """Send each call a frame of its own kind though none has come from it."""
        keys = self._frame_bytes[rows] * 8 + self._code[rows] * 2 + self._wide[rows]
        for key, at in groups(keys):
            length, code, wide = key // 8, key % 8 // 2, key % 2
            samples = length >> (code == 0) >> wide
            narrow = np.zeros((len(at), samples), dtype=np.int16)
            self._answer(rows[at], silent(len(at), length, code), code, narrow)

    def _answer(self, rows: Ints, frames: Bytes, code: int, narrow: Samples) -> Bytes:
        """Send one frame for each that came, of the same kind and length.

        Parameters
        ----------
        narrow
            The frames at 8 kHz, for talkers.

        Returns
        -------
        numpy.ndarray
            ``(len(rows), bytes)``; what is played, else what a talker says, else what came where
            loop-back is on, else silence. Silence for a held stream, which sends nothing: what
            it plays waits.
        """
        held = self.timelines.held[rows]
        looped = self._loop_back[rows] & ~held
        out = frames
        if not looped.all():
            out = silent(len(rows), frames.shape[1], code)
            out[looped] = frames[looped]
        samples = frames.shape[1] >> (code == 0)
        talking = self.talkers.talking(rows)
        if talking.any():
            out = out.copy() if out is frames else out
            out[talking] = encode(self._talk(rows[talking], narrow[talking], samples), code)
        speaking = self.voices.speaking(rows) & ~held
        if speaking.any():
            out = out.copy() if out is frames else out
            pcm, short = self.voices.take(rows[speaking], samples)
            out[speaking] = encode(pcm, code)
            self.counters.add("underruns", rows[speaking], short)
        self._post(rows, out, held)
        return out

    def _talk(self, rows: Ints, narrow: Samples, samples: int) -> Samples:
        """Have the talkers of calls answer a frame each."""
        begin = self._stopwatch()
        said, over = self.talkers.answer(rows, narrow, samples)
        self.talk_time.add(self._stopwatch() - begin)
        self._end_talk(over)
        return said

    def _end_talk(self, over: Sequence[Over]) -> None:
        for one in over:
            self._tell(one.row, one)

    def _post(self, rows: Ints, out: Bytes, held: Flags) -> None:
        if held.any():
            rows, out = rows[~held], out[~held]
        if len(rows):
            self.outbox.add(rows, out)
            self.counters.add("sent", rows)

    def _show(self, row: int, heard: Samples, sent: Bytes | None, begin: int, *, gap: bool) -> None:
        """Give a stretch of a call to its recorder and its listeners."""
        party = self._parties[row]
        if party is None:
            return
        tap = party.tap
        if tap is not None:
            other = np.zeros_like(heard) if sent is None else decode(sent, party.wire.code)
            tap.write(heard, other)
        if party.listening:
            self.notices.append((party, Heard(heard.copy(), begin, gap)))

    # -- ears ---------------------------------------------------------------------------------

    def hear(self, now: int) -> None:
        """Let the detectors have what has come of the calls whose turn it is.

        A few blocks of each call at most: a backlog is worked off over several ticks.
        """
        due = np.array([ticker.due(now) for ticker in self._dsp])
        if not due.any():
            return
        begin = self._stopwatch()
        for _ in range(ROUNDS):
            self.heard.settle()
            ready = self.heard.ready()
            rows = ready[due[self._share[ready]]]
            if not len(rows):
                break
            self._detect("process", self.heard.read(rows, BLOCK), rows)
        self.dsp_time.add(self._stopwatch() - begin)

    def _detect(self, method: str, *arguments: Samples | Ints) -> None:
        """Ask every detector; one that raises is taken out, since calls must go on without it."""
        for detector in tuple(self._detectors):
            try:
                detections = getattr(detector, method)(*arguments)
                for detection in detections:
                    self._tell(detection.row, detection)
            except Exception:
                log.exception("%s failed and is taken out", type(detector).__name__)
                self._detectors.remove(detector)
