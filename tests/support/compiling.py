"""Has what is compiled compiled once, on two cores, before many workers each begin to.

python -m tests.support.compiling
"""

import subprocess
import sys

PARTS = (
    "from dsp.fax.ready import warm; warm()",
    """
import numpy as np
from dsp import g722
from dsp.ears import Ears
from dsp.kinds import DETECTABLE

silence, row = np.zeros((1, 320), np.int16), np.zeros(1, np.int64)
Ears(1, detect=DETECTABLE).process(silence, row)
g722.Decoder().decode(g722.Encoder().encode(silence[0]))
""",
)


def main():
    """Do so."""
    commands = [[sys.executable, "-c", f"import mediasock\n{part}"] for part in PARTS]
    running = [subprocess.Popen(command) for command in commands]
    sys.exit(max(one.wait() for one in running))


if __name__ == "__main__":
    main()
