"""Recordings and arrays through the detectors."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.ears import Ears
from dsp.kinds import DetectError
from dsp.plan import PlanError
from dsp.tone_stream import render
from dsp.types import RATE
from mediasock.offline import ChannelError, Request, analyze, analyze_samples
from mediasock.offline.analysis import batches
from tests.offline.material import SIGNALS, digits, heard, keyed, octets, wav

SCENE = np.concatenate(
    [
        keyed("159#"),
        render("v=-13;%(4000,0,350,440)"),
        keyed("0D"),
        render("v=-10;L=3;%(500,500,480,620)"),
        render("v=-12;L=2;%(500,3000,1100)"),
    ]
)


def told(detections):
    return [
        (one.kind, one.value, one.start / RATE, one.end / RATE, one.level)
        for one in detections
        if one.ended
    ]


def found(findings, channel=1):
    return [
        (one.kind, one.value, one.start, one.end, one.level)
        for one in findings
        if one.channel == channel
    ]


@pytest.fixture(scope="module")
def live():
    """What the hub's detectors say of 20 ms at a time."""
    ears = Ears(1, detect=SIGNALS.detect)
    frames = [SCENE[None, at : at + 160] for at in range(0, len(SCENE), 160)]
    return told([one for frame in frames for one in ears.process(frame)] + list(ears.finish()))


def test_a_recording_is_heard_as_the_frames_of_a_call_are(live):
    assert {kind for kind, *_ in live} == {"dtmf", "tone", "fax"}
    assert found(analyze(io.BytesIO(octets(SCENE)), SIGNALS)) == live
    assert found(analyze_samples(SCENE, RATE, SIGNALS)) == live
    assert found(analyze(io.BytesIO(octets(SCENE, form="FLAC")), SIGNALS)) == live


@pytest.mark.parametrize("channels", [2, 5, 64])
def test_each_channel_is_heard_as_if_it_were_alone(live, channels):
    block = np.zeros((channels, len(SCENE)), np.int16)
    block[0] = block[-1] = SCENE
    block[1, 500 : 500 + len(keyed("7"))] = keyed("7")
    for source in (
        analyze_samples(block, RATE, SIGNALS),
        analyze(io.BytesIO(octets(block.T)), SIGNALS),
    ):
        findings = list(source)
        expected = {1, 2, channels}
        assert {one.channel for one in findings} == expected
        assert found(findings) == live
        if channels > 2:
            assert found(findings, channels) == live
            assert digits(findings, 2) == "7"


@given(st.lists(st.integers(1, 4), max_size=4))
@settings(max_examples=20)
def test_channels_that_are_asked_for_keep_their_numbers(chosen):
    block = np.stack([keyed(digit) for digit in "1590"])
    whole = list(analyze_samples(block, RATE))
    part = list(analyze_samples(block, RATE, Request(channels=tuple(chosen))))
    wanted = set(chosen) or {1, 2, 3, 4}
    key = [(one.channel, one.value, one.start) for one in whole if one.channel in wanted]
    assert sorted((one.channel, one.value, one.start) for one in part) == sorted(key)


@pytest.mark.parametrize("channel", [0, 3])
def test_a_channel_that_is_not_there_is_named(tmp_path, channel):
    path = wav(tmp_path / "a.wav", "1", "2")
    with pytest.raises(ChannelError, match=f"{path}: no channel {channel}: it has 2"):
        list(analyze(path, Request(channels=(1, channel))))


def test_what_is_listened_for_can_be_chosen():
    only = analyze_samples(SCENE, RATE, Request(detect=("fax",)))
    assert {one.kind for one in only} == {"fax"}
    with pytest.raises(DetectError):
        list(analyze_samples(SCENE, RATE, Request(detect=("smell",))))


def test_plans_can_be_chosen():
    us = {one.value for one in analyze_samples(SCENE, RATE, Request(plans=("us",)))}
    assert {"dial", "busy"} <= us
    none = {one.value for one in analyze_samples(SCENE, RATE, Request(plans=()))}
    assert not {"dial", "busy"} & none
    with pytest.raises(PlanError):
        list(analyze_samples(SCENE, RATE, Request(plans=("atlantis",))))


def test_floats_and_whole_numbers_are_the_same_sound(live):
    for dtype in (np.float32, np.float64):
        assert found(analyze_samples(SCENE.astype(dtype) / 32768, RATE, SIGNALS)) == live


def test_an_excerpt_of_an_array_has_times_of_the_whole():
    part = list(
        analyze_samples(keyed("1234"), RATE, Request(detect=("dtmf",), begin=0.28, end=0.65))
    )
    assert digits(part) == "23"
    assert [one.start for one in part] == pytest.approx([0.3, 0.5], abs=0.01)


@pytest.mark.parametrize(
    "samples", [np.zeros(10, np.int32), np.zeros((1, 2, 3), np.int16), np.zeros(4, bool)]
)
def test_arrays_of_another_kind_are_refused(samples):
    with pytest.raises(ValueError, match="int16 or float"):
        list(analyze_samples(samples, RATE))


def test_findings_before_the_damage_come_in_batches_that_end_with_it(tmp_path):
    content = octets(keyed("159#"))
    (tmp_path / "a.wav").write_bytes(content[: len(content) * 2 // 3])
    told_ = list(batches(str(tmp_path / "a.wav"), Request()))
    assert [one.ended for one in told_] == [False] * (len(told_) - 1) + [True]
    assert digits([finding for one in told_ for finding in one.findings]) == "159"
    assert "cut off" in told_[-1].error
    assert told_[-1].settled
    (missing,) = batches(str(tmp_path / "none.wav"), Request())
    assert (missing.ended, missing.settled) == (True, False)


def test_progress_goes_from_nothing_to_all(tmp_path):
    path = wav(tmp_path / "a.wav", "1" * 300)
    steps = [one.done for one in batches(path, Request())]
    assert len(steps) > 3
    assert steps == sorted(steps)
    assert 0 < steps[0] < 0.5
    assert steps[-1] == 1.0


def test_a_fault_of_a_detector_is_told_with_the_file(tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("so it goes")

    path = wav(tmp_path / "a.wav")
    monkeypatch.setattr(Ears, "process", fail)
    (last,) = batches(path, Request())
    assert last.error == f"{path}: it could not be analysed: ZeroDivisionError('so it goes')"
    assert not last.settled


def test_mono_of_16_khz_is_heard(tmp_path):
    findings, damage = heard(wav(tmp_path / "a.wav", "42", rate=16000))
    assert (digits(findings), damage) == ("42", None)
