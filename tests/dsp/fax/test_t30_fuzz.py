"""Far ends that say anything at any time: to the procedure by itself, and to whole terminals."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fax_anything import FarEnd


@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=300, deadline=None)
def test_whatever_is_heard_the_procedure_ends_and_tells_what_is_so(seed):
    far = FarEnd.of(seed)
    for _ in range(far.any.choice([10, 40, 80])):
        far.turn()
    far.leave()
