from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from mediasock.switch.errors import SwitchAborted
from tests.support.desk import Desk, Read, names


def answered(**setup: object) -> Desk:
    desk = Desk(**setup)  # type: ignore[arg-type]
    desk.say("event plain all")
    desk.execute("answer")
    desk.tick()
    desk.read()
    return desk


def complete(desk: Desk) -> list[Read]:
    return desk.events("CHANNEL_EXECUTE_COMPLETE")


def test_a_file_is_played_resampled_and_told_of(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(8820) / 44100)
    sf.write(path, np.stack([tone, tone], axis=1), 44100)
    desk = answered(codec="L16")
    desk.execute("playback", str(path))
    desk.tick(12)
    start, stop, done = desk.events("PLAYBACK_START", "PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE")
    assert (start.get("Playback-File-Type"), stop.get("Playback-Status")) == ("file", "done")
    assert done.get("Application-Response") == "FILE PLAYED"
    assert done.get("variable_playback_samples") == "1600"
    heard = desk.heard()[160:1760]
    spectrum = np.abs(np.fft.rfft(heard))
    assert int(spectrum.argmax()) * 8000 / 1600 == pytest.approx(440, abs=5)
    assert np.abs(heard).max() == pytest.approx(8192, rel=0.03)


@pytest.mark.parametrize("path", ["/nowhere/x.wav", "tone_stream://%(", "", "local_stream://moh"])
def test_what_cannot_be_played_is_not_found(path: str) -> None:
    desk = answered()
    desk.execute("playback", path)
    desk.tick()
    assert complete(desk)[0].get("Application-Response") == "FILE NOT FOUND"


def test_a_key_among_the_terminators_stops_a_playback() -> None:
    desk = answered(keys=[(0.2, "1"), (0.3, "*")])
    desk.execute("playback", "silence_stream://2000")
    desk.tick(20)
    (done,) = complete(desk)
    assert done.get("variable_playback_terminator_used") == "*"
    assert desk.session.keyed == "1*"


@pytest.mark.parametrize(("terminators", "stopped"), [("none", 0), ("any", 1), ("#", 0), ("1", 1)])
def test_the_variable_names_the_terminators(terminators: str, stopped: int) -> None:
    desk = answered(keys=[(0.2, "1")])
    desk.execute("set", f"playback_terminators={terminators}")
    desk.execute("playback", "silence_stream://2000")
    desk.tick(20)
    assert len(complete(desk)) == 1 + stopped


def test_break_stops_what_plays_and_all_drops_what_waits() -> None:
    desk = answered()
    desk.execute("playback", "silence_stream://-1", event_lock="true")
    desk.execute("set", "a=b")
    desk.tick(5)
    assert desk.reply(f"api uuid_break {desk.session.uuid}") == "+OK\n"
    desk.tick(2)
    assert desk.reply("getvar a") == "b"
    desk.execute("break", "all")
    desk.execute("set", "a=c")
    desk.tick(2)
    assert desk.reply("getvar a") == "b"


def test_without_a_lock_an_execute_runs_inside_the_playback() -> None:
    desk = answered()
    desk.execute("playback", "silence_stream://100")
    desk.tick(2)
    desk.execute("set", "a=b")
    desk.tick(8)
    assert [one.get("Application") for one in complete(desk)] == ["set", "playback"]


def test_with_a_lock_the_next_waits() -> None:
    desk = answered()
    desk.execute("playback", "silence_stream://100", event_lock="true")
    desk.tick(2)
    desk.execute("set", "a=b")
    desk.tick(8)
    assert [one.get("Application") for one in complete(desk)] == ["playback", "set"]


def test_nesting_has_a_depth() -> None:
    desk = answered()
    for _ in range(100):
        desk.execute("playback", "silence_stream://40")
    desk.tick(400)
    assert len(complete(desk)) == 100


def test_gentones_loops() -> None:
    desk = answered(codec="L16")
    desk.execute("gentones", "%(20,20,440)|3")
    desk.tick(12)
    loud = [bool(frame.any()) for frame in desk.phone.heard]
    assert loud[:8] == [True, False, True, False, True, False, False, False]


def test_broken_tones_are_passed_over() -> None:
    desk = answered()
    desk.execute("gentones", "%(")
    desk.tick()
    assert names(complete(desk)) == ["CHANNEL_EXECUTE_COMPLETE(gentones)"]


@pytest.mark.parametrize("loops", ["", "0", "x", "--5", "9" * 5000])
def test_tones_sound_once_where_no_number_says_how_often(loops: str) -> None:
    desk = answered(codec="L16")
    desk.execute("gentones", f"%(20,20,440)|{loops}")
    desk.tick(12)
    assert sum(bool(frame.any()) for frame in desk.phone.heard) == 1


