"""Calls in virtual time: datagrams go into the engine as values, and what it does is read off."""

from dataclasses import dataclass, field

import numpy as np

from dsp.types import Detection
from mediasock.media.batch import SLOT, Batch
from mediasock.media.engine import Engine
from mediasock.media.wire import Wire

MS = 1_000_000


class Memory:
    """A detector that remembers what it heard, and detects every sample of 12345."""

    def __init__(self, calls):
        self.heard = [[] for _ in range(calls)]
        self.finished = []
        self.reset_rows = []

    def process(self, block, rows=None):
        found = []
        for row, line in zip(range(len(block)) if rows is None else rows, block, strict=True):
            position = sum(map(len, self.heard[row]))
            self.heard[row].append(line.copy())
            found += [
                Detection(int(row), "mark", "x", position + int(at), None, 0.0)
                for at in np.flatnonzero(line == 12345)
            ]
        return found

    def finish(self, rows=None):
        self.finished.extend(int(row) for row in rows)
        return [Detection(int(row), "mark", "end", 0, 1, 0.0) for row in rows]

    def reset(self, rows=None):
        for row in rows:
            self.reset_rows.append(int(row))
            self.heard[row] = []

    def of(self, row):
        return np.concatenate([np.zeros(0, np.int16), *self.heard[row]])


@dataclass(eq=False)
class Party:
    row: int
    wire: Wire
    listening: bool = False
    tap: object = None
    voice: object = None


@dataclass
class Lines:
    """An engine with calls on it and a clock of its own."""

    calls: int = 4
    same_host: bool = True
    now: int = 1_000_000 * MS
    parties: dict = field(default_factory=dict)

    def __post_init__(self):
        self.ears = Memory(self.calls)
        self.engine = Engine(self.calls, detectors=[self.ears], same_host=self.same_host)

    def open(self, row=0, wire=None, *, loop_back=False, listening=False):
        party = Party(row, wire or Wire(), listening)
        self.parties[row] = party
        self.engine.open(party)
        self.engine.watch(party)
        self.engine.loop_back(party, loop_back)
        return party

    def step(self, *datagrams, after=0.0, drops=0, drained=True):
        """Let ``after`` ms pass, bring (row, bytes) datagrams and return those sent."""
        self.now += int(after * MS)
        return self.run(self.batch(datagrams, drops), drained=drained)

    def batch(self, datagrams, drops=0):
        n = len(datagrams)
        data = np.zeros((n, SLOT), np.uint8)
        for i, (_, content) in enumerate(datagrams):
            data[i, : len(content)] = np.frombuffer(content[:SLOT], np.uint8)
        return Batch(
            np.array([row for row, _ in datagrams], dtype=np.int64),
            data,
            np.arange(n),
            np.array([len(content) for _, content in datagrams], dtype=np.int64),
            np.full(n, self.now),
            np.full(n, drops),
        )

    def run(self, batch, *, drained=True):
        self.engine.step(self.now, batch, drained=drained)
        self.engine.hear(self.now)
        box = self.engine.outbox
        return [
            (int(box.rows[i]), box.data[i, : box.lengths[i]].tobytes()) for i in range(box.count)
        ]

    def notices(self, row=0, kind=object):
        """Return the notices of a call so far."""
        return [
            notice
            for party, notice in self.engine.notices
            if party.row == row and isinstance(notice, kind)
        ]

    def idle(self, ms):
        """Let time pass in ticks of 5 ms, and return what was sent meanwhile."""
        sent = []
        for _ in range(int(ms / 5)):
            sent += self.step(after=5)
        return sent

    def stats(self, row=0):
        return self.engine.counters.of(row)

    def total(self, row=0):
        """Return the length of a call's timeline in samples at 8 kHz."""
        return int(self.engine.heard.total[row])


def noise(samples, seed=0):
    """Return int16 noise that is never comfort noise."""
    return np.random.default_rng(seed).integers(-8000, 8000, samples, dtype=np.int16)


def frame(seed=0, samples=160):
    """Return one L16 frame of noise."""
    return noise(samples, seed).tobytes()
