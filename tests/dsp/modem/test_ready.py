"""After the warming no burst waits for a compiler, or for what one has left on the disk."""

import subprocess
import sys

BURSTS = """
import sys

import numpy as np
from numba.core.registry import CPUDispatcher

from dsp.modem import v21
from dsp.modem.ready import warm
from tests.support.modem_sounds import BURSTS, MODULES, random_bits, received


def there():
    modules = [module for name, module in sys.modules.items() if name.startswith("dsp.")]
    values = {id(one): one for module in modules for one in vars(module).values()}
    loops = [one for one in values.values() if isinstance(one, CPUDispatcher)]
    return {(one.__module__, one.__name__, str(how)) for one in loops for how in one.overloads}


cold = there()
warm()
before = there()
for name, rate, short in BURSTS:
    module, bits = MODULES[name], random_bits(rate // 8 * 2)
    sound = module.Transmitter(rate, short_training=short).modulate(bits)
    assert "trained" in received(module.Receiver(rate, short_training=short), sound)[1]
bits = np.tile(np.array([0, 1, 1, 1, 1, 1, 1, 0], dtype=np.uint8), 20)
transmitter, receiver = v21.Transmitter(), v21.Receiver()
assert received(receiver, transmitter.modulate(bits))[1]
receiver.restart()
transmitter.start(lambda count: bits[:count])
transmitter.pull(4000)
print(len(before - cold) > 3, sorted(name for _, name, _ in there() - before))
"""


def test_nothing_is_compiled_or_loaded_after_the_warming():
    run = subprocess.run(
        [sys.executable, "-c", BURSTS], capture_output=True, text=True, check=False
    )
    assert run.stdout == "True []\n", run.stdout + run.stderr
