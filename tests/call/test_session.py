"""A call's sound over real sockets: streams that do not come, codecs, voice, ears, records."""

import socket

import numpy as np
import pytest
import soundfile

from mediasock import session
from mediasock.esl.errors import HungUp
from mediasock.media import Wire
from mediasock.media.errors import MarkMissed
from mediasock.media.recorder import RecordError
from mediasock.media.sources import PlayError
from mediasock.session import DisplaceError, NoMediaError
from mediasock.switch.far_end import HangUp, Keys, Rfc2833, Tone, Wait
from tests.support.calls import Scripted, dial, loudness_at, run, serving, until

TONE = "tone_stream://v=-10;%(600,0,1000)"


# -- the stream -------------------------------------------------------------------------------


def take_addresses(hub, count):
    """Bind the ends that the hub will give to FreeSWITCH next, so that it cannot."""
    probe = hub.open("probe", Wire("L16", 8000, 20))
    probe.close()
    front, _, last = probe.address.local_ip.rpartition(".")
    taken = []
    for offset in range(1, count + 1):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((f"{front}.{int(last) + offset}", probe.address.local_port))
        taken.append(sock)
    return taken


def with_addresses_taken(count, script, steps=()):
    async def story():
        app = Scripted(script)
        async with serving(app) as server:
            taken = take_addresses(server.hub, count)
            try:
                told = await dial(server, steps)
            finally:
                for sock in taken:
                    sock.close()
        return app, told

    return run(story())


def test_a_taken_address_is_another_try_and_the_call_has_sound(caplog):
    async def script(call):
        async with call.media() as media:
            await media.playback(TONE)
        await call.hangup()

    app, told = with_addresses_taken(1, script)
    assert app.raised == []
    assert loudness_at(told.far_end.heard, 1000) > -30
    missed = [(one.message, one.call) for one in caplog.records if "no sound" in one.message]
    assert missed[0] == ("no sound from FreeSWITCH on try 1", told.outcome.uuid)


def test_no_address_that_works_is_a_clear_error_and_the_call_can_still_be_spoken_to(monkeypatch):
    monkeypatch.setattr(session, "FIRST_FRAME", 0.3)

    async def script(call):
        with pytest.raises(NoMediaError, match=r"3 times.*reachable from FreeSWITCH"):
            async with call.media():
                pass
        await call.playback(TONE)
        await call.hangup()

    app, told = with_addresses_taken(session.ATTEMPTS, script)
    assert app.raised == []
    assert told.outcome.went_well


def test_hangup_while_the_first_frame_is_waited_for(monkeypatch):
    monkeypatch.setattr(session, "FIRST_FRAME", 1000.0)

    async def script(call):
        async with call.media():
            pass

    app, _ = with_addresses_taken(1, script, [Wait(0.3), HangUp()])
    assert [str(one) for one in app.raised] == ["the call was hung up: NORMAL_CLEARING"]


def test_entering_again_goes_on_with_the_stream_that_is_there(talk):
    async def script(call):
        async with call.media() as media:
            await media.playback(TONE)
            first, at = media.stream, media.position
        async with call.media() as media:
            assert media.stream is first
            key = await media.digits(max=1, timeout=20)
            await until(lambda: media.position > at)
        await call.hangup()
        return key

    told = talk(script, [Wait(0.8), Keys("2", off_ms=700), Keys("2"), Wait(5)])
    assert told.returned == "2"
    assert [name for name, _ in told.executed()].count("answer") == 1


def test_only_one_session_at_a_time_and_none_outside_its_block(talk):
    async def script(call):
        async with call.media() as media:
            with pytest.raises(RuntimeError, match="open already"):
                async with call.media():
                    pass
            await media.playback(TONE)
        with pytest.raises(RuntimeError, match="async with"):
            media.play(TONE)
        await call.hangup()

    assert talk(script).raised is None


def test_leaving_it_stops_what_plays_and_what_is_looped_back(talk):
    async def script(call):
        async with call.media() as media:
            media.loop_back()
            media_stream = media.stream
            playing = media.play("tone_stream://%(9000,0,1000)")
            await playing.mark(1600)
        assert await playing == "broken"
        stream, left = media_stream, media_stream.stats.received
        await until(lambda: stream.stats.received >= left + 25)
        sent = stream.stats.sent
        await until(lambda: stream.stats.received >= left + 50)
        assert stream.stats.sent == sent
        await call.hangup()

    assert talk(script).raised is None


