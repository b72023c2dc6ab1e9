"""What V.17's code can do where nothing but noise is in the way: ``python -m bench trellis``.

Symbols, noise, decoder: no line, no filters, no loops. It is the bound of every receiver of V.17
that decodes symbol by symbol.
"""

import time

import numpy as np

from dsp.modem import v17
from dsp.modem.coding import encode
from dsp.modem.trellis import RATES, Decoder
from dsp.modem.types import Bits, Complex
from dsp.types import RATE

SYMBOLS, NOISES = 500_000, 12
STEPS = {7200: 12.6, 9600: 15.9, 12000: 19.1, 14400: 22.1}
"""dB of Es/N0 that the steps begin at."""
STEP, COUNT = 0.2, 5
TARGET = 1e-4
BAND = 10 * np.log10(RATE / 2 / 2400)
"""dB by which white noise is stronger in all of the band than in that of the symbols."""


def _noisy(sent: Complex, ratio: float, seed: int) -> Complex:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(sent), 2), dtype=np.float32).view(np.complex64)[:, 0]
    return sent + noise * np.float32(np.sqrt(0.5 * 10 ** (-ratio / 10)))


def _errors(rate: int, bits: Bits, heard: Complex) -> tuple[float, float]:
    """Return bit error rates before and after the descrambler, which is linear."""
    scrambler = v17.scheme(rate).scrambler
    decoded = Decoder(rate).process(heard)
    wrong = decoded ^ bits[: len(decoded)]
    return float(wrong.mean()), float(scrambler.descramble(wrong, scrambler.state()).mean())


def _nanoseconds(rate: int, heard: Complex) -> float:
    decoder, best = Decoder(rate), np.inf
    for part in np.array_split(heard, 50):
        begin = time.process_time_ns()
        decoder.process(part)
        best = min(best, (time.process_time_ns() - begin) / len(part))
    return float(best)


def _row(rate: int) -> str:
    code = v17.scheme(rate)
    bits = np.random.default_rng(rate).integers(0, 2, SYMBOLS * code.bits, dtype=np.uint8)
    sent = code.points[encode(code.coder, bits, 0)[0]]
    ratios = STEPS[rate] + STEP * np.arange(COUNT)
    rates = np.array(
        [
            np.mean([_errors(rate, bits, _noisy(sent, at, seed)) for seed in range(NOISES)], axis=0)
            for at in ratios
        ]
    )
    decoded, data = (
        np.interp(np.log10(1 / TARGET), np.log10(1 / column), ratios) for column in rates.T
    )
    cost = _nanoseconds(rate, _noisy(sent, ratios[0], 0))
    cells = (f"{decoded:.2f} dB", f"{data:.2f} dB", f"{data - BAND:.2f} dB", f"{cost:.0f} ns")
    return f"| {rate} | {' | '.join(cells)} |"


def run() -> str:
    """Return the table."""
    head = "decoded | descrambled | the same in noise over 4 kHz | CPU a symbol"
    lines = [f"| V.17: Es/N0 for a bit error rate of 1e-4 | {head} |", "| --- |" + " --- |" * 4]
    return "\n".join(lines + [_row(rate) for rate in sorted(RATES, reverse=True)])
