"""Phase and level after a hit, for the points of all modems."""

import numpy as np
import pytest

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
def test_any_phase_and_level_are_found(name, rate):
    points = points_of(name, rate)
    random = np.random.default_rng(rate)
    apart = np.abs(points[:, None] - points)
    noise = 0.1 * np.min(apart[apart > 1e-3])
    found = 0
    for _ in range(40):
        sent = random.choice(points, COUNT)
        symbols = sent + noise * (random.standard_normal((COUNT, 2)) @ [1, 1j])
        hit = 10 ** random.uniform(-1, 1) * np.exp(1j * random.uniform(-np.pi, np.pi))
        factor = regained((symbols * hit).astype(np.complex64), points)
        if factor is None:
            continue
        found += 1
        turned = factor * hit
        # by a symmetry of the points, and no more than that
        assert abs(turned) == pytest.approx(1, abs=0.08)
        left = np.min(np.abs(points * turned - points[:, None]), axis=0)
        assert np.max(left) < 0.3 * np.min(apart[apart > 1e-3])
    # one of a thousand is not clear enough among 128 points
    assert found >= 39


@pytest.mark.parametrize("rate", [14400, 9600, 7200])
def test_symbols_of_any_phase_each_have_hardly_ever_one(rate):
    points = points_of("v17", rate)
    random = np.random.default_rng(rate)
    sent = random.choice(points, (40, COUNT))
    turned = sent * np.exp(2j * np.pi * random.random(sent.shape))
    found = [regained(one.astype(np.complex64), points) for one in turned]
    assert found.count(None) >= 32
