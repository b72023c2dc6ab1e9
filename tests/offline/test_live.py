"""A call that is recorded and then analysed: what was heard in it live, sample for sample."""

import asyncio
from typing import ClassVar

import pytest

from dsp.types import RATE
from mediasock.app import App
from mediasock.offline import analyze, analyze_samples
from mediasock.switch.far_end import FarEnd, HangUp, Keys, Tone, Wait
from tests.offline.material import SIGNALS
from tests.support.calls import dial, run, serving

LEAD = 2.0
"""Seconds within which the recording has begun, also on a loaded box."""

STEPS = [
    Wait(LEAD),
    Keys("159#"),
    Wait(0.2),
    Tone("tone_stream://v=-13;%(1500,500,350,440)"),
    Keys("0D", on_ms=60, off_ms=70),
    Tone("tone_stream://v=-14;L=3;%(500,500,480,620)"),
    Tone("tone_stream://v=-12;%(500,200,1100)"),
    Wait(0.8),
    HangUp(),
]
CODECS = {"PCMU": 8000, "G722": 16000, "L16": 8000}


class Recorded(App):
    """Record every call and keep what was heard in it."""

    defaults: ClassVar = {"directory": ""}

    def __init__(self, options):
        super().__init__(options)
        self.heard, self.stats = {}, {}

    async def on_call(self, call):
        async with call.media() as media:
            media.record(f"{self.options['directory']}/{call.uuid}.wav")
            told = self.heard[call.uuid] = []
            media.on_detection(told.append)
            async for _ in media.frames():
                pass
            self.stats[call.uuid] = media.stream.stats


def samples(finding):
    """When it began and ended, in samples: seconds are rounded in their last bit alone."""
    return (round(finding.start * RATE, 6), round(finding.end * RATE, 6))


@pytest.mark.parametrize("at_once", [list(CODECS)])
def test_a_recorded_call_is_heard_as_it_was_live(tmp_path, at_once):
    list(analyze_samples(FarEnd(STEPS, rate=8000).speak(160_000), 8000))  # compiles what is heard
    app = Recorded({"directory": str(tmp_path)})

    async def story():
        async with serving(app, detect=SIGNALS.detect) as server:
            calls = [dial(server, STEPS, codec=codec, seconds=80.0) for codec in at_once]
            return await asyncio.gather(*calls)

    for codec, told in zip(at_once, run(story()), strict=True):
        live = [one for one in app.heard[told.outcome.uuid] if one.ended]
        recording = tmp_path / f"{told.outcome.uuid}.wav"
        later = [one for one in analyze(recording, SIGNALS) if one.channel == 1]
        if not app.stats[told.outcome.uuid].gaps:  # where the box stands still, a digit may break
            assert "".join(one.value for one in live if one.kind == "dtmf") == "159#0D"
            assert {"tone", "fax"} <= {one.kind for one in live}
        # the recording begins some frames after the stream
        offset = live[0].start - round(later[0].start * RATE)
        assert 0 <= offset <= LEAD * RATE
        assert offset % 80 == 0
        assert [
            (one.kind, one.value, one.start - offset, one.end - offset, one.level) for one in live
        ] == [(one.kind, one.value, *samples(one), one.level) for one in later], codec
