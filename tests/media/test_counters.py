import numpy as np

from mediasock.media.counters import Counters, StreamStats


def test_totals_outlive_a_row():
    counters = Counters(3)
    counters.add("received", np.array([0, 2]))
    counters.add("lost", np.array([0, 2]), np.array([5, 0]))
    assert counters.of(0) == StreamStats(received=1, lost=5)
    assert counters.get("lost", np.array([2, 0])).tolist() == [0, 5]
    counters.clear(0)
    assert counters.of(0) == StreamStats()
    assert counters.totals() == StreamStats(received=2, lost=5)
