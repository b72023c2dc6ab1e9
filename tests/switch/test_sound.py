from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from mediasock.switch.audio import open_audio
from mediasock.switch.line import Frame
from mediasock.switch.sound import Recording
from tests.support.desk import Desk


def test_a_recording_holds_what_it_was_given(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "x.wav", 16000, stereo=True)
    heard, sent = np.full(320, 1000, np.int16), np.full(320, -2000, np.int16)
    recording.add(heard, sent)
    recording.close()
    sound, rate = sf.read(tmp_path / "x.wav", dtype="int16")
    assert rate == 16000
    assert np.array_equal(sound, np.stack([heard, sent], axis=1))


def test_a_recording_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        Recording(tmp_path / "nowhere" / "x.wav", 8000, stereo=False)


def test_what_displaces_ends_by_itself() -> None:
    desk = Desk(codec="L16")
    sound = desk.session.sound
    sound.displaced["x"] = (open_audio("tone_stream://%(30,0,440)", 8000), False)
    sound.deliver()
    sound.deliver()
    assert sound.displaced == {}
    sound.heard(Frame(b"", np.zeros(160, np.int16)))
    sound.deliver()
    heard = [frame.any() for frame in desk.phone.heard]
    assert heard == [True, True, False]


def test_the_statistics_count_packets() -> None:
    desk = Desk()
    desk.execute("answer")
    desk.execute("playback", "silence_stream://100")
    desk.tick(8)
    rows = dict(desk.session.sound.statistics())
    assert rows["rtp_audio_out_packet_count"] == "5"
    assert rows["rtp_audio_in_packet_count"] == "6"
    assert rows["rtp_audio_in_raw_bytes"] == str(6 * 160)
