"""Pages made ready for the line: fitted to the far end, with their header, and coded.

That takes up to 40 ms of a page that must be made smaller. Who answers many calls in one thread
gives an executor: a page is made ready there while its training, or the page before it, is on the
line. What comes of it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from dsp.fax import pagecode
from dsp.fax.capabilities import Settings
from dsp.fax.config import Config
from dsp.fax.document import Page

__all__ = ["Coded", "Coder"]


@dataclass(frozen=True, slots=True)
class Coded:
    """A page as it goes.

    Parameters
    ----------
    page
        Fitted to the far end, with its header.
    octets
        Its coding.
    """

    page: Page
    octets: bytes


class Coder:
    """A call's pages, coded as they are wanted.

    Parameters
    ----------
    pages
        Of the call.
    config
        For the header.
    executor
        Where pages are made ready before they are wanted; ``None`` for nowhere.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from pathlib import Path
    >>> from dsp.fax.document import read
    >>> pages, settings = list(read(Path("fixtures/fax/two.tiff"))), Settings("V.29 9600")
    >>> with ThreadPoolExecutor() as threads:
    ...     coder = Coder(pages, Config(), threads)
    ...     coder.begin(1, settings)
    ...     len(coder.take(1, settings).octets)
    12109
    """

    def __init__(
        self, pages: Sequence[Page], config: Config, executor: Executor | None = None
    ) -> None:
        self._pages, self._config, self._executor = pages, config, executor
        self._wanted: tuple[int, Settings] | None = None
        self._making: Future[Coded] | None = None

    def begin(self, index: int, settings: Settings) -> None:
        """Make a page ready that will be wanted next."""
        if self._executor is None or self._wanted == (index, settings):
            return
        if self._making is not None:
            self._making.cancel()
        self._wanted = index, settings
        self._making = self._executor.submit(self._made, index, settings)

    def take(self, index: int, settings: Settings) -> Coded:
        """Give a page that is wanted now.

        Raises
        ------
        T4Error
            When the settings' coding is none of T.4's and T.6's.
        """
        making, wanted = self._making, self._wanted
        self._making = self._wanted = None
        # one that has not begun waits for threads that are busy with something else
        if making is None or wanted != (index, settings) or making.cancel():
            return self._made(index, settings)
        return making.result()

    def _made(self, index: int, settings: Settings) -> Coded:
        config, header = self._config, self._config.header
        above = header.lines(pagecode.resolution_of(settings)) if header else 0
        page = pagecode.fitting(self._pages[index], settings, above=above)
        if header is not None:
            page = header.on(page, config.first + index, config.total_of(len(self._pages)))
        return Coded(page, pagecode.encode(page, settings))