@pytest.mark.parametrize(
    ("codec", "ptime", "native", "wire"),
    [
        ("PCMU", 20, False, Wire("L16", 8000, 20)),
        ("PCMU", 20, True, Wire("PCMU", 8000, 20)),
        ("PCMA", 20, True, Wire("PCMA", 8000, 20)),
        ("PCMA", 10, True, Wire("PCMA", 8000, 10)),
        ("PCMU", 10, False, Wire("L16", 8000, 10)),
        ("PCMU", 30, False, Wire("L16", 8000, 30)),
        ("PCMU", 30, True, Wire("PCMU", 8000, 30)),
        ("L16", 20, False, Wire("L16", 8000, 20)),
        ("L16", 20, True, Wire("L16", 8000, 20)),
        ("G722", 20, False, Wire("L16", 16000, 20)),
        ("G722", 20, True, Wire("L16", 16000, 20)),
        ("G722", 10, False, Wire("L16", 16000, 10)),
    ],
)
def test_each_codec_carries_sound_both_ways_and_digits(talk, codec, ptime, native, wire):
    async def script(call):
        async with call.media(native=native) as media:
            key = await media.digits(max=1, timeout=20)
            await media.playback(TONE)
            found = media.stream.wire, media.stream.stats
        await call.hangup()
        return key, *found

    told = talk(script, [Wait(0.2), Keys("3"), Wait(10)], codec=codec, ptime_ms=ptime)
    key, found, stats = told.returned
    assert (key, found) == ("3", wire)
    assert stats.irregular == stats.malformed == stats.oversized == stats.lost == 0
    rate = 16000 if codec == "G722" else 8000
    assert loudness_at(told.far_end.heard, 1000, rate) == pytest.approx(-10, abs=1.5)


@pytest.mark.parametrize("codec", ["PCMU", "G722"])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_frames_come_at_the_rate_that_is_asked_for(talk, codec, rate):
    async def script(call):
        heard = []
        async with call.media() as media:
            async for frame in media.frames(rate):
                heard.append(frame.samples)
                if sum(map(len, heard)) >= rate:
                    break
        await call.hangup()
        return np.concatenate(heard)

    told = talk(script, [Tone("tone_stream://v=-10;%(3000,0,1000)")], codec=codec)
    assert loudness_at(told.returned, 1000, rate) == pytest.approx(-10, abs=1.5)


def test_a_lossy_line_is_survived(talk):
    async def script(call):
        async with call.media() as media:
            await media.playback("tone_stream://v=-10;%(3000,0,1000)")
            stats = media.stream.stats
            position = media.position  # read last: the media thread counts on meanwhile
        await call.hangup()
        return position, stats

    told = talk(script, loss=0.1, jitter_ms=30.0, seed=5)
    position, stats = told.returned
    assert told.outcome.packets_lost > 0
    assert stats.comfort_noise > 0
    assert stats.lost == 0  # the switch fills what its own line loses
    assert position >= stats.received * 160


# -- ears -------------------------------------------------------------------------------------


def test_in_band_and_rfc2833_digits_are_one_queue_without_doubles(talk):
    async def script(call):
        async with call.media() as media:
            keyed = await media.digits(max=9, end="#", timeout=20)
        await call.hangup()
        return keyed

    both_ways = [Keys("5", off_ms=0), Rfc2833("5", on_ms=20)]
    steps = [Wait(0.2), Keys("12"), Rfc2833("34"), *both_ways, Wait(1), Keys("#"), Wait(9)]
    told = talk(script, steps)
    assert sorted(told.returned) == list("12345")


def test_digits_the_switch_also_hears_in_the_sound_count_once(talk):
    async def script(call):
        await call.answer()
        await call.execute("start_dtmf")
        async with call.media() as media:
            keyed = await media.digits(max=9, end="#", timeout=20)
        await call.hangup()
        return keyed

    told = talk(script, [Wait(0.5), Keys("1123"), Wait(1), Rfc2833("#"), Wait(9)])
    assert told.outcome.events["DTMF"] == 5
    assert sorted(told.returned) == list("1123")


def test_a_key_stops_a_prompt_while_its_tone_still_sounds(talk):
    async def script(call):
        heard = []
        async with call.media() as media:
            media.on_detection(lambda one: heard.append((one.value, one.ended, playing.over)))
            playing = media.play("tone_stream://%(20000,0,440)")
            keyed = await media.digits(max=1, timeout=20)
            how = await playing
        await call.hangup()
        return keyed, how, heard[0]

    told = talk(script, [Wait(0.3), Keys("7", on_ms=400), Wait(10)])
    keyed, how, first = told.returned
    assert (keyed, how) == ("7", "broken")
    assert first == ("7", False, True)
    assert told.seconds < 14


