from __future__ import annotations

from mediasock.esl.notices import DisconnectNotice, Dropped, Gap, LogLine
from mediasock.esl.protocol import NOTICE, Frame, Parser
from tests.support.event_socket import switch_bytes


def test_the_recorded_notices_of_a_lingering_socket() -> None:
    frames = Parser().receive(switch_bytes("linger_remote_hangup"))
    first, last = (DisconnectNotice(frame) for frame in frames if frame.kind == NOTICE)
    assert (first.lingers, first["Linger-Time"], first.body) == (True, "5", "")
    assert (last.lingers, last.name) == (False, "disconnect")
    assert last.body is not None
    assert last.body.startswith("Disconnected, goodbye.")
    # Its values are not %-encoded, unlike an event's.
    assert first["Channel-Name"] == "sofia/rig/1001@127.0.0.1"


def test_a_log_line_is_the_body() -> None:
    line = LogLine(Frame(b"log/data", b"Content-Type: log/data\nLog-Level: 7\nbad", b"text\n"))
    assert (line.name, line["Log-Level"], line.body) == ("log", "7", "text\n")


def test_notices_are_events_whose_names_no_event_has() -> None:
    assert Dropped(3).text("Count") == "3"
    gap = Gap(1.5, 2)
    assert (gap["Seconds"], gap["Attempts"], gap.seconds, gap.attempts) == ("1.500", "2", 1.5, 2)
    assert Dropped(3).name.islower()
    assert gap.name.islower()


def test_notices_show_their_numbers() -> None:
    assert repr(Gap(1.5, 2)) == "Gap(seconds=1.500, attempts=2)"
    assert repr(Dropped(3)) == "Dropped(3)"
