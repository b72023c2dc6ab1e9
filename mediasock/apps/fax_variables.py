"""The channel variables of a fax: what mod_spandsp and socket2me read, and what mod_spandsp sets.

=================== ============================================================================
read                fax_mode and fax_file_name as socket2me has them; fax_ident, fax_header,
                    fax_timezone (all three %-decoded), fax_use_ecm, fax_disable_v17,
                    fax_force_caller, fax_verbose, fax_trace_dir, fax_spool, fax_prefix,
                    fax_start_page and fax_end_page (the first page is 0), execute_on_fax_result,
                    …_success, …_failure and api_on_ of the same; fax_job is the outgoing spool's
set                 what :func:`before` and :func:`after` give
never run           fax_preexec, fax_postexec, system_on_fax_…: they were shell commands
=================== ============================================================================
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import TypeAlias
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from dsp.fax.capabilities import Capabilities
from dsp.fax.config import EVERYTHING
from dsp.fax.document import Page
from dsp.fax.fields import resolutions
from dsp.fax.result import PageRecord, Result, outcomes
from mediasock.esl.events import Value

__all__ = ["SHELL", "Defaults", "Order", "Wishes", "after", "before", "orders", "read", "shell"]

Variables: TypeAlias = Mapping[str, Value]

SHELL = ("fax_preexec", "fax_postexec", "system_on_fax_")
"""Variables, or how they begin, that ran a shell command in socket2me or mod_spandsp."""

MODES = ("", "send", "receive")
"""Of ``fax_mode``; what is not said is to receive."""

_IDENT = 20
_ENCODINGS = {"MH": (2, "T.4 1-D"), "MR": (4, "T.4 2-D"), "MMR": (8, "T.6")}
_R1 = 1005
_NO_V17 = "V.27ter, V.29"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds where a variable says nothing."""

    ident: str = ""
    header: str = ""
    timezone: str = ""
    ecm: bool = True
    v17: bool = True
    verbose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a call's variables ask for.

    Parameters
    ----------
    sending, calling
        Whether the document goes from here, and whether this end behaves as the one that called.
    file, spool, prefix, trace_dir
        As they are said; empty where they are not.
    ident, header
        Up to 20 characters of ASCII; words for the top of each page.
    zone
        Of the date in the header; ``None`` is this machine's.
    ecm, v17
        Whether they may be used.
    verbose
        Whether the trace goes into the log.
    first, last
        Pages of the document that are sent, the first is 1; ``None`` is the last there is.
    job
        The outgoing spool's; empty for none.
    unknown
        What ``fax_mode`` is, where that is neither to send nor to receive; empty where it is.
    """

    sending: bool = False
    calling: bool = False
    file: str = ""
    spool: str = ""
    prefix: str = ""
    trace_dir: str = ""
    ident: str = ""
    header: str = ""
    zone: tzinfo | None = None
    ecm: bool = True
    v17: bool = True
    verbose: bool = False
    first: int = 1
    last: int | None = None
    job: str = ""
    unknown: str = ""

    @property
    def able(self) -> Capabilities:
        """What the terminal may tell that it can."""
        modems = EVERYTHING.modems if self.v17 else _NO_V17
        return replace(EVERYTHING, ecm=self.ecm, mmr=self.ecm, modems=modems)


def read(variables: Variables, defaults: Defaults) -> Wishes:
    """Take the wishes out of a call's variables; what makes no sense is as if it were not there.

    Examples
    --------
    >>> wishes = read({"fax_mode": "SEND", "fax_start_page": "1"}, Defaults())
    >>> wishes.sending, wishes.calling, wishes.first, wishes.last
    (True, True, 2, None)
    """

    def text(name: str) -> str:
        value = variables.get(name)
        return value if isinstance(value, str) else ""

    def flag(name: str, default: bool) -> bool:
        return is_true(text(name)) if text(name) else default

    mode = str(variables.get("fax_mode") or "")
    sending = mode.lower() == "send"
    first, last = _span(text("fax_start_page"), text("fax_end_page"))
    return Wishes(
        sending=sending,
        calling=flag("fax_force_caller", sending),
        file=text("fax_file_name"),
        spool=text("fax_spool"),
        prefix=text("fax_prefix"),
        trace_dir=text("fax_trace_dir"),
        ident=ident(unquote(text("fax_ident")) or defaults.ident),
        header=unquote(text("fax_header")) or defaults.header,
        zone=zone(unquote(text("fax_timezone")) or defaults.timezone),
        ecm=flag("fax_use_ecm", defaults.ecm),
        v17=not flag("fax_disable_v17", not defaults.v17),
        verbose=flag("fax_verbose", defaults.verbose),
        first=first,
        last=last,
        job=text("fax_job") if sending else "",
        unknown="" if mode.lower() in MODES else mode,
    )


def is_true(text: str) -> bool:
    """Whether FreeSWITCH takes a word for yes.

    Examples
    --------
    >>> [is_true(one) for one in ("Yes", "true", "10", "-0", "no", "")]
    [True, True, True, False, False, False]
    """
    word = text.strip().lower()
    if re.fullmatch("-?[0-9]+", word):
        return bool(word.strip("-0"))
    return word in {"yes", "on", "true", "t", "enabled", "active", "allow"}


def zone(name: str) -> tzinfo | None:
    """A time zone by its name (``Europe/Paris``) or by POSIX's rule (``EST5EDT,M3.2.0,M11.1.0``).

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    >>> [str(noon.astimezone(zone(one)).time()) for one in ("UTC", "EST5EDT,M3.2.0,M11.1.0")]
    ['12:00:00', '08:00:00']
    >>> zone("nowhere") is zone("") is None
    True
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        pass
    # RFC 8536: a file without a transition, whose footer is the rule
    header = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 1)
    block = header + struct.pack(">lbB", 0, 0, 0) + b"\0"
    try:
        return ZoneInfo.from_file(io.BytesIO(block + block + f"\n{name}\n".encode()), key=name)
    except ValueError:
        return None


