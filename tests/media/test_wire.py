import pytest

from mediasock.media.errors import WireError
from mediasock.media.wire import MAX_FRAME_BYTES, Wire


@pytest.mark.parametrize(
    ("wire", "samples", "length", "silence"),
    [
        (Wire(), 160, 320, 0),
        (Wire("L16", 16000, 20), 320, 640, 0),
        (Wire("L16", 16000, 60), 960, MAX_FRAME_BYTES, 0),
        (Wire("PCMU", 8000, 30), 240, 240, 0xFF),
        (Wire("PCMA", 8000, 10), 80, 80, 0xD5),
    ],
)
def test_frames_as_freeswitch_sends_them(wire, samples, length, silence):
    assert wire.frame_samples == samples
    assert wire.frame_bytes == length
    assert wire.silence == bytes([silence]) * length


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("G729", 8000, 20), "G729"),
        (("L16", 48000, 20), "48000"),
        (("PCMU", 16000, 20), "16000"),
        (("L16", 8000, 25), "25"),
        (("L16", 8000, 0), "ptime 0"),
        (("L16", 8000, 70), "70"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_name(arguments, says):
    with pytest.raises(WireError, match=says):
        Wire(*arguments)
