"""Fax modems by their names."""

import numpy as np
import pytest

from dsp.fax import modems
from dsp.fax.capabilities import Settings
from dsp.fax.fields import rates
from dsp.modem.types import ModemError
from tests.support.fax_sounds import random_bits

RATES = rates("V.27ter, V.29, V.17")


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("short", [False, True])
def test_all_rates_of_dis_are_sent_and_received(rate, short):
    assert modems.bit_rate(rate) == Settings(rate).bit_rate
    bits = random_bits(4000)
    receiver = modems.receiver(rate)
    silence = np.zeros(2000, dtype=np.int16)
    for one in dict.fromkeys([False, short]):
        receiver.restart(short_training=modems.is_short(rate, one))
        sound = modems.transmitter(rate, short=one).modulate(bits)
        found = receiver.process(np.concatenate([silence, sound, silence]))
        assert np.array_equal(found[: len(bits)], bits)


@pytest.mark.parametrize("rate", RATES)
def test_only_v17_has_a_short_training_in_fax(rate):
    # T.30 has the long one before all messages by V.27 ter, though V.27 ter has a short one
    assert modems.is_short(rate) == rate.startswith("V.17")
    assert not modems.is_short(rate, short=False)


@pytest.mark.parametrize(
    "rate", ["V.17 4800", "V.17", "V.27 ter 4800", "V.34 33600", "", "V.29 ", "V.29 9600 "]
)
@pytest.mark.parametrize("make", [modems.bit_rate, modems.transmitter, modems.receiver])
def test_another_name_is_refused(rate, make):
    with pytest.raises(ModemError, match="no fax modem"):
        make(rate)
