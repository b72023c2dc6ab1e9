"""The loops of a training's fit: the equations of its taps, and where it is most like itself.

Complex numbers are in two rows, real and imaginary parts, so that loops become vectors.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dsp.compiled import entry, fast

__all__ = ["likenesses", "normal"]

_Floats: TypeAlias = NDArray[np.float64]
_Number: TypeAlias = Any


@fast
def _add(into: tuple[_Floats, _Floats], times: _Number, line: tuple[_Floats, _Floats]) -> None:
    """Add a line of complex numbers, parts apart, times the conjugate of one."""
    into_real, into_imaginary = into
    real, imaginary = line
    a, b = times.real, times.imag
    for k in range(len(into_real)):
        into_real[k] += a * real[k] + b * imaginary[k]
        into_imaginary[k] += a * imaginary[k] - b * real[k]


@entry
def normal(
    halves: _Floats, sent: NDArray[np.complex128], good: NDArray[np.bool_], sums: _Floats
) -> None:
    """Sum up the equations of those symbols that are good.

    A symbol's window is that of the one before, two samples on. So are the products of any two
    samples in it, and only those with the first two of a window are summed up; the others follow
    from these, but for the ends of each run of good symbols.

    Parameters
    ----------
    halves
        ``(2, 2 * len(sent) + span - 2)``: the samples, two a symbol, parts apart.
    sent
        ``(n,)`` symbols.
    good
        ``(n,)``.
    sums
        ``(2, span + 1, span)`` zeros, where the sums go, parts apart: by rows the samples of the
        windows times the conjugates of each of them, and last times those of the symbols.
    """
    size = sums.shape[2]
    for k in range(len(sent)):
        if good[k]:
            line = halves[0][2 * k : 2 * k + size], halves[1][2 * k : 2 * k + size]
            for i in range(2):
                _add((sums[0][i], sums[1][i]), complex(line[0][i], line[1][i]), line)
            _add((sums[0][size], sums[1][size]), sent[k], line)
    within = False
    for k in range(len(sent) + 1):
        now = k < len(sent) and good[k]
        if now != within:
            within = now
            _edge(halves, 2 * k, -1.0 if now else 1.0, sums)
    for i in range(2, size):
        for j in range(2):
            sums[0, i, j], sums[1, i, j] = sums[0, j, i], -sums[1, j, i]
        for j in range(2, size):
            sums[0, i, j] += sums[0, i - 2, j - 2]
            sums[1, i, j] += sums[1, i - 2, j - 2]


@fast
def _edge(halves: _Floats, at: int, sign: float, sums: _Floats) -> None:
    """Add what a window has lost or won by being two samples later, where a run ends or begins."""
    size = sums.shape[2] - 2
    line = halves[0][at : at + size], halves[1][at : at + size]
    for i in range(size):
        times = complex(sign * line[0][i], sign * line[1][i])
        _add((sums[0][i + 2][2:], sums[1][i + 2][2:]), times, line)


@fast
def _symbol(line: tuple[_Floats, _Floats], taps: tuple[_Floats, _Floats]) -> complex:
    """Return what taps make of a line of samples."""
    real, imaginary = line
    taps_real, taps_imaginary = taps
    out_real = out_imaginary = np.float64(0.0)
    for k in range(len(real)):
        out_real += taps_real[k] * real[k] - taps_imaginary[k] * imaginary[k]
        out_imaginary += taps_real[k] * imaginary[k] + taps_imaginary[k] * real[k]
    return complex(out_real, out_imaginary)


@entry
def likenesses(
    halves: _Floats, taps: _Floats, known: NDArray[np.complex128], out: NDArray[np.float64]
) -> None:
    """Tell how like known symbols are what taps make of the sound, from each of some places on.

    Parameters
    ----------
    halves
        ``(2, fine, n)``: by rows the samples, two a symbol, each row that part of a half later.
    taps
        ``(2, span)``.
    known
        ``(m,)`` symbols.
    out
        Where the likenesses go, the place being this part of a half later each time: shares of the
        energy of both.
    """
    span = taps.shape[1]
    for place in range(len(out)):
        real, imaginary = halves[0][place % halves.shape[1]], halves[1][place % halves.shape[1]]
        alike, energy = complex(0.0, 0.0), np.float64(0.0)
        for k in range(len(known)):
            at = place // halves.shape[1] + 2 * k
            line = real[at : at + span], imaginary[at : at + span]
            symbol = _symbol(line, (taps[0], taps[1]))
            alike += symbol * known[k].conjugate()
            energy += symbol.real * symbol.real + symbol.imag * symbol.imag
        out[place] = (alike.real * alike.real + alike.imag * alike.imag) / energy
