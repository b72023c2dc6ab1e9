import pytest

from mediasock.switch import sip
from mediasock.switch.plan import CODECS, CallSetup
from mediasock.switch.profile import Profile, Times
from tests.support.desk import counted_uuids

NOW = 1_700_000_000_000_000


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("stage", ["invite", "media", "acknowledged", "bye"])
def test_every_place_of_a_template_has_its_fact(codec: str, stage: str) -> None:
    facts = sip.facts(CallSetup("h:1", codec=codec), "agent", 1, NOW, counted_uuids())
    for name, value in sip.variables(stage, facts):
        assert "$" not in value, name


def test_the_codec_is_negotiated_as_it_was_offered() -> None:
    facts = sip.facts(CallSetup("h:1", codec="G722", ptime_ms=30), "agent", 1, NOW, counted_uuids())
    media = dict(sip.variables("media", facts))
    assert (media["read_rate"], media["rtp_use_pt"]) == ("16000", "9")
    assert media["rtp_last_audio_codec_string"] == "G722@8000h@30i@1c"
    assert "m=audio 16390 RTP/AVP 9 101 13" in facts["remote_sdp"]


def test_an_event_that_was_never_recorded_has_an_origin_all_the_same() -> None:
    assert sip.origin("CHANNEL_ANSWER")[0] == "switch_channel.c"
    assert len(sip.origin("RECORD_START")) == 3


def test_moments() -> None:
    assert sip.stamp(NOW) == "2023-11-14 22:13:20"
    assert sip.gmt(NOW) == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_the_record_of_an_answered_call() -> None:
    times = Times(
        created=NOW, answered=NOW + 1_500_000, media=NOW + 500_000, hangup=NOW + 4_100_000
    )
    profile = Profile("u", "1001", "200", "c", NOW, times=times)
    record = dict(sip.report(profile, "USER_BUSY", "12#", ("playback", "x.wav")))
    assert record["hangup_cause_q850"] == "17"
    assert (record["digits_dialed"], record["last_arg"]) == ("12#", "x.wav")
    assert (record["duration"], record["billsec"], record["billmsec"]) == ("4", "3", "2600")
    assert (record["progress_mediamsec"], record["waitsec"]) == ("500", "0")


def test_the_record_of_a_call_that_was_never_answered() -> None:
    profile = Profile("u", "1", "2", "c", NOW, times=Times(created=NOW, hangup=NOW + 1))
    record = dict(sip.report(profile, "ORIGINATOR_CANCEL", "", ("socket", "")))
    assert record["digits_dialed"] == "none"
    assert record["billusec"] == "0"
    assert "answer_stamp" not in record
