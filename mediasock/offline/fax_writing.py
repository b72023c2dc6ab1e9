"""Fax calls as text, a line for each thing that was said, and as JSON."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dsp.fax.listener_events import Burst, FramesHeard, PageHeard, Role, Spoken, record
from dsp.fax.trace import describe, runs, trace
from dsp.types import RATE

from .fax import FaxCall, Tone

__all__ = ["Written", "as_json", "as_text"]

Written = Mapping[int, list[Path]]
"""Files by the page that is in them, the first that was heard is 0."""

_ARROWS: Mapping[Role | None, str] = {"sender": "→", "receiver": "←", None: "·"}
_TONES = {
    "cng": "CNG",
    "ced": "CED",
    "ced/": "CED with phase reversals",
    "ansam": "ANSam",
    "ansam/": "ANSam with phase reversals",
    "calling-tone": "V.25 calling tone",
    "bell-answer": "Bell answer tone",
}


class _Line(NamedTuple):
    """A line of the trace: begin in seconds, channel from 0."""

    at: float
    channel: int
    role: Role | None
    text: str
    more: tuple[str, ...] = ()


def as_text(call: FaxCall, written: Written, *, verbose: bool = False) -> Iterator[str]:
    """Tell a call as a fax engineer's trace, then its pages.

    The columns are the phase of T.30, the second at which it began, the channel where there are
    two, who spoke, ``→`` the sender of the document and ``←`` its receiver, and what.

    Parameters
    ----------
    call
        What was heard.
    written
        Where its pages are.
    verbose
        Frames bit by bit, the carriers of V.21, and which frames of error correction came.

    Examples
    --------
    >>> from mediasock.offline.fax import listen
    >>> for line in as_text(listen("fixtures/fax/v29_nonecm_begin.flac"), {}):
    ...     print(line[:60])
    fixtures/fax/v29_nonecm_begin.flac: 5.00 s, channels 1 and 2
    A    0.02 2 →  CNG 0.50 s, −11.0 dBm0
    A    0.46 1 ←  CED 2.60 s, −11.0 dBm0
    B    4.01 1 ←  CSI "RIG-FS"
    B    4.69 1 ←  DIS V.17 V.29 V.27ter, ECM, MMR MR MH, R8 × 7
    no page
    """
    numbers = [str(one) for one in call.channels]
    which = f"channel{'s' * (len(numbers) > 1)} {' and '.join(numbers)}"
    yield f"{call.file}: {call.seconds:.2f} s, {which}"
    phases = call.phases
    begins = [one.begin for one in phases]
    for line in sorted(_lines(call, verbose=verbose), key=lambda one: one.at):
        channel = f" {call.channels[line.channel]}" if len(call.channels) > 1 else ""
        begun = bisect_right(begins, line.at)
        phase = phases[begun - 1].phase if begun else " "
        head = f"{phase} {line.at:7.2f}{channel} {_ARROWS[line.role]}  "
        yield head + line.text
        for text in line.more:
            yield " " * len(head) + text
    for index, page in enumerate(call.pages):
        yield _page(page, written.get(index, []))
    if not call.pages:
        yield "no page"


def _page(page: PageHeard, files: list[Path]) -> str:
    """Tell of a page and of the files that it is in."""
    one = page.record
    parts = [
        f"{one.width} × {one.height}" if one.width else "",
        one.resolution,
        one.coding,
        one.rate,
        f"ECM, {one.again} frames again" if one.ecm else "no ECM",
        f"{one.octets:,} octets",
        page.why,
    ]
    if page.quality is not None:
        runs = f", {one.longest_bad_run} in a row" if one.longest_bad_run > 1 else ""
        parts.append(f"{one.bad_rows} bad rows{runs}")
        if not page.quality.ended:
            parts.append("its end was not heard")
    parts.append(one.answer or "no answer heard")
    parts.append("" if one.confirmed else "not confirmed")
    told = ", ".join(filter(None, parts))
    where = f": {', '.join(map(str, files))}" if files else ""
    return f"page {one.number}: {told}{where}"


def as_json(call: FaxCall, written: Written) -> str:
    """Tell a call as an object in a line.

    It has ``file``, its ``rate``, and of what was heard the ``channels``, from 1, the ``seconds``,
    and why it was not heard to its end, ``damage``; ``phases``, each a ``phase`` from ``begin`` to
    ``end``; and ``events`` by when they began, seconds of the recording:

    ========= =================================================================================
    ``event`` has, besides ``begin``
    ========= =================================================================================
    phase     ``phase``
    tone      ``end channel role``, ``tone level``: those of :class:`~.fax.Tone`
    frame     ``end channel role``, ``good echo``, and what :func:`dsp.fax.trace.record` gives
    burst     ``end channel role``, ``modem what training trained``, ``level snr
              frequency_offset clock_offset``: :class:`~dsp.fax.listener_events.Burst`; of a
              training check ``check``, of frames of error correction ``frames``
    page      ``end channel``, those of :class:`~dsp.fax.result.PageRecord`, ``why files``;
              where it was decoded ``quality``: :class:`~dsp.fax.t4.Quality`
    ========= =================================================================================

    Examples
    --------
    >>> from mediasock.offline.fax import listen
    >>> told = json.loads(as_json(listen("fixtures/fax/v29_nonecm_begin.flac"), {}))
    >>> told["phases"][0], [one["event"] for one in told["events"]][:3]
    ({'phase': 'A', 'begin': 0.0, 'end': 3.13}, ['phase', 'tone', 'tone'])
    """
    pages = iter(range(len(call.pages)))
    events: list[dict[str, Any]] = []
    for event in call.events:
        told = record(event)
        for name in ("begin", "end", "trained"):
            if told.get(name) is not None:
                told[name] = round(told[name] + call.begin, 4)
        if "channel" in told:
            told["channel"] = call.channels[told["channel"] - 1]
        if isinstance(event, PageHeard):
            told["files"] = [str(path) for path in written.get(next(pages), [])]
        events.append(told)
    events += [_tone(call, one) for one in call.tones]
    whole = {
        "file": call.file,
        "seconds": round(call.seconds, 4),
        "rate": call.rate,
        "channels": call.channels,
        "damage": call.damage,
        "phases": [
            {"phase": one.phase, "begin": round(one.begin, 2), "end": round(one.end, 2)}
            for one in call.phases
        ],
        "events": sorted(events, key=lambda one: float(one["begin"])),
    }
    # ASCII: standard output may have no more, and what it escapes is not what JSON has
    return json.dumps(whole)


def _tone(call: FaxCall, tone: Tone) -> dict[str, Any]:
    times = {"begin": round(tone.begin, 4), "end": round(tone.end, 4)}
    whose = {"channel": call.channels[tone.channel], "role": tone.role}
    return {"event": "tone", **times, **whose, "tone": tone.name, "level": round(tone.level, 1)}


def _lines(call: FaxCall, *, verbose: bool) -> Iterator[_Line]:
    for tone in call.tones:
        level = f"{tone.level:.1f}".replace("-", "−")
        text = f"{_TONES.get(tone.name, tone.name)} {tone.end - tone.begin:.2f} s, {level} dBm0"
        yield _Line(tone.begin, tone.channel, tone.role, text)
    for event in call.events:
        if isinstance(event, Spoken):
            yield _spoken(call, event, verbose=verbose)
        elif isinstance(event, Burst) and (verbose or event.modem != "V.21"):
            yield _burst(call, event, verbose=verbose)


def _spoken(call: FaxCall, said: Spoken, *, verbose: bool) -> _Line:
    first, *more = describe(said.frame) if verbose else [trace(said.frame)]
    notes = [text for text, is_so in (("echo", said.echo), ("bad FCS", not said.good)) if is_so]
    told = f"{first} [{', '.join(notes)}]" if notes else first
    return _Line(call.at(said.begin), said.channel, said.role, told, tuple(more))


def _burst(call: FaxCall, burst: Burst, *, verbose: bool) -> _Line:
    what = {"control": "carrier", "check": "TCF", "picture": "picture"}[burst.what]
    training = f"{burst.training} training, " if burst.training else ""
    told = f"{burst.modem}, {training}{what}, {(burst.end - burst.begin) / RATE:.2f} s"
    if burst.training and burst.trained is None:
        told += ": the training failed"
    elif burst.content is not None:
        told += f": {burst.content}"
    more = []
    if verbose and isinstance(burst.content, FramesHeard) and burst.content.numbers:
        more.append(f"  frames {runs(burst.content.numbers)}")
    role = burst.role
    return _Line(
        call.at(burst.begin), burst.channel, role, f"{told} ({burst.measures})", tuple(more)
    )
