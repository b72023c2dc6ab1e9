"""spandsp's fax engine by ctypes: a terminal of the same shape as ours, and a call of any two."""

import ctypes
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dsp.fax.frames import CodedData, CommandFrame, IdentFrame, ReturnToControl, parse
from dsp.fax.result import Outcome, PageRecord, Result, TraceLine, outcomes
from dsp.fax.trace import trace
from dsp.types import RATE, Samples
from tests.support.spandsp import library
from tests.support.spandsp_t30 import COMPRESSIONS, MODEMS, RESOLUTIONS, SIZES

CODINGS = ("MH", "MR", "MMR")

_PHASE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_END = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_OCTETS = ctypes.POINTER(ctypes.c_uint8)
_FRAME = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, _OCTETS, ctypes.c_int
)
_T6 = 3
_CODED = {1: "MH", 2: "MR", 3: "MMR", 4: "T.85", 5: "T.85 L0"}


class _Statistics(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_int)
        for name in (
            "bit_rate",
            "ecm",
            "sent",
            "received",
            "in_file",
            "x_resolution",
            "y_resolution",
            "width",
            "height",
            "octets",
            "coding",
            "bad_rows",
            "longest_bad_run",
            "again",
            "status",
        )
    )


@cache
def _engine() -> ctypes.CDLL:
    lib = library()
    for name in ("fax_init", "fax_get_t30_state"):
        getattr(lib, name).restype = ctypes.c_void_p
    lib.t30_completion_code_to_str.restype = ctypes.c_char_p
    for name in ("fax_rx", "fax_tx"):
        getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    return lib


class SpandspFax:
    """Its fax terminal.

    Parameters
    ----------
    calling
        Whether it calls, or answers.
    send
        A TIFF file whose pages are sent, or may be polled.
    receive
        The TIFF file that received pages are written to.
    ecm
        Whether it may use error correction.
    modems, codings
        Those that it may use.
    ident, header
        What CSI or TSI says, and what is put on top of the pages; empty is none.
    scan_time
        Milliseconds that a line takes at least when it receives.
    """

    def __init__(
        self,
        calling: bool,
        send: Path | None = None,
        receive: Path | None = None,
        *,
        ecm: bool = True,
        modems: Iterable[str] = MODEMS,
        codings: Iterable[str] = CODINGS,
        ident: str = "",
        header: str = "",
        scan_time: int = 0,
    ) -> None:
        self._lib = lib = _engine()
        self._calling, self._sending, self._receive = calling, send is not None, receive
        self._at = 0
        self._code: int | None = None
        self._trace: list[TraceLine] = []
        self._pages: list[PageRecord] = []
        self._settings: CommandFrame | None = None
        self._far_ident = ""
        self._handlers = (_PHASE(self._page), _END(self._ended), _FRAME(self._frame))
        self._state = ctypes.c_void_p(lib.fax_init(None, int(calling)))
        self._t30 = ctypes.c_void_p(lib.fax_get_t30_state(self._state))
        page, ended, frame = self._handlers
        lib.t30_set_phase_d_handler(self._t30, page, None)
        lib.t30_set_phase_e_handler(self._t30, ended, None)
        lib.t30_set_real_time_frame_handler(self._t30, frame, None)
        if send is not None:
            lib.t30_set_tx_file(self._t30, bytes(send), -1, -1)
        if receive is not None:
            lib.t30_set_rx_file(self._t30, bytes(receive), -1)
        if ident:
            lib.t30_set_tx_ident(self._t30, ident.encode())
        if header:
            lib.t30_set_tx_page_header_info(self._t30, header.encode())
        lib.t30_set_rx_encoding(self._t30, _T6)
        lib.t30_set_ecm_capability(self._t30, int(ecm))
        lib.t30_set_minimum_scan_line_time(self._t30, scan_time)
        lib.t30_set_supported_modems(self._t30, sum(MODEMS[one] for one in modems))
        coded = sum(COMPRESSIONS[one] for one in codings)
        lib.t30_set_supported_compressions(self._t30, coded)
        lib.t30_set_supported_resolutions(self._t30, RESOLUTIONS)
        lib.t30_set_supported_image_sizes(self._t30, SIZES)

    def process(self, block: Samples) -> Samples:
        """Hear a block, and say as much; silence, where it says nothing."""
        # it takes the direct current out of what it is given, in place
        heard, said = block.copy(), np.zeros(len(block), dtype=np.int16)
        self._lib.fax_rx(self._state, heard.ctypes.data, len(block))
        self._lib.fax_tx(self._state, said.ctypes.data, len(block))
        self._at += len(block)
        return said

    @property
    def engine(self) -> tuple[ctypes.CDLL, ctypes.c_void_p]:
        """The library and the terminal in it, to feed it without this."""
        return self._lib, self._state

    @property
    def done(self) -> bool:
        """Whether it has come to an end."""
        return self._code is not None

    def hang_up(self) -> None:
        """The call is gone."""
        if not self.done:
            self._lib.t30_terminate(self._t30)

    @property
    def result(self) -> Result:
        """As ours tells it, as far as spandsp knows it."""
        now = self._statistics()
        said = self._settings.settings if self._settings else None
        count = now.sent if self._sending else now.received
        return Result(
            outcome=None if self._code is None else self._outcome(self._code),
            calling=self._calling,
            sending=self._sending,
            pages=tuple(replace(one, confirmed=one.number <= count) for one in self._pages),
            total=now.in_file if self._sending else None,
            rate=said.rate if said else "",
            ecm=bool(said and said.ecm),
            coding=said.coding if said else "",
            resolution=said.resolution if said else "",
            far_ident=self._far_ident,
            seconds=self._at / RATE,
            phases={},
            trace=tuple(self._trace),
        )

    def _outcome(self, code: int) -> Outcome:
        known = {one.number: one for one in outcomes().values()}
        text = self._lib.t30_completion_code_to_str(code).decode()
        return replace(known[code], text=text) if code in known else Outcome("", code, text)

    def _statistics(self) -> _Statistics:
        now = _Statistics()
        self._lib.t30_get_transfer_statistics(self._t30, ctypes.byref(now))
        return now

    def _page(self, *_: object) -> int:
        now, said = self._statistics(), self._settings
        assert said is not None
        self._pages.append(
            PageRecord(
                number=len(self._pages) + 1,
                width=now.width,
                height=now.height,
                resolution=said.settings.resolution,
                coding=_CODED[now.coding],
                rate=said.settings.rate,
                ecm=bool(now.ecm),
                octets=now.octets,
                bad_rows=now.bad_rows,
                longest_bad_run=now.longest_bad_run,
                again=now.again,
            )
        )
        return 0

    def _ended(self, _t30: object, _user: object, code: int) -> None:
        self._code = code

    def _frame(self, _t30: object, _user: object, heard: int, octets: Any, length: int) -> None:
        frame = parse(bytes(octets[:length]))
        if isinstance(frame, CodedData | ReturnToControl):
            return
        if isinstance(frame, CommandFrame):
            self._settings = frame
        if isinstance(frame, IdentFrame) and heard:
            self._far_ident = frame.text
        side = "heard" if heard else "sent"
        self._trace.append(TraceLine(self._at / RATE, side, trace(frame), frame))

    def __del__(self) -> None:
        if hasattr(self, "_t30"):
            self._lib.fax_free(self._state)
