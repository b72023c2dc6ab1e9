"""Bits given as they are asked for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dsp.fax.slices import sliced
from dsp.modem import v29
from dsp.modem.types import given as taken


@given(st.lists(st.integers(0, 1)), st.lists(st.integers(0, 40)))
def test_all_bits_come_once_and_in_order(bits, counts):
    given_bits = np.array(bits, dtype=np.uint8)
    source, at = sliced(given_bits), 0
    for count in counts:
        some = source(count)
        assert some.tolist() == bits[at : at + count]
        at += count
    assert source(len(bits)).tolist() == bits[at:]
    assert len(source(1)) == 0


def test_no_bit_is_copied():
    bits = np.zeros(100, dtype=np.uint8)
    assert np.shares_memory(taken(sliced(bits)(50)), bits)


def test_a_modem_sends_them_all():
    bits = np.random.default_rng(1).integers(0, 2, 5000).astype(np.uint8)
    modem = v29.Transmitter(9600)
    modem.start(sliced(bits))
    parts = []
    while not modem.done:
        parts.append(modem.pull(160))
    assert np.array_equal(np.concatenate(parts), v29.Transmitter(9600).modulate(bits))
