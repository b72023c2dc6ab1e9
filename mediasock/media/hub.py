"""The hub: one thread that moves and hears the sound of all calls of a process."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from dsp.resample import Downsampler, Upsampler
from dsp.types import Detector

from .address import Address
from .batch import Batch, Outbox
from .clock import IO_TICK, Pacer
from .counters import StreamStats
from .delivery import Mailbox
from .engine import Engine
from .errors import HubFull, HubStopped
from .notices import Notice
from .onesocket import OneSocket
from .stream import Stream
from .wire import Wire

log = logging.getLogger(__name__)

DetectorFactory: TypeAlias = Callable[[int], Detector]

SWITCH_INTERVAL = 50e-6
"""Seconds for which a Python thread may keep the interpreter from the media thread.

The interpreter's own 5 ms are a whole tick, and numpy lets the interpreter go several times in a
step: beside a handler that computes, the media would be 100 ms late.
"""

BATCHES = 16
"""Batches taken in one tick at most, so that a flood cannot keep a step from ending."""

_NICE = -10

_COMPLAIN_EVERY = 1_000_000_000


def _warm(detectors: Sequence[Detector]) -> None:
    """Have what is compiled compiled before the first call comes."""
    silence, row = np.zeros((1, 320), dtype=np.int16), np.zeros(1, dtype=np.int64)
    for resampler in (Downsampler(1), Upsampler(1)):
        resampler.process(silence, row)
    for detector in detectors:
        detector.process(silence, row)
        detector.finish(row)
        detector.reset(row)


def _take_precedence() -> None:
    """Go before threads that have no deadlines, where the system lets us (CAP_SYS_NICE)."""
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class Transport(Protocol):
    """Where datagrams come from and go to."""

    same_host: bool

    def reserve(self) -> tuple[int, Address]:
        """Take an address for a call."""

    def attach(self, number: int, row: int) -> None:
        """Begin to receive for it."""

    def detach(self, number: int) -> None:
        """Receive no more for it."""

    def release(self, number: int) -> None:
        """Give the address back."""

    def receive(self) -> tuple[Batch, bool]:
        """Take what has come, and say whether that is all."""

    def send(self, outbox: Outbox) -> None:
        """Send the frames of a step."""

    def counts(self) -> dict[str, int]:
        """Return the counts of the socket."""

    def shut(self) -> None:
        """Close every socket."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """How the hub is doing since it was made; quantiles since they were last cleared.

    Parameters
    ----------
    calls
        Streams that are open.
    datagrams
        Received in all.
    strangers
        Received from an address that is no call's.
    refused
        Turned away by the kernel's filter: not from a call's network and port.
    overflows
        Thrown away by the kernel because we did not come in time.
    send_failures
        Not taken by the kernel.
    undelivered
        Notices that were thrown away because the event loop did not run.
    ticks_skipped
        Ticks of 5 ms that were left out because an earlier one took too long.
    faults
        Steps that failed; the log says how.
    lateness_p50_ms, lateness_p99_ms
        How long after its deadline a tick began.
    dsp_p50_ms, dsp_p99_ms
        How long the detectors took a tick of 5 ms, in which a share of the calls has its turn.
    talk_p50_ms, talk_p99_ms
        How long the talkers took for frames that came together.
    streams
        The sums of what was counted of all streams.
    """

    calls: int
    datagrams: int
    strangers: int
    refused: int
    overflows: int
    send_failures: int
    undelivered: int
    ticks_skipped: int
    faults: int
    lateness_p50_ms: float
    lateness_p99_ms: float
    dsp_p50_ms: float
    dsp_p99_ms: float
    talk_p50_ms: float
    talk_p99_ms: float
    streams: StreamStats


class MediaHub:
    """All calls' sound, on a thread of its own.

    Parameters
    ----------
    capacity
        Calls at once.
    remote_ip
        Our own address, as FreeSWITCH sees it.
    ears
        Makes the detector that hears every call; it is given the number of rows.
    detectors
        Make detectors of the user's own, which run beside it.
    transport
        Sockets; :class:`~mediasock.media.onesocket.OneSocket` where none is given.

    Notes
    -----
    The thread looks at the socket every 5 ms and lets the detectors hear each call every 20 ms, by
    absolute deadlines; ticks that are overdue are left out. It never waits for the event loop.

    Examples
    --------
    ::

        hub = MediaHub(ears=Ears)
        hub.start()
        stream = hub.open(call_uuid, Wire("L16", 8000, 20))
        ...  # ask FreeSWITCH for `unicast` with stream.address
        await stream.first_frame()
    """

    def __init__(
        self,
        *,
        capacity: int = 1000,
        remote_ip: str = "127.0.0.1",
        ears: DetectorFactory | None = None,
        detectors: Sequence[DetectorFactory] = (),
        transport: Transport | None = None,
    ) -> None:
        makers = ([ears] if ears is not None else []) + list(detectors)
        self._transport = transport or OneSocket(capacity, remote_ip=remote_ip)
        self._detectors = [make(capacity) for make in makers]
        self.engine: Engine[Stream] = Engine(
            capacity,
            detectors=self._detectors,
            same_host=self._transport.same_host,
        )
        self._lock = threading.Lock()
        self._free = list(range(capacity))
        self._streams: dict[Stream, int] = {}
        self._mailboxes: list[Mailbox] = []
        self._actions: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        self._running = False
        self._work = threading.Event()
        self._pacer = Pacer(IO_TICK)
        self._faults = 0
        self._complained_at = 0

    # -- its life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread; also lets Python threads take turns more often, process-wide."""
        if self._thread is not None:
            raise HubStopped("a hub is started once")
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_INTERVAL))
        _warm(self._detectors)
        self._running = True
        self._thread = threading.Thread(target=self._run, name="mediasock-media", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every stream, end the thread and close the socket."""
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.close()
        self._running = False
        self._work.set()
        if self._thread is not None:
            self._thread.join()
        self._transport.shut()

    # -- streams ------------------------------------------------------------------------------

    def open(self, uuid: str, wire: Wire) -> Stream:
        """Make a stream for a call; its events go to the event loop that runs.

        Raises
        ------
        HubFull
            When ``capacity`` calls have one.
        HubStopped
            When the hub does not run.
        """
        with self._lock:
            if not self._running:
                raise HubStopped(f"call {uuid}: the media hub does not run")
            if not self._free:
                raise HubFull(f"call {uuid}: all {self.engine.capacity} streams are in use")
            mailbox = self._mailbox()
            number, address = self._transport.reserve()
            row = heapq.heappop(self._free)
            stream = Stream(self, uuid, wire, address=address, row=row, mailbox=mailbox)
            self._streams[stream] = number
            self._actions.append(lambda: self._begin(stream, number))
        self._work.set()
        return stream

    def _mailbox(self) -> Mailbox:
        """Return the mailbox of the running loop."""
        loop = asyncio.get_running_loop()
        self._mailboxes = [one for one in self._mailboxes if not one.loop.is_closed()]
        for mailbox in self._mailboxes:
            if mailbox.loop is loop:
                return mailbox
        self._mailboxes.append(Mailbox.here())
        return self._mailboxes[-1]

    def close(self, stream: Stream) -> None:
        """End a stream, from any thread; :meth:`Stream.close` is the way to it."""
        with self._lock:
            number = self._streams.pop(stream, None)
            if number is None:
                return
            # Actions are done in order, so whoever gets the row next begins after this end.
            self._actions.append(lambda: self._end(stream, number))
            heapq.heappush(self._free, stream.row)
            self._transport.release(number)
        self._work.set()

    def post(self, action: Callable[[], None]) -> None:
        """Have the media thread do something before its next step."""
        self._actions.append(action)

    def now(self) -> int:
        """Monotonic nanoseconds."""
        return time.monotonic_ns()

    def metrics(self) -> Metrics:
        """Return how the hub is doing."""
        lateness, dsp = self._pacer.lateness, self.engine.dsp_time
        talk = self.engine.talk_time
        with self._lock:
            calls, mailboxes = len(self._streams), tuple(self._mailboxes)
        return Metrics(
            calls=calls,
            undelivered=sum(mailbox.dropped for mailbox in mailboxes),
            ticks_skipped=self._pacer.skipped,
            faults=self._faults,
            lateness_p50_ms=lateness.quantile(0.5),
            lateness_p99_ms=lateness.quantile(0.99),
            dsp_p50_ms=dsp.quantile(0.5),
            dsp_p99_ms=dsp.quantile(0.99),
            talk_p50_ms=talk.quantile(0.5),
            talk_p99_ms=talk.quantile(0.99),
            streams=self.engine.counters.totals(),
            **self._transport.counts(),
        )

    def clear_histograms(self) -> None:
        """Begin the quantiles of :meth:`metrics` anew, as at the start of a measurement."""
        self._pacer.lateness.clear()
        self.engine.dsp_time.clear()
        self.engine.talk_time.clear()

    # -- the thread ---------------------------------------------------------------------------

    def _begin(self, stream: Stream, number: int) -> None:
        self.engine.open(stream)
        self._transport.attach(number, stream.row)

    def _end(self, stream: Stream, number: int) -> None:
        self._transport.detach(number)
        self.engine.close(stream)

    def _run(self) -> None:
        _take_precedence()
        while self._running:
            if not self._streams and not self._actions:
                self._work.wait()
                self._pacer.restart()
            self._work.clear()
            now = self._pacer.wait()
            try:
                self.tick(now)
            except Exception:
                self._complain(now)
        self.tick(self.now())

    def tick(self, now: int) -> None:
        """Do everything that is due: once a tick, in the media thread."""
        while self._actions:
            self._actions.popleft()()
        for _ in range(BATCHES):
            batch, drained = self._transport.receive()
            self.engine.step(now, batch, drained=drained)
            self._transport.send(self.engine.outbox)
            if drained:
                break
        self.engine.hear(now)
        self._deliver()

    def _deliver(self) -> None:
        notices, self.engine.notices = self.engine.notices, []
        news: dict[Mailbox, list[tuple[Stream, Notice]]] = {}
        for stream, notice in notices:
            news.setdefault(stream.mailbox, []).append((stream, notice))
        for mailbox, items in news.items():
            mailbox.post(items)
        if self._streams:
            for mailbox in tuple(self._mailboxes):
                mailbox.beat()

    def _complain(self, now: int) -> None:
        """Log that a step failed, once a second at most: the calls go on."""
        self._faults += 1
        if now - self._complained_at >= _COMPLAIN_EVERY:
            self._complained_at = now
            log.exception("a step of the media thread failed (%d so far)", self._faults)
