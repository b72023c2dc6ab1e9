"""A conversation that somebody can wait for: a talker answering a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from .player import Outcome
from .talkers import Talker


class Conversation:
    """A talker that answers a call; ``await`` it to wait until it is over.

    Awaiting gives ``"done"`` when the talker had said all, ``"broken"`` when it was stopped. Once
    it is over, however it ended, the media thread does not touch the talker any more.

    Parameters
    ----------
    talker
        Who talks.
    stop
        Has the media thread let the talker go.

    Attributes
    ----------
    talker : Talker
        Who talks.

    Raises
    ------
    TalkerError
        When awaited, if the talker failed; its ``__cause__`` is what it raised.
    HungUp, StreamClosed, StreamLost
        When awaited, if the call or its stream ended before.
    """

    def __init__(self, talker: Talker, stop: Callable[[], None]) -> None:
        self.talker = talker
        self._stop = stop
        self._over: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def __await__(self) -> Generator[Any, None, Outcome]:
        """Wait until it is over."""
        return asyncio.shield(self._over).__await__()

    @property
    def over(self) -> bool:
        """Whether it is over."""
        return self._over.done()

    def stop(self) -> None:
        """End it, as soon as the media thread comes to it; one that is over stays as it is."""
        if not self.over:
            self._stop()

    def finish(self, how: Outcome | Exception) -> None:
        """Be told of its end, in the loop's thread."""
        if self._over.done():
            return
        if isinstance(how, Exception):
            self._over.set_exception(how)
            self._over.exception()  # who does not await it need not be told
        else:
            self._over.set_result(how)
