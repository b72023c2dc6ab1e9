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
from mediasock.media import open_hub

hub = open_hub("auto", capacity=1, ears=lambda calls: Ears(calls, detect=DETECTABLE))
hub.start()
hub.stop()
g722.Decoder().decode(g722.Encoder().encode(np.zeros(320, np.int16)))
""",
)


def main():
    """Do so."""
    commands = [[sys.executable, "-c", f"import mediasock\n{part}"] for part in PARTS]
    running = [subprocess.Popen(command) for command in commands]
    sys.exit(max(one.wait() for one in running))


if __name__ == "__main__":
    main()
