"""What fax modems' sound is made of: its symbols, and how far two sounds are from each other."""

import numpy as np

from dsp.modem import v17, v27ter, v29
from dsp.modem.scheme import opening
from dsp.modem.shaping import SPAN, root_raised_cosine
from dsp.types import RATE, amplitude
from tests.support import spandsp_modems

MODULES = {"v17": v17, "v29": v29, "v27ter": v27ter}

SCHEMES = [(name, rate) for name, module in MODULES.items() for rate in module.BIT_RATES]

BURSTS = [
    (name, rate, short)
    for name, rate in SCHEMES
    for short in (False, True)
    if not short or MODULES[name].scheme(rate).short is not None
]

LEVEL = -15.0
"""dBm0 at which bursts are sent over lines."""

NEEDED = {
    ("v17", 14400): 20.5,
    ("v17", 12000): 17.5,
    ("v17", 9600): 14.2,
    ("v17", 7200): 11.0,
    ("v29", 9600): 18.0,
    ("v29", 7200): 14.4,
    ("v29", 4800): 10.4,
    ("v27ter", 4800): 13.5,
    ("v27ter", 2400): 7.0,
}
"""dB of signal to noise from 0 to 4 kHz at which one bit of 10,000 is wrong, as was measured."""

_REACH = 30
"""Symbols to both sides over which a symbol is looked for."""

_FINER = 64
"""Steps of a sample in which a delay is looked for."""


def random_bits(count, seed=0):
    return np.random.default_rng(seed).integers(0, 2, count, dtype=np.uint8)


def symbols_of(sound, scheme, level, count, first=0):
    """Return symbols of a burst of ours by a matched filter at the instants where they are."""
    turn = RATE / scheme.symbol_rate
    middles = (np.arange(first, first + count) + SPAN / 2) * turn
    at = np.rint(middles[:, None]).astype(int) + np.arange(-int(_REACH * turn), int(_REACH * turn))
    padded = np.concatenate([sound, [0]]).astype(float)
    window = padded[np.where((at >= 0) & (at < len(sound)), at, -1)]
    pulse = root_raised_cosine((at - middles[:, None]) / turn, scheme.rolloff)
    carrier = np.exp(-2j * np.pi * scheme.carrier * (at / RATE - SPAN / 2 / scheme.symbol_rate))
    return (window * pulse * carrier).sum(axis=1) * 2 / turn / amplitude(level)


def _analytic(sound, size):
    spectrum = np.fft.fft(sound.astype(float), size)
    spectrum[size // 2 :] = 0
    return spectrum


def difference(ours, theirs, count):
    """Return how loud the difference of two bursts is, in dB of ours, and theirs' delay in samples.

    Before that theirs is delayed, turned and scaled so that it is most like ours. The difference
    is that of the first ``count`` samples.
    """
    size = 1 << int(len(ours) + len(theirs)).bit_length()
    one, other = _analytic(ours, size), _analytic(theirs, size)
    shared = one * other.conj()
    likeness = np.abs(np.fft.ifft(shared))
    middle = int(np.argmax(likeness))
    middle -= size * (middle > size // 2)
    frequencies = np.fft.fftfreq(size)
    delays = middle + np.arange(-_FINER, _FINER + 1) / _FINER
    used = np.abs(shared) > 1e-4 * np.abs(shared).max()
    fits = np.exp(2j * np.pi * np.outer(delays, frequencies[used])) @ shared[used]
    best = int(np.argmax(np.abs(fits)))
    moved = fits[best] / np.sum(np.abs(other) ** 2) * other
    moved *= np.exp(-2j * np.pi * delays[best] * frequencies)
    left, whole = (np.fft.ifft(part)[:count] for part in (one - moved, one))
    ratio = np.sum(np.abs(left) ** 2) / np.sum(np.abs(whole) ** 2)
    return 10 * np.log10(ratio), float(delays[best])


def received(receiver, sound):
    """Give a receiver the sound between silences; return its bits and what it reports."""
    quiet = np.zeros(RATE // 5, dtype=np.int16)
    bits = receiver.process(np.concatenate([quiet, sound, quiet]))
    return bits, [one.what for one in receiver.reports()]


def of_peer(name, rate, *, bits, short=False):
    """Return a burst of ours, the peer's, and how many samples of ours have training and data."""
    ours = MODULES[name].Transmitter(rate, short_training=short)
    theirs = spandsp_modems.Transmitter(name, rate, short_training=short)
    scheme = ours.scheme
    before = opening(scheme, scheme.short if short else scheme.long).symbols
    symbols = len(before) + len(bits) // scheme.bits
    return ours.modulate(bits), theirs.modulate(bits), symbols * RATE // scheme.symbol_rate