def test_without_barge_in_a_prompt_plays_on(talk):
    async def script(call):
        async with call.media() as media:
            playing = media.play("tone_stream://%(20000,0,440)")
            keyed = await media.digits(max=1, timeout=20, barge_in=False)
            assert not playing.over
        await call.hangup()
        return keyed

    assert talk(script, [Wait(0.2), Keys("7"), Wait(10)]).returned == "7"


def test_a_key_that_came_before_stops_the_prompt_at_once(talk):
    async def script(call):
        async with call.media() as media:
            async for one in media.detections("dtmf"):
                if one.ended:
                    break
            playing = media.play("tone_stream://%(20000,0,440)")
            keyed = await media.digits(max=1, timeout=20)
            how = await playing
        await call.hangup()
        return keyed, how

    assert talk(script, [Wait(0.2), Keys("4"), Wait(20)]).returned == ("4", "broken")


def test_playback_is_broken_only_by_its_keys_which_stay_to_be_collected(talk):
    async def script(call):
        async with call.media() as media:
            await media.playback("tone_stream://%(20000,0,440)", break_on="*#")
            keyed = await media.digits(max=3, timeout=20)
        await call.hangup()
        return keyed

    told = talk(script, [Wait(0.2), Keys("12*"), Wait(20)])
    assert told.returned == "12*"
    assert told.seconds < 14


# -- voice ------------------------------------------------------------------------------------


def test_playback_of_what_cannot_be_played_names_it(talk, tmp_path):
    async def script(call):
        async with call.media() as media:
            with pytest.raises(PlayError, match=r"gone\.wav"):
                await media.playback(str(tmp_path / "gone.wav"))
        await call.hangup()

    assert talk(script).outcome.went_well


def test_arrays_and_files_are_played_one_after_the_other_with_a_gain(talk, tmp_path):
    sine = (8000 * np.sin(2 * np.pi * 600 * np.arange(4000) / 8000)).astype(np.int16)
    soundfile.write(tmp_path / "file.wav", sine, 8000)

    async def script(call):
        async with call.media() as media:
            first = media.play(sine, gain_db=-6.0)
            second = media.play(tmp_path / "file.wav", loops=2)
            await second
            assert first.over
            sent = first.sent, second.sent
        await call.hangup()
        return sent

    told = talk(script)
    assert told.returned == (4000, 8000)
    quiet, loud = 8000 * 10 ** (-6 / 20), 8000
    heard = told.far_end.heard.astype(float)
    peaks = [np.abs(heard[at : at + 160]).max() for at in range(0, len(heard) - 160, 160)]
    assert sum(0.9 * loud < peak < 1.1 * loud for peak in peaks) >= 10
    assert sum(0.9 * quiet < peak < 1.1 * quiet for peak in peaks) >= 5


@pytest.mark.usefixtures("losing")
def test_gentones_is_played_by_the_switch_and_the_stream_goes_on(talk):
    async def script(call):
        async with call.media() as media:
            await media.playback(TONE)
            # Longer than a stream without a frame is called lost.
            await media.gentones("v=-10;%(2300,0,700)")
            assert media.lost is None
            key = await media.digits(max=1, timeout=20)
            await media.playback("tone_stream://v=-10;%(300,0,1500)")
        await call.hangup()
        return key

    told = talk(script, [Wait(3.2), *[Keys("5", off_ms=900)] * 20])
    assert told.returned == "5"
    assert ("gentones", "v=-10;%(2300,0,700)") in told.executed()
    for hz in (1000, 700, 1500):
        assert loudness_at(told.far_end.heard, hz) > -20


