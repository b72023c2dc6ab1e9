import asyncio
from dataclasses import dataclass, field

import pytest

from mediasock.app import App
from mediasock.config import Config
from mediasock.esl.events import Event
from mediasock.serve import Server
from mediasock.switch.dialer import CallPlan, Outcome, place_call, real_switch
from mediasock.switch.far_end import FarEnd


@dataclass
class Told:
    """One call as both ends saw it."""

    outcome: Outcome
    far_end: FarEnd
    events: list[Event] = field(default_factory=list)

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


async def dial(server: Server, steps=(), **plan) -> Told:
    """Place one call into a server from the embedded switch."""
    codec_rate = 16000 if plan.get("codec") == "G722" else 8000
    far_end = FarEnd(steps, rate=codec_rate)
    told = []
    plan.setdefault("seconds", 15.0)
    outcome = await place_call(
        CallPlan("127.0.0.1", server.port, far_end, **plan),
        switch=real_switch(),
        watch=told.append,
    )
    return Told(outcome, far_end, told)


@pytest.fixture
def call():
    """Serve one application and place one call into it."""

    def serve_and_call(app: type[App], steps=(), *, options=None, **plan) -> Told:
        async def story():
            config = Config(listen="127.0.0.1:0", grace=2.0)
            async with Server({"": app(options)}, config) as server:
                return await dial(server, steps, **plan)

        return asyncio.run(story())

    return serve_and_call