def _span(first: str, last: str) -> tuple[int, int | None]:
    """Pages from 1, out of spandsp's from 0, in which a negative number is none."""
    begin = int(first) if re.fullmatch("[0-9]{1,6}", first) else 0
    end = int(last) if re.fullmatch("[0-9]{1,6}", last) else None
    return begin + 1, None if end is None else max(begin, end) + 1


def ident(text: str) -> str:
    """What T.30 can tell of an ident: its first 20 characters that are ASCII."""
    kept = "".join(one for one in text if one.isascii() and one.isprintable())
    return kept[:_IDENT]


def shell(variables: Variables) -> list[str]:
    """Names of those variables that were shell commands elsewhere and are not run here."""
    return sorted(name for name in variables if name.lower().startswith(SHELL))


# -- what is set --------------------------------------------------------------------------------


def before(wishes: Wishes, file: str) -> dict[str, str]:
    """What is known when the fax begins; the result is that of a call that breaks off."""
    dropped = outcomes()["call_dropped"]
    return {
        "fax_success": "0",
        "fax_result_code": str(dropped.number),
        "fax_result_text": dropped.text,
        "fax_ecm_requested": "1" if wishes.ecm else "0",
        "fax_v17_disabled": "0" if wishes.v17 else "1",
        "fax_local_station_id": wishes.ident,
        "fax_document_transferred_pages": "0",
        "fax_filename": file,
    }


def after(result: Result, document: Sequence[Page] = (), first: int = 1) -> dict[str, str]:
    """What is known of a fax that is over.

    Parameters
    ----------
    result
        How it went.
    document
        The pages that were to be sent, as they are in the file; empty for what was received.
    first
        The number of the first of them in the result's records.
    """
    outcome = result.outcome or outcomes()["call_dropped"]
    done = len(result.confirmed)
    told = {
        "fax_success": "1" if result.ok else "0",
        "fax_result_code": str(outcome.number),
        "fax_result_text": outcome.text,
        "fax_ecm_used": "on" if result.ecm else "off",
        "fax_remote_station_id": result.far_ident,
        "fax_remote_country": result.far_country,
        "fax_remote_vendor": result.far_vendor,
        "fax_remote_model": result.far_model,
        "fax_transfer_rate": (result.rate.split() or ["0"])[-1],
        "fax_document_transferred_pages": str(done),
        "fax_document_total_pages": str(done if result.total is None else result.total),
    }
    last = next(iter(result.confirmed[-1:] or result.pages[-1:]), None)
    if last is not None:
        told |= _of_page(last)
        source = document[last.number - first : last.number - first + 1]
        if source:
            told["fax_file_image_resolution"] = _per_metre(source[0].resolution.label)
            told["fax_file_image_pixel_size"] = f"{source[0].width}x{source[0].height}"
    return told


def _of_page(page: PageRecord) -> dict[str, str]:
    number, name = _ENCODINGS.get(page.coding, (0, page.coding))
    density, size = _per_metre(page.resolution), f"{page.width}x{page.height}"
    return {
        "fax_image_resolution": density,
        "fax_file_image_resolution": density,
        "fax_image_pixel_size": size,
        "fax_file_image_pixel_size": size,
        "fax_image_size": str(page.octets),
        "fax_bad_rows": str(page.bad_rows),
        "fax_longest_bad_row_run": str(page.longest_bad_run),
        "fax_encoding": str(number),
        "fax_encoding_name": name,
    }


def _per_metre(resolution: str) -> str:
    """Pixels a metre, as spandsp rounds them.

    Examples
    --------
    >>> [_per_metre(one) for one in ("R8 × 7.7", "R16 × 15.4", "200 × 200", "300 × 300")]
    ['8040x7700', '16080x15400', '7874x7874', '11811x11811']
    """
    if resolution not in resolutions():
        return "0x0"
    across, _, down = resolution.partition(" × ")
    if resolutions()[resolution].metric:
        return f"{int(across[1:]) * _R1}x{round(float(down) * 1000)}"
    return "x".join(str(round(int(one) / 0.0254)) for one in (across, down))


# -- what is executed ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """Something that the dialplan wants done when the fax is over.

    Parameters
    ----------
    name, argument
        An application of the dialplan, or an api command.
    """

    name: str
    argument: str


def orders(variables: Variables, kind: str, success: bool) -> list[Order]:
    """What is to be executed, in order: on any result first, then on this one.

    Parameters
    ----------
    variables
        The call's. All whose names begin as wanted count, as ``execute_on_fax_result_2`` does;
        an array is one order each.
    kind
        ``"execute"``: ``app argument``, ``app:argument`` or ``app::argument``; ``"api"``.
    success
        How the fax went.

    Examples
    --------
    >>> orders({"execute_on_fax_success": "log INFO done"}, "execute", True)
    [Order(name='log', argument='INFO done')]
    """
    found = []
    for case in ("result", "success" if success else "failure"):
        begin = f"{kind}_on_fax_{case}"
        for name, value in variables.items():
            if name.lower().startswith(begin) and value:
                values = [value] if isinstance(value, str) else value
                found += [_order(one, kind) for one in values if one.strip()]
    return found


def _order(text: str, kind: str) -> Order:
    pattern = r"([^ :]+)(?: |::?)?(.*)" if kind == "execute" else r"([^ ]+) ?(.*)"
    parts = re.fullmatch(pattern, text.strip(), re.DOTALL)
    return Order(*parts.groups()) if parts else Order(text, "")
