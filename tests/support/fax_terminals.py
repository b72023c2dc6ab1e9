"""Terminals that are quick: a result after some blocks, instead of a fax."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from dsp.fax.document import Page, Resolution
from dsp.fax.result import PageRecord, Result, TraceLine, outcomes
from mediasock.switch.far_end import FarEnd

DOCUMENTS = Path("fixtures/fax").resolve()


def page(seed=0, height=40):
    """A page for them to receive."""
    black = np.random.default_rng(seed).random((height, 1728)) < 0.02
    return Page.from_black(black, Resolution.FINE)


class QuickTerminal:
    """Hears some blocks and is done; stores the pages that it is given, if it receives.

    Its result is as a terminal's is: good when it was not hung up and all pages are stored.
    """

    blocks = 5
    fails = None
    far_ident = "+49 711 0815"
    pages = ()

    def __init__(self, calling, *, send=(), receive=None, config=None, executor=None):
        self.calling, self.send, self.receive, self.config = calling, send, receive, config
        self.executor = executor
        self.heard = 0
        self.hung_up = False
        self._given = 0

    def process(self, block):
        if self.fails is not None and self.heard >= self.blocks:
            raise self.fails
        self.heard += 1
        if self.receive is not None and self.heard >= self.blocks and self._given < len(self.pages):
            self.receive.put(self.pages[self._given], None)
            self._given += 1
        return np.full(len(block), 500, np.int16)

    @property
    def _stored(self):
        return self.receive.stored if self.receive is not None else len(self.send)

    @property
    def confirmed(self):
        return self._stored if self.heard >= self.blocks else 0

    @property
    def _trouble(self):
        return self.receive is not None and self.receive.trouble is not None

    @property
    def done(self):
        if self.hung_up or self.fails is not None:
            return self.hung_up
        wanted = len(self.pages) if self.receive is not None else len(self.send)
        return self.heard >= self.blocks and (self._stored == wanted or self._trouble)

    def hang_up(self):
        self.hung_up = True

    @property
    def result(self):
        name = "call_dropped" if self.hung_up else "file_error" if self._trouble else "ok"
        record = PageRecord(
            1, 1728, 40, "R8 × 7.7", "MMR", "V.17 14400", True, 99, answer="MCF", confirmed=True
        )
        first, total = self.config.first, self.config.total or len(self.send)
        return Result(
            outcome=outcomes()[name],
            calling=self.calling,
            sending=self.receive is None,
            pages=tuple(replace(record, number=first + n) for n in range(self.confirmed)),
            total=total if self.receive is None else None,
            rate="V.17 14400",
            ecm=True,
            far_ident=self.far_ident,
            seconds=self.heard / 50,
            phases={"A": 0.1},
            trace=(TraceLine(0.5, "heard", "DIS"),),
        )


def quick(**attributes):
    """Make a kind of quick terminal; every one of them is kept in ``made``."""

    class Kind(QuickTerminal):
        made: ClassVar = []

        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            type(self).made.append(self)

    for name, value in attributes.items():
        setattr(Kind, name, value)
    return Kind


class Leaving(FarEnd):
    """A far end that hangs up when it has said its script and something has come about."""

    def __init__(self, script, when):
        super().__init__(script, rate=8000)
        self._when = when

    @property
    def hangup_due(self):
        return self._at >= len(self._script) and bool(self._when())
