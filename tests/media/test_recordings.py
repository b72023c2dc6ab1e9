"""The media of a real FreeSWITCH, as it was recorded, through the engine at its own times."""

import base64
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from mediasock.media.notices import Stopped
from mediasock.media.wire import Wire
from tests.support.media import MS, Lines

DIRECTORY = Path(__file__).parents[2] / "fixtures" / "freeswitch"
WIRES = {
    "unicast_pcmu_native": Wire("PCMU", 8000, 20),
    "unicast_pcma_native": Wire("PCMA", 8000, 20),
    "unicast_g722_l16": Wire("L16", 16000, 20),
}


def recordings():
    """Return (scenario, wire, [(ms, datagram), …]) for each stream of each scenario."""
    found = []
    for path in sorted(DIRECTORY.glob("*.json.gz")):
        scenario = path.name.removesuffix(".json.gz")
        if scenario == "unicast_g722_native":  # a form that we never ask for
            continue
        streams = {}
        with gzip.open(path) as file:
            for time, port, content in json.load(file)["media"]:
                streams.setdefault(port, []).append((time * 1000, base64.b64decode(content)))
        wire = WIRES.get(scenario, Wire())
        found += [pytest.param(wire, rows, id=f"{scenario}-{k}")
                  for k, rows in enumerate(streams.values())]  # fmt: skip
    return found


@pytest.mark.parametrize(("wire", "datagrams"), recordings())
def test_every_frame_is_taken_and_the_timeline_is_true(wire, datagrams):
    lines = Lines()
    lines.open(0, wire, loop_back=True)
    start = lines.now
    for at, content in datagrams:
        arrival = start + int(at * MS)
        while lines.now + 5 * MS < arrival:
            lines.step(after=5)
        lines.now = arrival
        (answer,) = lines.step((0, content))
        assert len(answer[1]) == wire.frame_bytes
    stats = lines.stats()
    assert stats.received == len(datagrams)
    wrong = (stats.doubled, stats.lost, stats.oversized, stats.malformed, stats.irregular)
    assert wrong == (0, 0, 0, 0, 0)
    frames = len(datagrams) + stats.gap_frames
    assert lines.total() == frames * wire.ptime_ms * 8
    assert stats.gaps == len(lines.notices(kind=Stopped))
    pauses = np.diff([at for at, _ in datagrams])
    assert stats.gaps == np.count_nonzero(pauses >= 255)
