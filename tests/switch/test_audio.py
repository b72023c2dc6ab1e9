from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from mediasock.switch.audio import READ_AHEAD, mixed, open_audio
from mediasock.switch.errors import AudioError

SPEC = "tone_stream://%(1000,500,440,480);loops=2"


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_however_it_is_read_it_is_the_same(sizes: list[int]) -> None:
    audio, whole = open_audio(SPEC, 8000), open_audio(SPEC, 8000).read(24000)
    read = np.concatenate([audio.read(size) for size in sizes])
    assert np.array_equal(read, whole[: len(read)])
    assert audio.position == len(read) == min(sum(sizes), 24000)


def test_what_freeswitch_would_have_taken_from_the_file() -> None:
    audio = open_audio(SPEC, 8000)
    audio.read(160)
    assert audio.taken == READ_AHEAD
    audio.read(30000)
    assert (audio.ended, audio.taken) == (True, 24000)


def test_an_endless_stream_is_read_as_it_goes() -> None:
    assert len(open_audio("silence_stream://-1", 8000).read(100_000)) == 100_000


@pytest.mark.parametrize("own", [8000, 16000, 44100])
def test_a_file_keeps_its_length(tmp_path: Path, own: int) -> None:
    path = tmp_path / "second.flac"
    sf.write(path, np.full((own, 2), 0.5), own)
    sound = open_audio(str(path), 8000).read(100_000)
    assert len(sound) == 8000
    assert sound[4000] == pytest.approx(16384, abs=200)


def test_a_loud_file_is_clipped_not_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    sf.write(path, np.array([1.5, -1.5] * 80), 8000, subtype="FLOAT")
    assert set(open_audio(str(path), 8000).read(160)) == {32767, -32768}


@pytest.mark.parametrize("path", ["", "/nowhere.wav", "tone_stream://%(", "/", "\0", "x" * 5000])
def test_what_cannot_be_played(path: str) -> None:
    with pytest.raises(AudioError):
        open_audio(path, 8000)


def test_a_file_that_is_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("no sound")
    with pytest.raises(AudioError, match=r"text\.wav"):
        open_audio(str(path), 8000)


def test_mixing_clips() -> None:
    loud = np.full(3, 30000, np.int16)
    assert set(mixed(loud, loud)) == {32767}
    assert set(mixed(-loud, -loud)) == {-32768}
