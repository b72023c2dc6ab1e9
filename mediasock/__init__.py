"""A media server beside FreeSWITCH: control of a call, its sound as numpy, events out."""

import os

# The products of a 20 ms tick are too small to be shared out: OpenBLAS's threads quadruple their
# CPU time, and on a busy box wait for one another. It reads this once, when numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
