"""The applications that are shipped, called by the embedded switch."""

import asyncio
import json
import logging

import numpy as np
import pytest
import soundfile

from mediasock.apps.echo import Echo
from mediasock.apps.record import Record
from mediasock.apps.tones import Tones
from mediasock.switch.far_end import HangUp, Keys, Rfc2833, Tone, Wait
from tests.support.calls import Scripted, dial, loudness_at, run, serving, unbroken, until

PROMPT = "tone_stream://v=-10;%(500,0,1500)"


def reported(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# -- tones ------------------------------------------------------------------------------------


def test_tones_reports_every_digit_as_it_begins_and_when_it_has_ended(call, capsys):
    told = call(Tones, [Wait(0.5), Keys("5#"), Wait(0.5), HangUp()])
    lines = [one for one in reported(capsys) if one["kind"] == "dtmf"]
    assert [(one["value"], one["end"] is None) for one in lines] == [
        ("5", True),
        ("5", False),
        ("#", True),
        ("#", False),
    ]
    assert {one["call"] for one in lines} == {told.outcome.uuid}
    begun, ended = lines[:2]
    assert set(begun) == {"call", "kind", "value", "start", "end", "level"}
    assert begun["start"] == ended["start"]
    assert ended["end"] - ended["start"] == pytest.approx(0.1, abs=0.02)
    assert ended["level"] == pytest.approx(-4.0, abs=1.0)


def test_tones_reports_keys_beside_the_sound_as_rfc2833(call, capsys):
    told = call(Tones, [Wait(0.5), Rfc2833("42"), Wait(0.3), HangUp()])
    lines = reported(capsys)
    assert [(one["kind"], one["value"], one["level"]) for one in lines] == [
        ("rfc2833", "4", None),
        ("rfc2833", "2", None),
    ]
    assert all(one["start"] == one["end"] > 0 for one in lines)
    assert lines[0]["call"] == told.outcome.uuid


def test_tones_echoes_digits_as_dtmf(call, capsys):
    told = call(Tones, [Wait(0.3), Rfc2833("5"), Wait(0.8), HangUp()], options={"echo": True})
    heard = unbroken(told.far_end.heard)  # the edges of each pause would leak, too
    assert loudness_at(heard, 770) > -25
    assert loudness_at(heard, 1336) > -25
    assert loudness_at(heard, 941) < -32  # what a tone's edges leak into the next row


def test_tones_without_echo_is_silent(call, capsys):
    told = call(Tones, [Wait(0.3), Rfc2833("5"), Wait(0.8), HangUp()])
    assert not told.far_end.heard.any()


@pytest.mark.parametrize("key", [Keys("#"), Rfc2833("#")])
def test_tones_hangs_up_at_an_ending_key(call, capsys, key):
    told = call(Tones, [Wait(0.3), Keys("1"), key, Wait(20)], options={"end": "*#"})
    assert told.outcome.went_well
    assert told.seconds < 14


def test_tones_plays_its_prompt_which_a_key_stops(call, capsys):
    options = {"prompt": "tone_stream://v=-10;%(9000,0,1500)"}
    told = call(Tones, [Wait(0.6), Keys("1"), Wait(2.0), HangUp()], options=options)
    heard = told.far_end.heard
    assert loudness_at(heard, 1500) == pytest.approx(-10, abs=2)
    assert loudness_at(heard[-2400:], 1500) < -40


def test_tones_records_both_sides(call, capsys, tmp_path):
    options = {"prompt": PROMPT, "record": str(tmp_path / "new" / "place")}
    told = call(
        Tones, [Tone("tone_stream://v=-10;%(900,0,700)"), Wait(0.2), HangUp()], options=options
    )
    sound, rate = soundfile.read(
        tmp_path / "new" / "place" / f"{told.outcome.uuid}.wav", dtype="int16"
    )
    assert rate == 8000
    assert loudness_at(sound[:, 0], 700) == pytest.approx(-10, abs=2)
    assert loudness_at(sound[:, 1], 1500) == pytest.approx(-10, abs=2)
    assert loudness_at(sound[:, 1], 700) < -40


CNG = "tone_stream://%(500,3000,1100);loops=2"


def test_tones_sends_a_calling_fax_to_an_extension(call, capsys):
    steps = [Wait(0.3), Tone(CNG), HangUp()]
    told = call(Tones, steps, options={"fax_extension": "9000"})
    assert ("transfer", "9000 XML default") in told.executed()


def test_tones_hands_a_calling_fax_to_another_application(capsys):
    async def story():
        async def answer_fax(call):
            await call.set("faxed", "yes")
            await call.hangup()

        apps = {"tones": Tones({"fax_app": "fax"}), "fax": Scripted(answer_fax)}
        async with serving(apps) as server:
            return await dial(server, [Wait(0.3), Tone(CNG), Wait(20)])

    told = run(story())
    assert told.outcome.went_well
    assert told.variable("faxed") == "yes"
    assert [one["value"] for one in reported(capsys)] == ["cng"]


def test_tones_only_reports_a_fax_where_nothing_else_is_wanted(call, capsys):
    told = call(Tones, [Wait(0.3), Tone(CNG), HangUp()])
    assert {one["value"] for one in reported(capsys)} == {"cng"}
    assert "transfer" not in dict(told.executed())


# -- echo -------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["PCMU", "G722"])
def test_echo_sends_back_what_it_hears(call, codec):
    told = call(Echo, [Tone("tone_stream://v=-10;%(900,0,700)"), Wait(0.3), HangUp()], codec=codec)
    rate = 16000 if codec == "G722" else 8000
    assert loudness_at(told.far_end.heard, 700, rate) == pytest.approx(-10, abs=2)
    assert told.outcome.went_well


def test_echo_is_sample_for_sample_what_was_said(call):
    rng = np.random.default_rng(7)
    sound = rng.integers(-8000, 8000, 8000).astype(np.int16)
    told = call(Echo, far_end=Speaking(sound), codec="L16")
    said, heard = sound, told.far_end.heard
    frame = said[4000:4160]
    places = np.lib.stride_tricks.sliding_window_view(heard, 160)
    assert (places == frame).all(axis=1).any()


class Speaking:
    """A phone that says one array and hangs up a second later."""

    result = None

    def __init__(self, sound):
        self.rate = 8000
        self._sound = sound
        self._at = 0
        self._heard = []

    @property
    def hangup_due(self):
        return self._at >= len(self._sound) + 4000

    def speak(self, n):
        said = np.zeros(n, np.int16)
        piece = self._sound[self._at : self._at + n]
        said[: len(piece)] = piece
        self._at += n
        return said

    def hear(self, samples):
        self._heard.append(samples)

    def out_of_band(self, n):
        return []

    @property
    def heard(self):
        return np.concatenate(self._heard)


# -- record -----------------------------------------------------------------------------------


def recording(told, directory):
    return soundfile.read(directory / f"{told.outcome.uuid}.wav", dtype="int16")


def test_record_writes_both_sides_and_ends_at_the_key(call, tmp_path):
    steps = [Tone("tone_stream://v=-10;%(700,0,400)"), Keys("1#"), Wait(20)]
    told = call(Record, steps, options={"directory": str(tmp_path), "prompt": PROMPT})
    sound, rate = recording(told, tmp_path)
    assert told.outcome.went_well
    assert told.seconds < 14
    assert (rate, sound.shape[1]) == (8000, 2)
    assert loudness_at(sound[:, 0], 400) == pytest.approx(-10, abs=2)
    assert loudness_at(sound[:, 1], 1500) == pytest.approx(-10, abs=2)


def test_record_ends_with_the_call(call, tmp_path):
    told = call(Record, [Wait(0.6), HangUp()], options={"directory": str(tmp_path), "end": ""})
    assert len(recording(told, tmp_path)[0]) > 800


def test_record_ends_at_its_longest_time_whatever_is_keyed(call, tmp_path):
    steps = [Wait(0.3), *[Keys("1", off_ms=300)] * 40]
    options = {"directory": str(tmp_path), "seconds": 1.2}
    told = call(Record, steps, options=options)
    assert told.outcome.went_well
    assert told.seconds < 15


# -- a stream that FreeSWITCH ends in mid-call -----------------------------------------------


def struck(app):
    """The application, with an operator who plays a file into its first session."""

    async def strike(call):
        await until(lambda: call._session is not None)
        await call.connection.execute("playback", "tone_stream://%(200,0,600)")

    class Struck(app):
        async def on_call(self, call):
            async with asyncio.TaskGroup() as both:
                if not call.reentries:
                    both.create_task(strike(call))
                await super().on_call(call)

    return Struck


@pytest.mark.usefixtures("losing")
@pytest.mark.parametrize("app", [Tones, Echo, Record])
def test_a_stream_that_is_lost_is_asked_for_anew(call, caplog, capsys, tmp_path, app):
    options = {
        Tones: {"end": "#", "prompt": PROMPT, "record": str(tmp_path)},
        Echo: {},
        Record: {"end": "#", "prompt": PROMPT, "directory": str(tmp_path)},
    }[app]
    last = [HangUp()] if app is Echo else [Keys("#"), Wait(30)]
    steps = [Wait(8), Tone("tone_stream://v=-10;%(900,0,700)"), *last]
    told = call(struck(app), steps, options=options, seconds=80.0)
    executed = told.executed()
    assert [name for name, _ in executed].count("transfer") == 1
    assert told.outcome.hangup_cause == "NORMAL_CLEARING"
    loud = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(loud) == 1
    assert "nothing is heard any more" in loud[0]
    if app is Echo:
        assert loudness_at(told.far_end.heard, 700) == pytest.approx(-10, abs=2)
        return
    uuid = told.outcome.uuid
    assert {one.name for one in tmp_path.iterdir()} == {f"{uuid}.wav", f"{uuid}-2.wav"}
    sound, _ = soundfile.read(tmp_path / f"{uuid}-2.wav", dtype="int16")
    assert loudness_at(sound[:, 0], 700) == pytest.approx(-10, abs=2)
    assert not sound[:, 1].any()  # the prompt is not played once more
