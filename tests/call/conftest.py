import pytest

from mediasock.app import App
from mediasock.esl.errors import Disconnected, HungUp
from mediasock.media import timeline
from tests.support.calls import Scripted, Told, dial, run, serving, until
from tests.support.pace import unhurried  # noqa: F401 - of every test here


@pytest.fixture
def losing(monkeypatch):
    """Streams are lost all the same when no frame has come for as long as that takes."""
    monkeypatch.setattr(timeline, "GAP_AFTER", timeline.LOST_AFTER)


@pytest.fixture
def call():
    """Serve one application and place one call into it."""

    def serve_and_call(app: type[App], steps=(), *, options=None, **plan) -> Told:
        async def story():
            async with serving(app(options)) as server:
                return await dial(server, steps, **plan)

        return run(story())

    return serve_and_call


@pytest.fixture
def talk():
    """Serve one function and place one call into it; what it raised is raised again here.

    News of the call's end is not raised but kept in ``Told.raised``.
    """

    def serve_and_call(script, steps=(), *, keep=(), **plan) -> Told:
        async def story():
            app = Scripted(script)
            async with serving(app) as server:
                told = await dial(server, steps, **plan)
                await until(lambda: app.returned or app.raised)
                told.metrics = server.hub.metrics()
            told.returned = app.returned[0] if app.returned else None
            told.raised = app.raised[0] if app.raised else None
            return told

        told = run(story())
        if told.raised is not None and not isinstance(told.raised, (HungUp, Disconnected, *keep)):
            raise told.raised
        return told

    return serve_and_call