def test_displacing_replaces_or_mixes_and_can_be_stopped() -> None:
    desk = answered(codec="L16")
    desk.execute("displace_session", "tone_stream://%(1000,0,440) m")
    desk.execute("displace_session", "/nowhere.wav")
    desk.unicast()
    desk.tick(2)
    desk.session.datagram(np.full(160, 20000, np.int16).tobytes())
    desk.tick()
    assert desk.phone.heard[-1].max() > 20000
    desk.execute("stop_displace_session", "tone_stream://%(1000,0,440)")
    desk.tick(2)
    assert not desk.phone.heard[-1].any()


@pytest.mark.parametrize("stereo", [False, True])
def test_a_recording_has_both_directions(tmp_path: Path, stereo: bool) -> None:
    desk = answered(codec="L16")
    path = tmp_path / "call.wav"
    desk.execute("set", f"RECORD_STEREO={str(stereo).lower()}")
    desk.execute("record_session", str(path))
    desk.execute("record_session", str(path))
    desk.execute("record_session", "/nowhere/call.wav")
    desk.execute("record_session", "\0")
    desk.execute("playback", "tone_stream://%(200,0,440)")
    desk.tick(12)
    desk.execute("stop_record_session", "all")
    desk.tick()
    happened = desk.events("RECORD_START", "RECORD_STOP")
    assert names(happened) == ["RECORD_START", "RECORD_STOP"]
    sound, rate = sf.read(path, always_2d=True)
    assert (rate, sound.shape[1]) == (8000, 2 if stereo else 1)
    assert len(sound) == pytest.approx(12 * 160, abs=160)
    assert sound[:, -1].any()


def test_a_recording_ends_with_the_call(tmp_path: Path) -> None:
    desk = answered()
    desk.execute("record_session", str(tmp_path / "call.wav"))
    desk.tick(5)
    desk.execute("hangup")
    desk.tick()
    assert sf.info(tmp_path / "call.wav").frames == 5 * 160


DIGITS = "play_and_get_digits"


def test_keys_are_gathered_during_and_after_a_prompt() -> None:
    desk = answered(keys=[(0.2, "1"), (0.4, "2"), (0.6, "#")])
    desk.execute(DIGITS, r"1 4 1 2000 # silence_stream://3000 silence_stream://0 pin \d+ 500")
    desk.tick(60)
    assert desk.reply("getvar pin") == "12"
    assert desk.reply("getvar read_terminator_used") == "#"


def test_the_most_keys_end_the_entry() -> None:
    desk = answered(keys=[(0.1, "1"), (0.15, "2"), (0.2, "3")])
    desk.execute(DIGITS, "1 2 1 2000 # silence_stream://3000 silence_stream://0 pin")
    desk.tick(20)
    assert desk.reply("getvar pin") == "12"


def test_an_entry_that_does_not_fit_is_asked_for_again() -> None:
    desk = answered(keys=[(0.1, "9"), (0.9, "4")])
    desk.execute(DIGITS, "1 1 2 1000 # silence_stream://100 silence_stream://200 choice ^[1-5]$")
    desk.tick(80)
    assert desk.reply("getvar choice") == "4"


def test_who_keys_nothing_is_not_waited_for_for_ever() -> None:
    desk = answered()
    desk.execute(DIGITS, "1 1 2 200 # silence_stream://100 silence_stream://100 choice")
    desk.tick(60)
    assert names(complete(desk)) == [f"CHANNEL_EXECUTE_COMPLETE({DIGITS})"]
    assert desk.reply("getvar choice") == "-ERR command not found"


@pytest.mark.parametrize(
    "data", ["", "1 2 3", "a b c d # x y", "1 1 1 1 # x y v ( 1", "1 1 1 1 # x y v x{4294967295} 1"]
)
def test_a_question_that_cannot_be_read_ends_at_once(data: str) -> None:
    desk = answered()
    desk.execute(DIGITS, data)
    desk.tick(30)
    assert names(complete(desk)) == [f"CHANNEL_EXECUTE_COMPLETE({DIGITS})"]


@pytest.mark.parametrize("codec", ["L16", "PCMU", "G722"])
def test_displacing_with_a_stream_deadlocks_an_l16_channel(codec: str) -> None:
    desk = Desk(codec=codec)
    desk.execute("answer")
    desk.execute("displace_session", "tone_stream://%(20,0,700)")
    desk.tick(2)
    desk.unicast()
    desk.tick(2)
    desk.execute("displace_session", "tone_stream://%(2000,0,700)")
    if codec == "L16":
        with pytest.raises(SwitchAborted, match="deadlocks"):
            desk.tick()
    else:
        desk.tick()
        assert desk.session.sound.displaced
