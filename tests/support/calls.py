"""Calls of the embedded switch into a server of ours, over real sockets in one event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dsp.types import dbm0
from mediasock.app import App
from mediasock.call import Call
from mediasock.config import Config
from mediasock.esl.events import Event
from mediasock.media.hub import Metrics
from mediasock.serve import Server
from mediasock.switch.dialer import CallPlan, Outcome, place_call, real_switch
from mediasock.switch.far_end import FarEnd

DEADLINE = 60.0
"""Seconds for what happens at once on an idle machine."""


@dataclass
class Told:
    """One call as both ends saw it."""

    outcome: Outcome
    far_end: FarEnd
    events: list[Event] = field(default_factory=list)
    returned: Any = None
    raised: BaseException | None = None
    metrics: Metrics | None = None

    @property
    def seconds(self) -> float:
        """Of sound, by the phone's own clock, which a slow box does not stretch."""
        return len(self.far_end.said) / self.far_end.rate

    def executed(self) -> list[tuple[str, str]]:
        """Which applications the switch ran, with their data, in order."""
        return [
            (event.get("Application"), event.get("Application-Data") or "")
            for event in self.events
            if event.name == "CHANNEL_EXECUTE"
        ]

    def variable(self, name: str) -> str | None:
        """A channel variable as the switch had it at the end of the call."""
        values = [event.get(f"variable_{name}") for event in self.events]
        return next((value for value in reversed(values) if value is not None), None)


class Scripted(App):
    """An application of one function; keeps what it returned and raised, a call each."""

    def __init__(self, script: Callable[[Call], Awaitable[Any]]) -> None:
        super().__init__()
        self._script = script
        self.calls: list[Call] = []
        self.returned: list[Any] = []
        self.raised: list[BaseException] = []

    async def on_call(self, call: Call) -> None:
        self.calls.append(call)
        try:
            self.returned.append(await self._script(call))
        except BaseException as error:
            self.raised.append(error)
            raise


async def dial(server: Server, steps=(), *, far_end: FarEnd | None = None, **plan) -> Told:
    """Place one call into a server from the embedded switch.

    It is over when its application or its script ends it, not at some second of a busy box.
    """
    rate = 16000 if plan.get("codec") == "G722" else 8000
    far_end = far_end or FarEnd(steps, rate=rate)
    told = []
    plan.setdefault("seconds", DEADLINE)
    outcome = await place_call(
        CallPlan("127.0.0.1", server.port, far_end, **plan),
        switch=real_switch(),
        watch=told.append,
    )
    return Told(outcome, far_end, told)


def serving(apps: App | dict[str, App], **settings) -> Server:
    """A server on a free port."""
    settings = {"listen": "127.0.0.1:0", "grace": 2.0, **settings}
    return Server(apps if isinstance(apps, dict) else {"": apps}, Config(**settings))


def run(story: Awaitable[Any], seconds: float = 100.0) -> Any:
    """Run a story to its end, within a deadline that only a hang reaches."""

    async def within() -> Any:
        return await asyncio.wait_for(story, seconds)

    return asyncio.run(within())


async def until(condition: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Wait for what happens elsewhere."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def unbroken(samples: np.ndarray, frame: int = 160) -> np.ndarray:
    """Sound that a phone heard, without the frames of silence that a loaded box puts into it."""
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return frames[frames.any(axis=1)].reshape(-1)


def level(samples: np.ndarray) -> float:
    """Level of a stretch of sound in dBm0."""
    return float(dbm0(np.mean(samples.astype(float) ** 2)))


def loudness_at(samples: np.ndarray, hz: float, rate: int = 8000) -> float:
    """Highest level in dBm0 that one frequency has in any 40 ms of the sound.

    So short because a loaded box brings a call's sound with pauses in it.
    """
    n = rate // 25
    blocks = np.lib.stride_tricks.sliding_window_view(samples.astype(float), n)[:: n // 4]
    wave = np.exp(-2j * np.pi * hz * np.arange(n) / rate)
    power = np.abs(blocks @ wave * (2 / n)) ** 2 / 2
    return float(dbm0(power.max()))
