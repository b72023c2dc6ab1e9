"""Recordings through the very same detectors that hear calls.

>>> from mediasock.offline import analyze
>>> "".join(one.value for one in analyze("fixtures/tone_stream/dtmf_set_timing.flac"))
'159#'
"""

from __future__ import annotations

from .analysis import analyze, analyze_samples
from .request import EVERYTHING, ChannelError, DamageError, Finding, Raw, ReadError, Request

__all__ = [
    "EVERYTHING",
    "ChannelError",
    "DamageError",
    "Finding",
    "Raw",
    "ReadError",
    "Request",
    "analyze",
    "analyze_samples",
]
