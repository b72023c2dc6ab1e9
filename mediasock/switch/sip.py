"""The words in which a SIP channel's events are written, kept as data beside this file.

``data/channel.json`` holds the variables that mod_sofia sets at each stage of a call, in their
order, with ``$`` places for what is the call's own, and where in FreeSWITCH each event is fired.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Mapping
from importlib import resources
from string import Template
from typing import Any

from .causes import CAUSES
from .events import Value
from .plan import CODECS, CallSetup
from .profile import Profile, Times

WRITE_CODEC = ("switch_core_codec.c", "switch_core_session_set_write_codec", 471)

_UNKNOWN = ("switch_core.c", "switch_core_session_run", 1)


@functools.cache
def _data() -> dict[str, Any]:
    path = resources.files(__package__).joinpath("data/channel.json")
    return dict(json.loads(path.read_text("utf-8")))


def origin(name: str) -> tuple[str, str, int]:
    """Return the file, function and line of FreeSWITCH that fire an event."""
    file, function, line = _data()["origins"].get(name, _UNKNOWN)
    return file, function, line


@functools.cache
def _templates(stage: str) -> tuple[tuple[str, Template], ...]:
    return tuple((name, Template(text)) for name, text in _data()[stage])


def variables(stage: str, facts: Mapping[str, str]) -> list[tuple[str, Value]]:
    """Return the variables that a stage sets: ``invite``, ``media``, ``acknowledged``, ``bye``."""
    return [(name, text.substitute(facts)) for name, text in _templates(stage)]


def facts(
    setup: CallSetup, user_agent: str, session: int, now: int, uuids: Callable[[], str]
) -> dict[str, str]:
    """Make up what SIP and SDP would have said of a call."""
    module, payload, rate, clock, bits = CODECS[setup.codec]
    ports = 16384 + 4 * session % 16000
    bit_rate = "" if setup.codec == "L16" else f"@{bits}b"
    facts = {
        "uuid": uuids(),
        "number": setup.number,
        "caller": setup.caller,
        "ip": setup.ip,
        "profile": setup.profile,
        "user_agent": user_agent,
        "session_id": str(session),
        "created": str(now),
        "cseq": str(123151000 + session),
        "ssrc": str(1661661000 + session),
        "codec": setup.codec,
        "payload_type": str(payload),
        "rate": str(rate),
        "clock_rate": str(clock),
        "ptime": str(setup.ptime_ms),
        "codec_string": f"{module}.{setup.codec}@{clock}h@{setup.ptime_ms}i{bit_rate}",
        "local_port": str(ports),
        "remote_port": str(ports + 2),
    }
    for name in ("sip_call_id", "from_tag", "to_tag", "branch", "ack_branch"):
        facts[name] = uuids()
    facts["remote_sdp"] = _sdp(facts, facts["remote_port"], "")
    facts["local_sdp"] = _sdp(facts, facts["local_port"], "a=sendrecv\r\n")
    return facts


def _sdp(facts: Mapping[str, str], port: str, last: str) -> str:
    begun = int(facts["created"]) // 1_000_000
    payload = facts["payload_type"]
    return (
        f"v=0\r\no=FreeSWITCH {begun} {begun + 1} IN IP4 {facts['ip']}\r\ns=FreeSWITCH\r\n"
        f"c=IN IP4 {facts['ip']}\r\nt=0 0\r\nm=audio {port} RTP/AVP {payload} 101 13\r\n"
        f"a=rtpmap:{payload} {facts['codec']}/{facts['clock_rate']}\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtpmap:13 CN/8000\r\n"
        f"a=ptime:{facts['ptime']}\r\n{last}"
    )


def stamp(moment: int) -> str:
    """Write a moment, in microseconds since 1970, as FreeSWITCH writes local time (UTC here)."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment // 1_000_000))


def gmt(moment: int) -> str:
    """Write a moment, in microseconds since 1970, as HTTP does."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(moment // 1_000_000))


def report(
    profile: Profile, cause: str, digits: str, last: tuple[str, str]
) -> list[tuple[str, Value]]:
    """Return the variables of the call's record, which CHANNEL_HANGUP_COMPLETE brings.

    Parameters
    ----------
    profile
        Who called, and when what happened.
    cause, digits
        Why it ended, which digits were dialled.
    last
        Name and data of the last application that was run.
    """
    times = profile.times
    moments = {
        "start": times.created,
        "profile_start": profile.since,
        "answer": times.answered,
        "bridge": times.bridged,
        "progress_media": times.media,
        "end": times.hangup,
    }
    number = CAUSES.get(cause, 0)
    caller_id = f'"{profile.caller}" <{profile.caller}>'
    pairs: list[tuple[str, Value]] = [
        ("hangup_cause", cause),
        ("hangup_cause_q850", str(number if number < 128 else 16)),
        ("digits_dialed", digits or "none"),
    ]
    pairs += [(f"{name}_stamp", stamp(at)) for name, at in moments.items() if at]
    pairs += _epochs(moments)
    pairs += [("last_app", last[0]), ("last_arg", last[1]), ("caller_id", caller_id)]
    return [(name, value) for name, value in pairs + _durations(times) if value]


def _epochs(moments: Mapping[str, int]) -> list[tuple[str, Value]]:
    order = ["start", "profile_start", "answer", "bridge", "last_hold", "", "resurrect"]
    order += ["progress", "progress_media", "end"]
    pairs: list[tuple[str, Value]] = []
    for name in order:
        if not name:
            pairs += [(f"hold_accum_{unit}", "0") for unit in ("seconds", "usec", "ms")]
            continue
        at = moments.get(name, 0)
        pairs += [(f"{name}_epoch", str(at // 1_000_000)), (f"{name}_uepoch", str(at))]
    return pairs


def _durations(times: Times) -> list[tuple[str, Value]]:
    def span(start: int, end: int) -> tuple[int, int]:
        return (start, end) if start and end else (0, 0)

    spans = {
        "duration": span(times.created, times.hangup),
        "bill": span(times.answered, times.hangup),
        "progress": (0, 0),
        "answer": span(times.created, times.answered),
        "wait": span(times.created, times.bridged),
        "progress_media": span(times.created, times.media),
        "flow_bill": span(times.created, times.hangup),
    }
    pairs: list[tuple[str, Value]] = []
    for unit, divisor in (("sec", 1_000_000), ("msec", 1000), ("usec", 1)):
        for name, (start, end) in spans.items():
            length = str(end // divisor - start // divisor)
            if name == "duration":
                pairs.append(({"sec": "", "msec": "m", "usec": "u"}[unit] + name, length))
            else:
                pairs.append((name + unit, length))
    return pairs
