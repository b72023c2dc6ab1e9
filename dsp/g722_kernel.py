"""G.722's arithmetic, whole numbers throughout, as clause 6.2 writes it out.

Names are the recommendation's: ``s`` the signal estimate, ``sz`` its zero section, ``d`` the
quantized difference, ``r`` and ``p`` the full and the partial reconstruction, ``nb`` and ``det``
the scale factor as logarithm and as number, ``a`` and ``b`` the predictor's coefficients.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dsp.types import Samples

Words = NDArray[np.int32]

# Where each of a sub-band's variables lies in its line of the state.
_S, _SZ, _NB, _DET = 0, 1, 2, 3
_A1, _A2, _R1, _R2, _P1, _P2 = 4, 5, 6, 7, 8, 9
_B, _D = 10, 16
WORDS = 22
"""Words of a sub-band's state."""
PAST = 22
"""Samples that the 24-tap filter needs beside the two that come."""
PAIRS = 11
"""Pairs of sub-band samples that the receive filter needs beside the one that comes."""
LOW, HIGH = 0, 1
FIRST_DET = (32, 8)
"""The scale factors after a reset (6.2.1.3, SCALEL; 6.2.2.3, SCALEH)."""

# Table 11: the quadrature mirror filters' 24 coefficients, times 8192, of which the second half
# mirrors the first. The even ones are one branch; the odd ones are the same backwards.
_HALF = [3, -11, -11, 53, 12, -156, 32, 362, -210, -805, 951, 3876]
_TAPS = np.array(_HALF + _HALF[::-1], np.int32)[::2].copy()

