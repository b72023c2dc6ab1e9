"""The embedded switch is held to recordings of the real one, in virtual time.

For each transcript the recorded application is played against the switch, and everything that
the switch writes is compared: every frame in order, every header of it by name and in its place,
and every value but these, which differ between two runs of FreeSWITCH itself:

* UUIDs are compared by which of them are the same one, not by their digits;
* times of day, sequence numbers, session numbers, ports, SSRC, SIP tags, branches and CSeq, and
  the SDP that holds them; of a time, whether it is set is compared;
* durations and RTP statistics in the record of a call that has ended;
* numbers in the text of ``status``;
* after a ``break``, how many samples had been played, which depends on when it came.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from mediasock.switch.codec import Codec
from tests.support.desk import Read, frames
from tests.support.golden import SCENARIOS, SETUPS, Played, Player

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Names of headers whose values differ from run to run.
VOLATILE = re.compile(
    r"Core-UUID|Event-Date-.*|Event-Sequence|variable_session_id|variable_sip_(from|to)_tag"
    r"|variable_sip_full_(via|from|to)|variable_sip_cseq|variable_sip_invite_stamp"
    r"|variable_switch_r_sdp|variable_rtp_local_sdp_str|variable_(local|remote)_media_port"
    r"|variable_rtp_use_ssrc|variable_\w+_stamp|variable_u?\w*_u?epoch|variable_[mu]?duration"
    r"|variable_(bill|progress|answer|wait|progress_media|flow_bill)[mu]?sec"
    r"|variable_rtp_audio_(in|out)_.*"
)
TIME = re.compile(r"(Caller|Channel|Other-Leg)-(Profile|Channel)-[A-Za-z-]*Time")
SETTLING = 0.2
"""Seconds from the first frame on in which the recordings have irregular gaps up to 0.1 s, while
the answer travels between the two legs on the recording box; cadence is counted after them."""

PLAYED = re.compile(r"variable_playback_(last_offset_pos|seconds|ms|samples)")


def steady(name: str, value: Any, *, broken: bool) -> str:
    if isinstance(value, list):
        value = "ARRAY::" + "|:".join(value)
    if VOLATILE.fullmatch(name) or (broken and PLAYED.fullmatch(name)):
        return "*"
    if TIME.fullmatch(name):
        return "never" if value == "0" else "once"
    if name in {"Content-Length", "Reply-Text", "Job-Command-Arg"}:
        return str(value)
    return re.sub(r"\b1795\d{6}:", "<second>:", value)


def normal(read: list[Read], *, broken: bool) -> list[tuple[str, list[tuple[str, str]], str]]:
    """Return frames with what differs from run to run taken out, UUIDs numbered as they come."""
    numbers: dict[str, str] = {}

    def numbered(text: str) -> str:
        return UUID.sub(lambda match: numbers.setdefault(match[0], f"<{len(numbers)}>"), text)

    rows = []
    for one in read:
        body = one.body
        headers = [(name, steady(name, value, broken=broken)) for name, value in one.headers]
        if body.startswith("UP "):
            body = re.sub(r"\d+(\.\d+)?", "#", body).replace("days", "day")
            headers = [(n, "*" if n == "Content-Length" else value) for n, value in headers]
        rows.append((one.kind, [(n, numbered(value)) for n, value in headers], numbered(body)))
    return rows


def differences(ours: list[Any], theirs: list[Any], title: Callable[[Any], str]) -> Iterator[str]:
    """Yield what differs, a line each: whole frames first, then headers of frames alike."""
    names = [title(row) for row in ours], [title(row) for row in theirs]
    if names[0] != names[1]:
        yield "wrote:    " + " ".join(names[0])
        yield "recorded: " + " ".join(names[1])
        return
    for number, (mine, real) in enumerate(zip(ours, theirs, strict=True)):
        where = f"frame {number}, {title(real)}:"
        wrote, recorded = [name for name, _ in mine[1]], [name for name, _ in real[1]]
        if wrote != recorded:
            yield f"{where} missing {[n for n in recorded if n not in wrote]}"
            yield f"{where} too many {[n for n in wrote if n not in recorded]}"
            first = next(
                (pair for pair in zip(wrote, recorded, strict=False) if pair[0] != pair[1]), None
            )
            yield f"{where} first out of place (wrote, recorded): {first}"
        for name, value in mine[1]:
            expected = dict(real[1]).get(name)
            if expected is not None and expected != dict(mine[1])[name]:
                yield f"{where} {name}: wrote {value!r}, recorded {expected!r}"
        if mine[2] != real[2]:
            yield f"{where} body: wrote {mine[2]!r}, recorded {real[2]!r}"


def title(row: tuple[str, list[tuple[str, str]], str]) -> str:
    headers = dict(row[1])
    name = headers.get("Event-Name") or row[0]
    return name + (f"({headers['Application']})" if "Application" in headers else "")


def is_reply(row: tuple[str, Any, str]) -> bool:
    return row[0] in {"connect", "command/reply", "api/response"}


def is_event(row: tuple[str, Any, str]) -> bool:
    return not is_reply(row)


def is_any(row: tuple[str, Any, str]) -> bool:
    return True


@pytest.fixture(scope="module", params=SCENARIOS)
def run(request: pytest.FixtureRequest) -> tuple[str, Player, Played]:
    player = Player(request.param)
    return request.param, player, player.run()


def sockets(player: Player) -> list[str]:
    return [name for name in ("", "second-") if player.recorded.side(name, "accept")]


def test_it_writes_what_was_recorded(run: tuple[str, Player, Played]) -> None:
    scenario, player, played = run
    broken = "break" in "".join(text for _, text in player.recorded.side("", "app"))
    assert list(played.written) == sockets(player)
    for socket in sockets(player):
        ours = normal(frames(bytes(played.written[socket])), broken=broken)
        theirs = normal(frames(player.recorded.written(socket)), broken=broken)
        split = [is_reply, is_event]
        if scenario == "sync_mode":
            split = [is_any]  # here the order of replies and events is fixed, too
        found = [
            line
            for wanted in split
            for line in differences(
                [row for row in ours if wanted(row)], [row for row in theirs if wanted(row)], title
            )
        ]
        assert not found, "\n".join([f"{scenario} {socket}", *found])


def test_it_closes_the_sockets_that_were_closed(run: tuple[str, Player, Played]) -> None:
    _, player, played = run
    for socket in sockets(player):
        recorded = [at for at, _ in player.recorded.side(socket, "eof")]
        assert (socket in played.closed) == bool(recorded)
        if recorded:
            assert played.closed[socket] == pytest.approx(recorded[0], abs=0.2)


def streams(media: list[tuple[float, int, bytes]]) -> list[list[tuple[float, bytes]]]:
    """Return the datagrams of each port in the order in which the ports began."""
    ports = dict.fromkeys(port for _, port, _ in media)
    return [[(at, data) for at, one, data in media if one == port] for port in ports]


def pauses(stream: list[tuple[float, bytes]]) -> list[tuple[float, float]]:
    times = [at for at, _ in stream]
    return [(a, b - a) for a, b in itertools.pairwise(times) if b - a > 0.2]


def settled(stream: list[tuple[float, bytes]], start: float) -> int:
    return sum(at >= start + SETTLING for at, _ in stream)


def test_its_media_behave_as_recorded(run: tuple[str, Player, Played]) -> None:
    _, player, played = run
    ours, theirs = streams(played.media), streams(player.recorded.media)
    assert len(ours) == len(theirs)
    for mine, real in zip(ours, theirs, strict=True):
        start = max(mine[0][0], real[0][0])
        assert settled(mine, start) == pytest.approx(settled(real, start), abs=2)
        assert mine[0][0] == pytest.approx(real[0][0], abs=0.12)
        assert mine[-1][0] == pytest.approx(real[-1][0], abs=0.05)
        assert len(pauses(mine)) == len(pauses(real))
        for (at, length), (real_at, real_length) in zip(pauses(mine), pauses(real), strict=True):
            assert at == pytest.approx(real_at, abs=0.05)
            assert length == pytest.approx(real_length, abs=0.05)
        sizes = [len(data) for _, data in mine], [len(data) for _, data in real]
        assert set(sizes[0]) == set(sizes[1])
        if len(set(sizes[0])) > 1:  # linear comfort noise at the start of a native stream
            assert sizes[0].count(max(sizes[0])) == pytest.approx(
                sizes[1].count(max(sizes[1])), abs=2
            )


def test_the_first_frame_is_comfort_noise(run: tuple[str, Player, Played]) -> None:
    _, player, played = run
    for mine, real in zip(streams(played.media), streams(player.recorded.media), strict=True):
        begins_now = set(real[0][1]) == {0xFF}
        assert (set(mine[0][1]) == {0xFF}) == begins_now


@pytest.mark.parametrize("codec", ["PCMU", "PCMA", "G722", "L16"])
@pytest.mark.parametrize("form", ["L16", "native"])
def test_its_frames_are_encoded_as_recorded(codec: str, form: str) -> None:
    """Both far ends key digits: read right, nearly all there is lies between a key's tones.

    Read as another law, or with the bytes of a sample swapped, two thirds of it do at most.
    """
    player = Player(f"unicast_{codec}_{form}".lower())
    coding = codec if form == "native" else "L16"
    for media in (player.run().media, player.recorded.media):
        raw = b"".join(data for _, _, data in media if set(data) != {0xFF})
        samples = Codec(coding).decode(raw)
        power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / Codec(codec).rate)
        assert power[(hertz > 600) & (hertz < 1700)].sum() / power.sum() > 0.99


def test_every_transcript_is_played() -> None:
    assert len(SCENARIOS) == 36
    assert set(SETUPS) - {"default"} <= set(SCENARIOS)
