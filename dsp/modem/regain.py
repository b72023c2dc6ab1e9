"""After a hit: the phase and the level by which symbols are points again.

No loop finds them that moves by decisions, for these mean nothing then. So many are tried, and that
is taken which leaves least over; if it leaves much less than most do, for else it would be chance.
"""

from __future__ import annotations

import numpy as np

from dsp.modem.types import Complex

__all__ = ["regained"]

_PHASES = np.linspace(-0.5, 0.5, 24, endpoint=False)
"""In parts of the angle that turns the points into each other."""

_LEVELS = np.linspace(0.91, 1.09, 3)
"""Times the one that the symbols' power tells."""

_ROUNDS = 3
_SURE = 0.65
"""What may be left over, in parts of what usually is."""

_OTHER = 0.12
"""By which part the level may be another than the power tells; for noise small ones fit best."""


def _nearest(symbols: Complex, points: Complex) -> Complex:
    return np.asarray(points[np.argmin(np.abs(symbols[..., None] - points), axis=-1)])


def _same(points: Complex) -> float:
    """Return the least angle that turns the points into each other, 45 or 90 degrees."""
    turned = points * np.exp(1j * np.pi / 4)
    return np.pi / 4 if np.allclose(turned, _nearest(turned, points), atol=1e-3) else np.pi / 2


def regained(symbols: Complex, points: Complex) -> complex | None:
    """Return what the symbols are to be multiplied with.

    Parameters
    ----------
    symbols
        ``(n,)``: the latest, all after the hit. Eighty are enough for 128 points.
    points
        ``(m,)``: where they should be, each as often as any other.

    Returns
    -------
    complex or None
        Nothing if no factor is clearly better than the others.

    Examples
    --------
    >>> points = np.array([1, 1j, -1, -1j, 3 + 3j, -3 + 3j, -3 - 3j, 3 - 3j], dtype=np.complex64)
    >>> sent = np.random.default_rng(1).choice(points, 80)
    >>> factor = regained(0.7 * sent * np.exp(0.5j), points)
    >>> f"{abs(factor):.3f} {np.angle(factor):.3f}"
    '1.429 -0.500'
    """
    power = np.mean(np.abs(symbols) ** 2)
    if power == 0.0:
        return None
    level = np.sqrt(np.mean(np.abs(points) ** 2) / power)
    turns = np.exp(1j * _same(points) * _PHASES)
    factors = (level * turns[:, None] * _LEVELS).reshape(-1)
    tried = symbols * factors[:, None]
    noise = np.mean(np.abs(tried - _nearest(tried, points)) ** 2, axis=1)
    factor = complex(factors[np.argmin(noise)])
    for _ in range(_ROUNDS):
        near = _nearest(symbols * factor, points)
        # not so as to leave least, which would make symbols small where there is noise
        factor = complex(np.vdot(near, near) / np.vdot(near, symbols))
    made = symbols * factor
    left = float(np.mean(np.abs(made - _nearest(made, points)) ** 2))
    sure = left < _SURE * np.median(noise) and abs(abs(factor) / level - 1.0) < _OTHER
    return factor if sure else None
