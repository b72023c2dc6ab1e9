"""After the warming no fax waits for a compiler, or for what one has left on the disk."""

import subprocess
import sys

FAXES = """
import numpy as np
from PIL import Image

from dsp.fax import hdlc, t4
from dsp.fax.document_tone import bilevel
from dsp.fax.ready import warm
from tests.support.loops import cold, compiled


def kept(values):
    values.flags.writeable = False
    return values


def apart(values):
    return kept(np.repeat(values, 2, axis=0)[::2])


warm()
assert cold("dsp.fax") == []
assert cold("dsp.modem") == []
before = compiled()
frames = [bytes.fromhex("ff1380"), bytes(200)]
bits = hdlc.encode(frames)
for some in (bits, apart(bits), kept(bits.copy())):
    deframer = hdlc.Deframer()
    given = deframer.process(some[:0]) + deframer.process(some[:100]) + deframer.process(some[100:])
    assert [one.octets for one in given] == frames
    deframer.finish()
rows = np.random.default_rng(1).integers(0, 256, (300, 216), dtype=np.uint8)
for coding in ("MH", "MR", "MMR"):
    for some in (rows, rows[:0], apart(rows), kept(rows.copy())):
        octets = t4.encode(some, 1728, coding)
        assert (t4.decode(octets, 1728, coding)[0] == some).all()
        decoder = t4.Decoder(coding, 1728)
        decoder.process_bits(apart(np.unpackbits(np.frombuffer(octets, dtype=np.uint8))))
        decoder.finish()
grey = Image.linear_gradient("L")
for tone in ("dither", "threshold", "auto"):
    for some in (grey, Image.fromarray(np.array(grey)), grey.crop((0, 0, 7, 90))):
        assert bilevel(some, tone).any()
print(sorted(name for _, name, _ in compiled() - before))
"""


def test_nothing_is_compiled_or_loaded_after_the_warming():
    run = subprocess.run([sys.executable, "-c", FAXES], capture_output=True, text=True, check=False)
    assert run.stdout == "[]\n", run.stdout + run.stderr
