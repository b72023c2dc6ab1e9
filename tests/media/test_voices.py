import numpy as np
import pytest

from mediasock.media.voices import SERVE_EVERY, Voices

ROW = np.array([1])


class Voice:
    def __init__(self, samples):
        self.samples = samples
        self.reads = 0
        self.gone = 0
        self.flush = False

    @property
    def idle(self):
        return not len(self.samples)

    def read(self, n):
        self.reads += 1
        part, self.samples = self.samples[:n], self.samples[n:]
        return part

    def sent(self, n):
        self.gone += n

    def take_flush(self):
        flush, self.flush = self.flush, False
        return flush


def speaking(samples, rate=8000):
    voices = Voices(3)
    voices.open(1, rate)
    voice = Voice(np.arange(samples, dtype=np.int16))
    voices.call_on(1, voice)
    voices.serve(0)
    return voices, voice


def play(voices, frames, n=160, start=0):
    out = []
    for k in range(frames):
        voices.serve(start + k * 20_000_000)
        if voices.speaking(ROW)[0]:
            out += voices.take(ROW, n)[0][0].tolist()
    return out


@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_voice_is_read_ten_times_a_second(rate):
    voices, voice = speaking(rate * 2, rate)
    out = play(voices, 100, rate // 50)
    assert out == np.arange(rate * 2).tolist()
    assert voice.reads <= 25


def test_what_has_gone_out_is_told_within_a_tenth_of_a_second():
    voices, voice = speaking(8000)
    for k in range(20):
        voices.serve(k * 20_000_000)
        voices.take(ROW, 160)
        assert (k + 1) * 160 - voice.gone <= 160 * (1 + SERVE_EVERY // 20_000_000)


def test_the_end_is_told_at_the_next_step():
    voices, voice = speaking(200)
    play(voices, 2)
    voices.serve(21_000_000)
    assert voice.gone == 200
    assert not voices.speaking(ROW)[0]
    reads = voice.reads
    voices.serve(10**12)
    assert voice.reads == reads


def test_a_flush_takes_back_what_has_not_gone_out():
    voices, voice = speaking(8000)
    play(voices, 3)
    voice.flush, voice.samples = True, np.full(160, 7, np.int16)
    voices.call_on(1, voice)
    assert play(voices, 2, start=60_000_000) == [7] * 160
    voices.serve(10**12)
    assert voice.gone == 3 * 160 + 160


def test_a_closed_call_says_nothing_and_tells_what_went_out():
    voices, voice = speaking(8000)
    voices.take(ROW, 160)
    voices.close(1)
    assert voice.gone == 160
    assert not voices.speaking(ROW)[0]
    voices.open(1, 8000)
    voices.serve(10**12)
    assert not voices.speaking(ROW)[0]
