"""All scenarios in which the terminal is called: it receives, or is polled.

See tests/support/fax_scenarios.py.
"""

import pytest

from tests.support.fax_scenarios import catalogue
from tests.support.fax_trial import with_ours


@pytest.mark.parametrize("scenario", [one for one in catalogue() if not one.calling], ids=str)
def test_it_goes_as_t30_says(scenario):
    trial = with_ours(scenario)
    assert not trial.problems, trial
