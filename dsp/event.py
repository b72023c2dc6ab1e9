"""What ears write of what they hear, before detections are made of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EVENT", "NONE"]

EVENT = np.dtype(
    [
        ("row", np.int64),
        ("unit", np.int64),
        ("what", np.int64),
        ("start", np.float64),
        ("end", np.float64),
        ("power", np.float64),
    ]
)
"""Something that has begun, or is over.

``unit`` is the unit, of those heard together, that made it known; ``what`` counts the ear's
meanings; ``start`` and ``end`` are samples since the row's reset, ``end`` −1 while it sounds;
``power`` is a mean square.
"""

NONE: NDArray[np.void] = np.zeros(0, dtype=EVENT)
"""No events."""