# Table 14: the decision levels of the 60-level quantizer.
_LEVELS = np.array(
    [0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650]
    + [714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
    np.int32,
)
# Tables 15 and 16: output levels by 4-, 5- and 6-bit codeword.
_QQ4 = np.array(
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200]
    + [20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
    np.int32,
)
_QQ5 = np.array(
    [-280, -280, -23352, -17560, -14120, -11664, -9752, -8184]
    + [-6864, -5712, -4696, -3784, -2960, -2208, -1520, -880]
    + [23352, 17560, 14120, 11664, 9752, 8184, 6864, 5712]
    + [4696, 3784, 2960, 2208, 1520, 880, 280, -280],
    np.int32,
)
_POSITIVE = [24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192]
_POSITIVE += [6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360]
_POSITIVE += [1040, 728]
_QQ6 = np.array(
    [-136] * 4 + [-level for level in _POSITIVE] + _POSITIVE + [432, 136, -432, -136], np.int32
)
_OUTPUTS = np.zeros((3, 64), np.int32)
for _mode, _levels in enumerate((_QQ6, _QQ5, _QQ4)):
    _OUTPUTS[_mode, : len(_levels)] = _levels
_QQ2 = np.array([-7408, -1616, 7408, 1616], np.int32)
# Tables 13 and 17: what a codeword adds to the logarithm of the scale factor.
_W_LOW = np.array([-60, -30, 58, 172, 334, 538, 1198, 3042], np.int32)[
    [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0]
]
_W_HIGH = np.array([798, -214, 798, -214], np.int32)
# Table 18: 2048 times the 32nd parts of an octave.
_OCTAVE = np.round(2048 * 2 ** (np.arange(32) / 32)).astype(np.int32)


@njit(nogil=True, cache=True)
def _saturate(value: int) -> int:
    return min(max(value, -32768), 32767)


@njit(nogil=True, cache=True)
def _saturate_15(value: int) -> int:
    return min(max(value, -16384), 16383)


@njit(nogil=True, cache=True)
def _scale(nb: int, change: int, most: int, shift: int) -> tuple[int, int]:
    """Blocks LOGSCL, SCALEL and their like: the scale factor for the next sample."""
    nb = min(max((nb * 127 >> 7) + change, 0), most)
    octave = _OCTAVE[nb >> 6 & 31]
    down = shift - (nb >> 11)
    det = octave << -down if down < 0 else octave >> down
    return nb, det << 2


@njit(nogil=True, cache=True)
def _adapt(band: Words, d: int) -> None:
    """Block 4 (6.2.1.4): learn from a quantized difference, and estimate the next sample."""
    r = _saturate(band[_S] + d)
    p = _saturate(band[_SZ] + d)
    same_1, same_2 = (p < 0) == (band[_P1] < 0), (p < 0) == (band[_P2] < 0)
    # UPPOL2
    a1, a2 = band[_A1], band[_A2]
    lean = _saturate(a1 << 2)
    lean = min(-lean, 32767) if same_1 else lean
    a2 = (128 if same_2 else -128) + (lean >> 7) + (a2 * 32512 >> 15)
    a2 = min(max(a2, -12288), 12288)
    # UPPOL1
    a1 = _saturate((192 if same_1 else -192) + (a1 * 32640 >> 15))
    room = _saturate(15360 - a2)
    a1 = min(max(a1, -room), room)
    # UPZERO, DELAYA and FILTEZ
    step = 128 if d != 0 else 0
    sz = 0
    newer = d
    for i in range(6):
        old = band[_D + i]
        push = step if (old < 0) == (d < 0) else -step
        b = _saturate(push + (band[_B + i] * 32640 >> 15))
        sz += b * _saturate(newer + newer) >> 15
        band[_B + i] = b
        band[_D + i] = newer
        newer = old
    # FILTEP and PREDIC
    sz = _saturate(sz)
    sp = _saturate((a1 * _saturate(r + r) >> 15) + (a2 * _saturate(2 * band[_R1]) >> 15))
    band[_A1], band[_A2] = a1, a2
    band[_R2], band[_R1] = band[_R1], r
    band[_P2], band[_P1] = band[_P1], p
    band[_SZ] = sz
    band[_S] = _saturate(sp + sz)


@njit(nogil=True, cache=True)
def _learn_low(band: Words, il: int) -> None:
    """Go on from the four bits of the lower sub-band that all modes have in common."""
    d = band[_DET] * _QQ4[il] >> 15
    band[_NB], band[_DET] = _scale(band[_NB], _W_LOW[il], 18432, 8)
    _adapt(band, d)


@njit(nogil=True, cache=True)
def _learn_high(band: Words, ih: int) -> int:
    """Go on from the two bits of the higher sub-band; return its output, not yet limited."""
    d = band[_DET] * _QQ2[ih] >> 15
    out = band[_S] + d
    band[_NB], band[_DET] = _scale(band[_NB], _W_HIGH[ih], 22528, 10)
    _adapt(band, d)
    return int(out)


@njit(nogil=True, cache=True)
def _quantize_low(e: int, det: int) -> int:
    """Block QUANTL: the 6-bit codeword of a difference (table 14)."""
    magnitude = -(e + 1) if e < 0 else e
    interval = 1
    while interval < 30 and magnitude >= _LEVELS[interval] * det >> 12:
        interval += 1
    if e >= 0:
        return 62 - interval
    return 64 - interval if interval < 3 else 34 - interval


@njit(nogil=True, cache=True)
def _quantize_high(e: int, det: int) -> int:
    """Block QUANTH: the 2-bit codeword of a difference (table 17)."""
    magnitude = -(e + 1) if e < 0 else e
    far = magnitude >= 564 * det >> 12
    if e >= 0:
        return 2 if far else 3
    return 0 if far else 1


@njit(nogil=True, cache=True)
def encode(samples: Samples, past: Words, bands: Words, out: NDArray[np.uint8]) -> None:
    """Encode pairs of samples.

    ``samples`` is ``(2 n,)``, ``out`` ``(n,)``; ``past`` ``(PAST,)`` are the samples before, and
    ``bands`` ``(2, WORDS)``.
    """
    line = np.empty(PAST + len(samples), np.int32)
    line[:PAST] = past
    line[PAST:] = samples
    for k in range(len(out)):
        even = odd = 0
        for i in range(12):
            odd += line[2 * (k + i)] * _TAPS[i]
            even += line[2 * (k + i) + 1] * _TAPS[11 - i]
        low, high = bands[LOW], bands[HIGH]
        e = _saturate(_saturate_15(even + odd >> 14) - low[_S])
        il = _quantize_low(e, low[_DET])
        e = _saturate(_saturate_15(even - odd >> 14) - high[_S])
        ih = _quantize_high(e, high[_DET])
        _learn_low(low, il >> 2)
        _learn_high(high, ih)
        out[k] = ih << 6 | il
    past[:] = line[len(samples) :]


@njit(nogil=True, cache=True)
def decode(codes: NDArray[np.uint8], dropped: int, past: Words, bands: Words, out: Samples) -> None:
    """Decode octets.

    ``codes`` is ``(n,)``, ``out`` ``(2 n,)``; ``dropped`` is how many of an octet's last bits are
    not of the sound; ``past`` ``(2, PAIRS)`` are the differences and sums of the sub-bands before.
    """
    pairs = np.empty((2, PAIRS + len(codes)), np.int32)
    pairs[:, :PAIRS] = past
    for k in range(len(codes)):
        low, high = bands[LOW], bands[HIGH]
        il = codes[k] & 63
        r_low = low[_S] + (low[_DET] * _OUTPUTS[dropped, il >> dropped] >> 15)
        _learn_low(low, il >> 2)
        r_high = _saturate_15(_learn_high(high, codes[k] >> 6))
        r_low = _saturate_15(r_low)
        pairs[0, PAIRS + k] = r_low - r_high
        pairs[1, PAIRS + k] = r_low + r_high
        first = second = 0
        for i in range(12):
            first += pairs[0, k + i] * _TAPS[11 - i]
            second += pairs[1, k + i] * _TAPS[i]
        out[2 * k] = _saturate(first >> 11)
        out[2 * k + 1] = _saturate(second >> 11)
    past[:] = pairs[:, len(codes) :]
