"""What a fax terminal hears of both sides of recorded calls of a real FreeSWITCH."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest
import soundfile

from dsp.fax.capabilities import Settings
from dsp.fax.ears import Carrier, Control, Data, Ears, Picture, Trained, TrainingFailed
from dsp.fax.frames import CommandFrame, parse
from dsp.fax.modems import is_short
from tests.support.faxed import CALLS, FCD, RCP, page_bits, truth, zeros
from tests.support.fixture import FIXTURES


@dataclass
class Burst:
    """What a fast modem has sent, as it is written beside the recordings."""

    channel: int
    settings: Settings
    short: bool
    check: bool
    begin: float
    end: float = 0.0
    bits: list = field(default_factory=list)
    frames: list = field(default_factory=list)


class Overheard:
    """Both sides of a call, each by ears of its own that are told what to expect by DCS."""

    def __init__(self, sound):
        self.control, self.bursts, self.carriers, self.odd = [], [], [0, 0], []
        self._ears = [Ears(), Ears()]
        self._settings, self._check = None, True
        for begin in range(0, len(sound), 160):
            for side in range(2):
                for event in self._ears[side].process(sound[begin : begin + 160, side]):
                    self._take(side, event)
        for side in range(2):
            for event in self._ears[side].finish():
                self._take(side, event)

    def _take(self, side, event):
        match event:
            case Control(at, octets, True):
                self.control.append((side + 1, at / 8000, octets.hex()))
                frame = parse(octets)
                if isinstance(frame, CommandFrame):
                    self._settings, self._check = frame.settings, True
                    self._ears[side].expect(self._settings.rate)
            case Carrier(_, False, True):
                self.carriers[side] += 1
            case Trained(at):
                short = is_short(self._settings.rate, not self._check)
                self.bursts.append(Burst(side + 1, self._settings, short, self._check, at / 8000))
            case Data(_, bits):
                self.bursts[-1].bits.append(bits)
            case Picture(_, octets, good):
                if good:
                    self.bursts[-1].frames.append(octets)
            case Carrier(at, True, False):
                self.bursts[-1].end, self._check = at / 8000, False
                now = self._settings
                self._ears[side].expect(now.rate, short=True, frames=now.ecm)
            case TrainingFailed() | Control():
                self.odd.append((side, event))


@cache
def overheard(name):
    return Overheard(soundfile.read(FIXTURES / "fax" / f"{name}.flac", dtype="int16")[0])


@pytest.mark.parametrize("name", CALLS)
def test_every_frame_of_a_recorded_call_is_heard(name):
    found, expected = overheard(name).control, truth(name)["control"]
    assert [(side, octets) for side, _, octets in found] == [
        (one["channel"], one["octets"]) for one in expected
    ]
    for (_, at, _), other in zip(found, expected, strict=True):
        assert at == pytest.approx(other["at"], abs=0.1)
    assert overheard(name).odd == []


@pytest.mark.parametrize("name", CALLS)
def test_every_burst_of_a_recorded_call_is_heard(name):
    found, expected = overheard(name).bursts, truth(name)["bursts"]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        rate = f"{other['modem'].replace('v', 'V.')} {other['bit_rate']}"
        assert (one.channel, one.settings.rate, one.short) == (
            *(other["channel"], rate, other["short_training"]),
        )
        assert (one.begin, one.end) == pytest.approx((other["from"], other["to"]), abs=0.1)
        bits = np.concatenate([np.zeros(0, np.uint8), *one.bits])
        if one.check:
            assert zeros(bits) == other["zeros"]
        elif one.settings.ecm:
            assert [part[3] for part in one.frames if part[2] == FCD] == other["parts"]
            assert sum(part[2] == RCP for part in one.frames) == other["ends"]
        else:
            page = page_bits(bits, two_dimensional=one.settings.coding == "MR")
            assert len(page) == other["bits"]


@pytest.mark.parametrize("name", CALLS)
def test_v21_comes_in_a_recorded_call_as_often_as_it_is_sent(name):
    call = overheard(name)
    for side, carriers in enumerate(call.carriers):
        last = [one for one in call.control if one[0] == side + 1 and one[2][2:4] == "13"]
        holes = [one for one in truth(name)["holes"] if one["channel"] == side + 1]
        assert len(last) <= carriers <= len(last) + len(holes)
