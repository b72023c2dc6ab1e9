"""How loops are compiled that are many functions calling each other.

What numba does for each function by itself is left out where it is of no use, which takes a third
off the time: a wrapper for callers in C, and for those in Python where there are none, and counting
references. So none may make an array; all belong to who calls the entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import njit

__all__ = ["entry", "fast", "inlined", "kernel", "numbers"]

_Function = TypeVar("_Function", bound=Callable[..., object])

# numba has no annotations for these
_BARE: dict[str, Any] = {"no_cfunc_wrapper": True, "_nrt": False}


def numbers(count: int) -> list[Any]:
    """Ascending from 0, for constants that kernels are given as arguments.

    To numba a Python int that is written down is a type of its own, for which what is given it is
    compiled once more; an int of numpy's is not.
    """
    return list(np.arange(count))


def entry(function: _Function) -> _Function:
    """Compile what Python calls; it is kept on disk with all that it calls."""
    compiled: _Function = njit(nogil=True, cache=True, error_model="numpy", **_BARE)(function)
    return compiled


def kernel(function: _Function) -> _Function:
    """Compile what is called by entries and other kernels, never by Python."""
    inner = {**_BARE, "no_cpython_wrapper": True}
    compiled: _Function = njit(nogil=True, error_model="numpy", **inner)(function)
    return compiled


def fast(function: _Function) -> _Function:
    """Compile a kernel whose sums may be taken in any order, so that several are taken at once."""
    inner = {**_BARE, "no_cpython_wrapper": True, "fastmath": True}
    compiled: _Function = njit(nogil=True, error_model="numpy", **inner)(function)
    return compiled


def inlined(function: _Function) -> _Function:
    """Compile a kernel into each place that calls it.

    What takes and gives tuples would pass them through memory in a call: MH is encoded at half the
    speed then.
    """
    inner = {**_BARE, "no_cpython_wrapper": True, "forceinline": True}
    compiled: _Function = njit(nogil=True, error_model="numpy", **inner)(function)
    return compiled
