"""After the warming no burst waits for a compiler, or for what one has left on the disk."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

BURSTS = """
import numpy as np

from dsp.modem import v21
from dsp.modem.ready import warm
from tests.support.loops import cold, compiled
from tests.support.modem_sounds import BURSTS, MODULES, random_bits

QUIET = np.zeros(1600, dtype=np.int16)


def flags(count):
    return np.resize(np.array([0, 1, 1, 1, 1, 1, 1, 0], dtype=np.uint8), count)


def sent(transmitter, bits):
    queue = [bits]

    def source(count):
        given, queue[0] = queue[0][:count], queue[0][count:]
        return given

    transmitter.start(source)
    parts = [transmitter.pull(0)]
    while not transmitter.done:
        parts.append(transmitter.pull(160))
    return np.concatenate(parts)


def heard(receiver, sound):
    sound = np.concatenate([QUIET, sound, QUIET])
    sound.flags.writeable = False
    receiver.process(sound[:0])
    receiver.process(np.repeat(sound[:2000], 2)[::2])
    receiver.process(sound[2000:])
    told = [one.what for one in receiver.reports()]
    receiver.restart()
    return told


assert "dsp.modem.transmit_kernel.transmit" in cold("dsp.modem")
warm()
assert cold("dsp.modem") == []
before = compiled()
for name, rate, short in BURSTS:
    for bits in (random_bits(0), random_bits(rate // 4), np.repeat(random_bits(99), 2)[::2]):
        bits.flags.writeable = False
        transmitter = MODULES[name].Transmitter(rate, short_training=short)
        receiver = MODULES[name].Receiver(rate, short_training=short)
        sound = sent(transmitter, bits)
        assert sound.tolist() == transmitter.modulate(bits).tolist()
        assert "trained" in heard(receiver, sound)
transmitter, receiver = v21.Transmitter(), v21.Receiver()
for bits in (flags(60), flags(3000), np.repeat(flags(160), 2)[::2]):
    bits.flags.writeable = False
    sound = sent(transmitter, bits)
    assert "carrier up" in heard(receiver, sound)
print(sorted(name for _, name, _ in compiled() - before))
"""


def test_nothing_is_compiled_or_loaded_after_the_warming():
    run = subprocess.run(
        [sys.executable, "-c", BURSTS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stdout == "[]\n", run.stdout + run.stderr
