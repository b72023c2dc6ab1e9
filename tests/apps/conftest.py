import asyncio
import json

import pytest

from dsp.fax.ready import warm
from mediasock.apps import fax_report
from mediasock.apps.fax import Fax
from mediasock.switch.far_end import Wait
from tests.support.calls import dial, run, serving
from tests.support.fax_terminals import DOCUMENTS, page, quick
from tests.support.pace import unhurried  # noqa: F401 - of every test here

WAIT = (Wait(20.0),)


@pytest.fixture
def faxed(tmp_path):
    """Serve the fax endpoint with quick terminals, and call it once."""
    warm()  # what the server would compile is no part of a story's time

    def serve_and_call(steps=WAIT, *, kind=None, options=None, meanwhile=None, **plan):
        kind = kind or quick(pages=(page(1), page(2)))

        class Quick(Fax):
            terminal = kind

        settings = {"spool": str(tmp_path), "documents": [str(DOCUMENTS)], "voice": False}
        app = Quick(settings | (options or {}))

        async def story():
            # limits that only a hang reaches
            async with serving(app, grace=60.0) as server:
                calling = asyncio.ensure_future(dial(server, steps, **plan))
                if meanwhile is not None:
                    await meanwhile(app, kind, server)
                return await calling

        plan = {"full": False, "seconds": 60.0} | plan
        told = run(story())
        told.app, told.kind = app, kind
        told.record = json.loads((tmp_path / f"{told.outcome.uuid}.json").read_text("utf-8"))
        return told

    return serve_and_call


@pytest.fixture
def dialplan(monkeypatch):
    """What the dialplan has been told, as soon as it has."""
    known, told = fax_report.set_variables, {}

    async def set_variables(call, values):
        taken = await known(call, values)
        told.update(values)
        return taken

    monkeypatch.setattr(fax_report, "set_variables", set_variables)
    return told
