"""A machine on the phone: it answers what it hears, at the codec's rate, and hangs up when done."""

import numpy as np
import pytest
import soundfile

from dsp.resample import Downsampler, Upsampler
from mediasock.switch.talking import TalkingPhone
from tests.support.talkers import Negative, Recalling


def frames(samples, n=160):
    return [samples[k : k + n] for k in range(0, len(samples), n)]


def converse(phone, sound, n=160):
    said = []
    for frame in frames(sound, n):
        said.append(phone.speak(n))
        phone.hear(frame)
    return np.concatenate(said)


def noise(samples):
    return np.random.default_rng(1).integers(-5000, 5000, samples).astype(np.int16)


def test_it_answers_a_frame_later():
    sound = noise(800)
    said = converse(TalkingPhone(Negative()), sound)
    assert said.tolist() == [0] * 160 + (-sound[:-160]).tolist()


def test_wide_sound_goes_through_the_resamplers():
    sound = noise(3200)
    said = converse(TalkingPhone(Negative(), rate=16000), sound, 320)
    heard = np.concatenate([np.zeros(320, np.int16), sound[:-320]])
    narrow = Downsampler(1).process(heard[None])
    assert said.tolist() == Upsampler(1).process(-narrow)[0].tolist()


@pytest.mark.parametrize("rate", [8000, 16000])
def test_it_hangs_up_some_time_after_it_is_done(rate):
    n = rate // 50
    phone = TalkingPhone(Recalling(480), rate=rate, patience=0.06)
    for _ in range(3):
        assert phone.speak(n).any()
        phone.hear(np.zeros(n, np.int16))
    for _ in range(3):
        assert not phone.hangup_due
        assert not phone.speak(n).any() or rate == 16000
    assert phone.hangup_due
    assert phone.machine.at == 480
    assert phone.out_of_band(n) == []


def test_its_result_is_the_machines():
    machine = Negative()
    assert TalkingPhone(machine).result is None
    machine.result = "ok"
    assert TalkingPhone(machine).result == "ok"


def test_what_is_kept_is_saved_left_said_and_right_heard(tmp_path):
    sound = noise(480)
    phone = TalkingPhone(Recalling(), keep=True)
    said = converse(phone, sound)
    phone.save(tmp_path / "both.wav")
    both, rate = soundfile.read(tmp_path / "both.wav", dtype="int16")
    assert rate == 8000
    assert both[:, 0].tolist() == said.tolist()
    assert both[:, 1].tolist() == sound.tolist()
