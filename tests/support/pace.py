"""Calls in real time, on a box that puts this process aside now and then."""

import pytest

from mediasock import digits
from mediasock.media import delivery, recorder, timeline


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a busy box does to a call is not told of the call.

    Where this process is put aside, a stream has no frame for a while and the loop does not run:
    here no stream stops for that or is slow, and no loop is said to be stuck. Nor is sound lost
    to a disk that is, or a key that came both ways two keys.
    """
    monkeypatch.setattr(timeline, "GAP_AFTER", 1_000_000 * timeline.MS)
    monkeypatch.setattr(timeline, "SLOW_BELOW", 0.0)
    monkeypatch.setattr(delivery, "STUCK_AFTER", 1_000_000 * timeline.MS)
    monkeypatch.setattr(recorder, "MAX_WAITING", 1_000_000)
    monkeypatch.setattr(digits, "SAME_PRESS", 60.0)