def test_displace_puts_a_file_of_the_switchs_in_and_takes_it_out(talk, tmp_path):
    path = tmp_path / "music.wav"
    n = np.arange(80000)
    soundfile.write(path, (4000 * np.sin(2 * np.pi * 600 * n / 8000)).astype(np.int16), 8000)

    async def script(call):
        async with call.media() as media:
            await media.displace(str(path), flags="m")
            await media.playback("tone_stream://v=-10;%(600,0,1000)")
            await media.stop_displace(str(path))
            await media.playback("tone_stream://v=-10;%(600,0,1500)")
            assert media.lost is None
        await call.hangup()

    heard = talk(script).far_end.heard
    with_music = heard[: len(heard) // 800 * 800].reshape(-1, 800)
    both = [b for b in with_music if loudness_at(b, 600) > -25 and loudness_at(b, 1000) > -20]
    after = [b for b in with_music if loudness_at(b, 1500) > -20]
    assert len(both) >= 3
    assert after
    assert loudness_at(after[-1], 600) < -40


# -- records ----------------------------------------------------------------------------------


def test_both_sides_are_recorded_while_the_call_runs(talk, tmp_path):
    path = tmp_path / "call.wav"

    async def script(call):
        async with call.media() as media:
            recorder = media.record(path)
            await media.playback("tone_stream://v=-10;%(1000,0,1500)")
            await until(lambda: soundfile.info(path).frames > 0)  # while it runs
            taken = recorder.position
        assert soundfile.info(path).frames >= taken
        await call.hangup()

    talk(script, [Tone("tone_stream://v=-10;%(9000,0,700)")])
    sound, rate = soundfile.read(path, dtype="int16")
    heard, sent = sound.T
    assert rate == 8000
    assert loudness_at(heard, 700) == pytest.approx(-10, abs=1.5)
    assert loudness_at(heard, 1500) < -40
    assert loudness_at(sent, 1500) == pytest.approx(-10, abs=1.5)


def test_a_wide_call_is_recorded_at_its_own_rate(talk, tmp_path):
    async def script(call):
        async with call.media() as media:
            media.record(tmp_path / "wide.wav")
            await media.playback(TONE)
        await call.hangup()

    talk(script, [Tone("tone_stream://%(9000,0,700)")], codec="G722")
    sound, rate = soundfile.read(tmp_path / "wide.wav", dtype="int16")
    assert rate == 16000
    assert loudness_at(sound[:, 1], 1000, 16000) == pytest.approx(-10, abs=1.5)


def test_a_recording_ends_with_the_call_that_is_hung_up(talk, tmp_path):
    async def script(call):
        async with call.media() as media:
            recorders.append(media.record(tmp_path / "call.wav"))
            await media.digits(timeout=None)

    recorders = []
    told = talk(script, [Tone("tone_stream://v=-10;%(800,0,700)"), HangUp()])
    assert type(told.raised).__name__ == "HungUp"
    sound, _ = soundfile.read(tmp_path / "call.wav", dtype="int16")
    assert len(sound) == recorders[0].position > 0
    assert loudness_at(sound[:, 0], 700) == pytest.approx(-10, abs=1.5)


def test_a_recording_that_cannot_begin_says_where(talk, tmp_path):
    async def script(call):
        async with call.media() as media:
            with pytest.raises(RecordError, match="no-such-directory"):
                media.record(tmp_path / "no-such-directory" / "call.wav")
        await call.hangup()

    assert talk(script).outcome.went_well


def test_a_second_recording_takes_the_place_of_the_first(talk, tmp_path):
    async def script(call):
        async with call.media() as media:
            media.record(tmp_path / "one.wav")
            await media.playback(TONE)
            media.record(tmp_path / "two.wav")
            await media.playback(TONE)
        await call.hangup()

    talk(script)
    one, two = (soundfile.info(tmp_path / name).frames for name in ("one.wav", "two.wav"))
    assert one >= 3000
    assert two >= 3000


# -- what FreeSWITCH puts into the call ------------------------------------------------------


def test_displacing_on_an_l16_channel_is_refused_since_it_would_deadlock(talk):
    async def script(call):
        async with call.media() as media:
            with pytest.raises(DisplaceError, match="L16"):
                await media.displace("tone_stream://%(200,0,1000)")
            key = await media.digits(max=1, timeout=20)
        await call.hangup()
        return key

    told = talk(script, [Wait(0.3), Keys("6"), Wait(5)], codec="L16")
    assert told.returned == "6"
    assert "displace_session" not in [name for name, _ in told.executed()]


def test_a_mark_that_is_not_reached_says_so_and_looks_like_no_drain(talk):
    async def script(call):
        async with call.media() as media:
            playing = media.play("tone_stream://%(9000,0,440)")
            mark = playing.mark(70_000)
            await playing.mark(160)
            playing.break_()
            with pytest.raises(MarkMissed):
                await mark
            with pytest.raises(MarkMissed):
                await playing.mark(70_000)
            ended = media.play("tone_stream://%(9000,0,440)").mark(70_000)
            await call.hangup()
            with pytest.raises(HungUp):
                await ended

    assert talk(script).raised is None
