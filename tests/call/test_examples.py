"""Each file in examples/ does what it says, called by the embedded switch over real sockets."""

import gc
import logging
from pathlib import Path

import numpy as np
import soundfile

from examples.background_job import BackgroundJob
from examples.bridge import Bridge
from examples.leave_message import LeaveMessage
from examples.level_meter import LevelMeter
from examples.menu import Menu
from examples.own_detector import LoudCallers
from examples.robot import Robot
from examples.walkthrough import Walkthrough
from mediasock.switch.far_end import HangUp, Keys, Play, Rfc2833, Tone, Wait
from tests.support.calls import loudness_at, unbroken

SPEECH = Path(__file__).parents[2] / "fixtures/speech"


def errors(caplog):
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


def applications(told):
    return [name for name, _ in told.executed()]


def test_walkthrough_answers_plays_breaks_and_hangs_up(call):
    told = call(Walkthrough, options={"stop_after": 2.0})
    assert told.outcome.went_well
    names = applications(told)
    assert [one for one in names if one not in {"socket", "set"}] == [
        "answer",
        "playback",
        "playback",
        "break",
    ]
    assert told.seconds < 10  # the second tone would last 20 s


def test_menu_is_interrupted_by_a_key_and_reads_the_number_back(call):
    told = call(Menu, [Wait(1.0), Keys("159#"), Wait(3.0)])
    assert told.outcome.went_well
    assert told.variable("menu_choice") == "159"


def test_menu_takes_keys_that_come_beside_the_sound(call):
    told = call(Menu, [Wait(1.0), Rfc2833("42#"), Wait(3.0)])
    assert told.variable("menu_choice") == "42"


def test_walkthrough_that_ends_in_mid_tone_leaves_nothing_behind(call, caplog):
    gc.collect()  # what earlier tests have left is told now
    caplog.clear()
    told = call(Walkthrough, [Wait(1.4), HangUp()], options={"stop_after": 3600.0})
    assert applications(told)[-1] == "playback"
    gc.collect()
    assert errors(caplog) == []


def test_bridge_ends_with_the_other_leg_and_then_hangs_up(call, caplog, tmp_path):
    caplog.set_level(logging.INFO)
    soundfile.write(tmp_path / "short.wav", np.full(4000, 2000, np.int16), 8000)
    to = f"loopback/app=playback:{tmp_path / 'short.wav'}"
    told = call(Bridge, [Wait(30)], options={"to": to})
    assert applications(told) == ["socket", "answer", "bridge"]
    assert told.outcome.went_well
    assert told.seconds < 12
    assert "bridge over: SUCCESS, NORMAL_CLEARING" in caplog.text
    assert errors(caplog) == []


def test_bridge_whose_caller_hangs_up_first(call, caplog):
    told = call(Bridge, [Wait(1.5), HangUp()])
    assert told.outcome.hangup_cause == "NORMAL_CLEARING"
    assert errors(caplog) == []


def test_background_job_is_answered_while_the_caller_hears_a_tone(call):
    told = call(BackgroundJob)
    assert told.outcome.went_well
    assert "UP" in told.variable("job_answer")


def test_level_meter_tells_the_level_of_a_tone(call, capsys):
    told = call(LevelMeter, [Tone("tone_stream://v=-10;%(3500,0,1000)"), HangUp()])
    levels = [float(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert told.outcome.uuid
    assert any(abs(level + 10.0) < 0.5 for level in levels), levels


def test_a_detector_of_ones_own_is_heard(call):
    told = call(LoudCallers, [Wait(1.0), Tone("tone_stream://v=-3;%(2000,0,1000)"), Wait(3.0)])
    assert told.outcome.went_well
    assert float(told.variable("shouted_at")) == np.clip(
        float(told.variable("shouted_at")), 0.5, 2.0
    )


def test_a_message_is_left_after_the_beep_of_a_machine(call):
    steps = [Wait(0.3), Play(SPEECH / "greeting_beep.flac"), Wait(5.0)]
    told = call(LeaveMessage, steps)
    assert told.variable("answered_by") == "machine"
    assert told.outcome.went_well
    # 0.3 s, the greeting of 6.8 s with its beep, and 0.3 s in which the beep is known to be over
    assert told.seconds > 7.4


def test_a_person_is_spoken_to_at_once(call, tmp_path):
    speech, _ = soundfile.read(SPEECH / "woman.wav", dtype="int16")
    hello = speech[8000:13000]
    soundfile.write(tmp_path / "hello.wav", hello, 8000)
    told = call(LeaveMessage, [Wait(0.3), Play(str(tmp_path / "hello.wav")), Wait(5.0)])
    assert told.variable("answered_by") == "human"


def test_robot_gives_a_tone_back_as_the_two_beside_it(call):
    told = call(Robot, [Tone("tone_stream://v=-10;%(1500,0,1000)"), HangUp()])
    middle = unbroken(told.far_end.heard)[1600:-1600]
    assert loudness_at(middle, 950) > -20
    assert loudness_at(middle, 1050) > -20
    assert loudness_at(middle, 1000) < loudness_at(middle, 950) - 6
