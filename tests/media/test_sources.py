import asyncio

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from dsp.tone_stream import render
from mediasock.media.sources import Feed, PlayError, Reservoir, StreamingResampler, chunks
from tests.support.event_socket import asynchronous


def whole(what, rate=8000):
    return np.concatenate([*chunks(what, rate), np.zeros(0, np.int16)])


@settings(deadline=None)
@given(
    n=st.integers(0, 6000),
    cuts=st.lists(st.integers(0, 6000), max_size=6),
    rates=st.sampled_from([(16000, 8000), (8000, 16000), (44100, 8000), (11025, 16000)]),
    seed=st.integers(0, 9),
)
def test_resampled_in_pieces_is_as_resampled_whole(n, cuts, rates, seed):
    signal = np.random.default_rng(seed).normal(size=n)
    resampler = StreamingResampler(*rates)
    pieces = np.split(signal, sorted(min(cut, n) for cut in cuts))
    parts = np.concatenate([*map(resampler.process, pieces), resampler.finish()])
    wanted = resample_poly(signal, rates[1], rates[0]) if n else np.zeros(0)
    assert len(parts) == len(wanted)
    np.testing.assert_allclose(parts, wanted, atol=1e-9)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 1), (44100, 2), (48000, 3)])
def test_any_file_is_played_mono_at_the_wires_rate(tmp_path, suffix, rate, channels):
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, np.repeat(tone[:, None] / 32768, channels, axis=1), rate)
    heard = whole(path).astype(float)
    assert len(heard) == pytest.approx(8000, abs=2)
    spectrum = np.abs(np.fft.rfft(heard[400:-400] * np.hanning(len(heard) - 800)))
    assert np.argmax(spectrum) / (len(heard) - 800) * 8000 == pytest.approx(440, abs=2)
    assert np.max(np.abs(heard[400:-400])) == pytest.approx(8000, rel=0.04)


@pytest.mark.parametrize("subtype", ["GSM610", "MS_ADPCM", "ULAW", "G721_32", "NMS_ADPCM_16"])
@pytest.mark.parametrize("rate", [8000, 11025, 12000, 22050, 32000, 96000, 192000])
def test_a_wav_of_any_kind_and_rate_is_played(tmp_path, subtype, rate):
    """Those of GSM, G.721 and NMS cannot be sought in."""
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone, rate, subtype=subtype)
    for wire in (8000, 16000):
        heard = whole(path, wire).astype(float)
        assert len(heard) == pytest.approx(wire, rel=0.05)  # ADPCM fills its last block up
        assert np.sqrt(np.mean(heard**2)) == pytest.approx(8192 / np.sqrt(2), rel=0.1)


def test_a_long_file_is_not_read_whole(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(8000 * 600), 8000)
    feed = Feed(path, 8000, loops=1, gain_db=0, on_ready=lambda: None)
    taken = 0
    while taken < 8000:
        taken += len(feed.reservoir.take(160))
        assert feed.reservoir._count <= 8000 * 3
    feed.close()


@pytest.mark.parametrize(
    "what",
    [
        "/nowhere/x.wav",
        __file__,
        "tone_stream://%(",
        "silence_stream://x",
        np.zeros((2, 2), np.int16),
        np.zeros(4),
        (np.zeros(4, np.int16), 10),
    ],
    ids=["missing", "no-sound", "tone", "silence", "2d", "float", "rate"],
)
def test_what_is_no_sound_is_a_play_error(what):
    with pytest.raises(PlayError):
        whole(what)


def test_a_file_that_is_not_there_is_told_from_one_that_is_no_sound(tmp_path):
    with pytest.raises(PlayError, match=r"^x\.wav: No such file or directory$"):
        whole("x.wav")
    with pytest.raises(PlayError, match=r"Format not recognised$"):
        whole(__file__)
    with pytest.raises(PlayError, match=r"Is a directory$"):
        whole(tmp_path)


def test_streams_by_name_are_rendered():
    spec = "tone_stream://%(300,100,440,480);loops=2"
    np.testing.assert_array_equal(whole(spec, 16000), render(spec, 16000))
    assert len(whole("silence_stream://250")) == 2000


def test_arrays_with_a_rate_of_their_own_are_resampled():
    assert len(whole((np.zeros(16000, np.int16), 16000))) == 8000


@given(
    puts=st.lists(st.integers(0, 50), max_size=10), takes=st.lists(st.integers(0, 80), max_size=20)
)
def test_a_reservoir_gives_what_was_put_in_order(puts, takes):
    reservoir = Reservoir(8000, on_ready=lambda: None, on_low=lambda: None)
    signal = np.arange(sum(puts), dtype=np.int16)
    for piece in np.split(signal, np.cumsum(puts)[:-1] if puts else []):
        reservoir.put(piece)
    reservoir.end()
    taken = [reservoir.take(n) for n in takes]
    if taken:
        reservoir.unread(taken[-1])
        taken[-1] = reservoir.take(len(taken[-1]))
    rest = reservoir.take(len(signal))
    np.testing.assert_array_equal(np.concatenate([*taken, rest]), signal)
    assert reservoir.exhausted


@asynchronous
async def test_an_async_iterator_is_pumped_no_further_than_needed():
    given_out = 0

    async def endless():
        nonlocal given_out
        while True:
            given_out += 1
            yield np.full(800, given_out, dtype=np.int16)

    feed = Feed(endless(), 8000, loops=1, gain_db=0, on_ready=lambda: None)
    for _ in range(100):
        await asyncio.sleep(0)
    assert given_out * 800 <= 8000 * 3
    heard = []
    while len(heard) < 8000 * 5:
        heard.extend(feed.reservoir.take(160))
        await asyncio.sleep(0)
    wanted = np.repeat(np.arange(1, 51), 800)
    np.testing.assert_array_equal(heard[:40000], wanted[:40000])
    feed.close()


@asynchronous
async def test_an_iterator_that_fails_says_so_after_what_it_gave():
    async def broken():
        yield np.ones(10, dtype=np.int16)
        raise OSError("gone")

    feed = Feed(broken(), 8000, loops=1, gain_db=0, on_ready=lambda: None)
    while not feed.reservoir.ended:
        await asyncio.sleep(0)
    assert len(feed.reservoir.take(99)) == 10
    assert "gone" in str(feed.reservoir.error)
    with pytest.raises(PlayError, match="played once"):
        Feed(broken(), 8000, loops=2, gain_db=0, on_ready=lambda: None)


def test_an_empty_sound_looped_for_ever_ends():
    feed = Feed(np.zeros(0, np.int16), 8000, loops=-1, gain_db=0, on_ready=lambda: None)
    while not feed.reservoir.ended:
        pass
    assert feed.reservoir.exhausted
