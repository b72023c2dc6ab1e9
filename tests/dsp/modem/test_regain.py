"""Phase and level after a hit, for the points of all modems."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.modem.differential import Differential
from dsp.modem.regain import regained
from tests.support.modem_sounds import MODULES, SCHEMES

COUNT = 80


def points_of(name, rate):
    scheme = MODULES[name].scheme(rate)
    if isinstance(scheme.code, Differential):
        return scheme.points[scheme.code.words]
    return scheme.points


@pytest.mark.parametrize(("name", "rate"), SCHEMES)
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-180, 180), st.floats(-20, 20))
def test_any_phase_and_level_are_found(name, rate, seed, degrees, db):
    points = points_of(name, rate)
    random = np.random.default_rng(seed)
    apart = np.abs(points[:, None] - points)
    noise = 0.1 * np.min(apart[apart > 1e-3])
    sent = random.choice(points, COUNT)
    symbols = sent + noise * (random.standard_normal((COUNT, 2)) @ [1, 1j])
    hit = 10 ** (db / 20) * np.exp(1j * np.radians(degrees))
    factor = regained((symbols * hit).astype(np.complex64), points)
    assert factor is not None
    turned = factor * hit
    # by a symmetry of the points, and no more than that
    assert abs(turned) == pytest.approx(1, abs=0.08)
    left = np.min(np.abs(points * turned - points[:, None]), axis=0)
    assert np.max(left) < 0.3 * np.min(apart[apart > 1e-3])


@pytest.mark.parametrize("rate", [14400, 9600, 7200])
def test_symbols_of_any_phase_each_have_hardly_ever_one(rate):
    points = points_of("v17", rate)
    random = np.random.default_rng(rate)
    sent = random.choice(points, (40, COUNT))
    turned = sent * np.exp(2j * np.pi * random.random(sent.shape))
    found = [regained(one.astype(np.complex64), points) for one in turned]
    assert found.count(None) >= 32
