"""The independent peer of our DSP: Debian's libspandsp, by ctypes."""

import ctypes
import ctypes.util
from functools import cache

import pytest


@cache
def _loaded() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("spandsp")
    return None if name is None else ctypes.CDLL(name)


def library() -> ctypes.CDLL:
    """Return libspandsp, or skip the test where it is not installed."""
    loaded = _loaded()
    if loaded is None:
        pytest.skip("libspandsp is not installed")
    return loaded
