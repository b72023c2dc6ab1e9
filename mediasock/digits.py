"""The digits of a call: those heard in its sound and those that came beside it, in one queue.

A gateway may pass a key both as tones and as RFC 2833 telephone-events. FreeSWITCH takes the
events out of the media and hands them over as DTMF events; the tones stay in the sound. Both
arrive here, and a key that came both ways counts once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from .errors import MediasockError

SAME_PRESS = 1.0
"""Seconds within which the same key by the other way is the same press of it.

A detector reports a tone up to 40 ms after its end, FreeSWITCH a telephone-event at its end, a
gateway may hold either back by a packet or two, and a box with too much to do is later still.
Nobody keys one digit twice, each time by another way.
"""


class Source(Enum):
    """The way by which a digit came."""

    IN_BAND = "in-band"
    OUT_OF_BAND = "out-of-band"


@dataclass(frozen=True, slots=True)
class Digit:
    """One press of a key.

    Parameters
    ----------
    value
        ``0``–``9``, ``*``, ``#``, ``A``–``D``.
    source
        The way by which it was known first.
    at
        Seconds of the queue's clock.
    """

    value: str
    source: Source
    at: float


class DigitQueue:
    """Digits of one call, each once, in the order in which they were keyed.

    Parameters
    ----------
    clock
        Seconds, monotonic.
    limit
        Digits kept that nobody has collected; the oldest fall out, and ``dropped`` counts them.
    deaf
        Says why no digit can be heard just now, or None; :meth:`wake` has it asked again.

    Examples
    --------
    >>> queue = DigitQueue(clock=lambda: 0.0)
    >>> queue.put("5", Source.IN_BAND), queue.put("5", Source.OUT_OF_BAND)
    (True, False)
    >>> queue.pending
    '5'
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        limit: int = 256,
        deaf: Callable[[], MediasockError | None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._deaf = deaf
        self._digits: deque[Digit] = deque()
        self._limit = limit
        self._unmatched: deque[Digit] = deque(maxlen=32)
        self._changed = asyncio.Event()
        self._error: MediasockError | None = None
        self._watchers: list[Callable[[str], None]] = []
        self.dropped = 0

    @property
    def pending(self) -> str:
        """What has been keyed and not collected."""
        return "".join(digit.value for digit in self._digits)

    def put(self, value: str, source: Source) -> bool:
        """Take a digit in; False where it is the same press by the other way."""
        now = self._clock()
        while self._unmatched and now - self._unmatched[0].at > SAME_PRESS:
            self._unmatched.popleft()
        for earlier in self._unmatched:
            if earlier.value == value and earlier.source is not source:
                self._unmatched.remove(earlier)
                return False
        digit = Digit(value, source, now)
        self._unmatched.append(digit)
        if len(self._digits) >= self._limit:
            self._digits.popleft()
            self.dropped += 1
        self._digits.append(digit)
        self.key_down(value)
        self._changed.set()
        return True

    def key_down(self, value: str) -> None:
        """Tell those who wait to be interrupted that this key is being pressed."""
        for watcher in tuple(self._watchers):
            watcher(value)

    @contextmanager
    def watching(self, on_key: Callable[[str], None]) -> Iterator[None]:
        """Call ``on_key(value)`` for every key, as soon as it is known to be down.

        A key whose tone is still sounding is told at once, and told again when it has ended.
        """
        self._watchers.append(on_key)
        try:
            yield
        finally:
            self._watchers.remove(on_key)

    def close(self, error: MediasockError) -> None:
        """End every wait with ``error``, once the digits already keyed are used up."""
        self._error = error
        self._changed.set()

    def wake(self) -> None:
        """Have those who wait see that no digit can be heard any more."""
        self._changed.set()

    def clear(self) -> None:
        """Throw away what has been keyed so far."""
        self._digits.clear()

    async def collect(
        self,
        *,
        max: int = 1,
        end: str = "",
        timeout: float | None = 5.0,
        interdigit: float | None = None,
    ) -> str:
        """Collect digits.

        Parameters
        ----------
        max
            Return when so many have come.
        end
            Keys that end the number; they are taken and not returned.
        timeout
            Seconds to the first digit; ``None`` waits for ever.
        interdigit
            Seconds from one digit to the next; ``timeout`` where it is not given.

        Returns
        -------
        str
            The digits, fewer than ``max`` (perhaps none) where a time ran out.

        Raises
        ------
        HungUp, Disconnected
            When the call ended before any digit; what was keyed before its end is returned.
        StreamLost
            Likewise, when nothing is heard any more while the media is open.
        ValueError
            When ``max`` is less than 1.
        """
        if max < 1:
            raise ValueError(f"max is {max}: at least one digit must be asked for")
        number = ""
        while len(number) < max:
            try:
                digit = await self._next(
                    timeout if not number or interdigit is None else interdigit
                )
            except MediasockError:
                if number:
                    return number
                raise
            if digit is None or digit.value in end:
                break
            number += digit.value
        return number

    async def _next(self, timeout: float | None) -> Digit | None:
        """Return the next digit, or None when the time is over."""
        try:
            async with asyncio.timeout(timeout):
                while not self._digits:
                    error = self._error or self._deaf()
                    if error is not None:
                        raise error.with_traceback(None)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return None
        return self._digits.popleft()
