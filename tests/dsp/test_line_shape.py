"""Loops and trunks, measured by a multi-sine and held to the tables that they are made of."""

import tomllib
from importlib import resources

import numpy as np
import pytest

from dsp.line import Line, LineError, Shape, shapes
from dsp.types import RATE

STEP = 12.5
"""Hz between the tones of a multi-sine."""


def tables() -> dict:
    found = {}
    for file in resources.files("dsp").joinpath("lines").iterdir():
        found |= tomllib.loads(file.read_text("utf-8"))
    return found


TABLES = tables()


def measured(*impairments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequencies, dB of loss and seconds of group delay, by a multi-sine."""
    period = round(RATE / STEP)
    tones = np.arange(4, period // 2 - 1)
    spectrum = np.zeros(period // 2 + 1, dtype=complex)
    spectrum[tones] = np.exp(2j * np.pi * np.random.default_rng(5).random(len(tones)))
    one = np.fft.irfft(spectrum)
    sent = np.tile(np.rint(one * 3000 / one.std()).astype(np.int16), 24)
    line = Line(impairments)
    heard = line.process(sent)[-16 * period :].reshape(16, period).mean(axis=0)
    response = np.fft.rfft(heard)[tones] / np.fft.rfft(sent[:period])[tones]
    hz = tones * STEP
    # what is left of the delay is a small part of a turn between two tones
    response *= np.exp(2j * np.pi * hz * line.delay / RATE)
    turned = np.angle(response[2:] / response[:-2])
    return hz[1:-1], -20 * np.log10(np.abs(response))[1:-1], -turned / (2 * np.pi * 2 * STEP)


def parts(name: str) -> list[dict]:
    """Tables of a connection, as the files have them."""
    entry = TABLES[name]
    if isinstance(entry, str):
        return [part for one in entry.split("+") for part in parts(one)]
    return [entry]


def cell(name: str, what: str, hz: float) -> float | None:
    """What a table, or all of a connection, have at a frequency; None where one has nothing."""
    columns = [
        dict(zip(part.get(f"{what}_hz", part["hz"]), part[what], strict=True))
        for part in parts(name)
        if what in part
    ]
    found = [column.get(hz) for column in columns]
    return sum(found) if found and None not in found else None


@pytest.mark.parametrize("name", sorted(TABLES))
def test_shapes_are_what_the_tables_say(name):
    compared = {"db": 0, "us": 0}
    for hz, loss, delay in zip(*measured(Shape(name)), strict=True):
        db, us = cell(name, "db", hz), cell(name, "us", hz)
        if db is not None and db <= 40:
            assert loss == pytest.approx(db, abs=0.15), hz
            compared["db"] += 1
        if us is not None and 300 <= hz <= 3400:
            assert delay == pytest.approx(us * 1e-6, abs=0.1e-3), hz
            compared["us"] += 1
    for what, count in compared.items():
        least = 16 if name == "proakis" else 28
        assert count >= least or not any(what in part for part in parts(name))


def test_a_shape_can_be_had_by_half_and_of_several_parts():
    hz, whole, late = measured(Shape("ad-8+edd-3"))
    _, half, less = measured(Shape("ad-8+edd-3", scale=0.5))
    inside = (hz >= 300) & (hz <= 3400)
    assert np.abs(half - whole / 2)[inside].max() < 0.05
    assert np.abs(less - late / 2)[inside].max() < 0.05e-3
    assert {"good", "medium", "bad", "eia-1", "etsi-2", "pcm-3"} <= set(shapes())


def test_good_is_better_than_medium_and_that_than_bad():
    found = [measured(Shape(name)) for name in ("good", "medium", "bad")]
    inside = [
        (loss[(hz >= 600) & (hz <= 3000)], late[(hz >= 600) & (hz <= 3000)])
        for hz, loss, late in found
    ]
    slopes = [float(np.ptp(loss)) for loss, _ in inside]
    spreads = [float(np.ptp(late)) for _, late in inside]
    assert slopes == sorted(slopes) and slopes[0] < 4 and slopes[2] > 12
    assert spreads == sorted(spreads) and spreads[0] < 0.5e-3 and spreads[2] > 3e-3


def test_a_shape_that_there_is_not_is_refused():
    with pytest.raises(LineError, match="no line 'eia-8': there are ad-1, "):
        Shape("eia-1+eia-8")
    with pytest.raises(LineError, match="a scale"):
        Shape("ad-1", scale=-1.0)
