"""Far ends that say anything at any time: to the procedure by itself, and to whole terminals."""

import random
from functools import cache

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsp.fax.config import EVERYTHING, Config
from dsp.fax.sink import Pages
from dsp.fax.terminal import FaxTerminal
from dsp.types import RATE
from tests.support.fax_anything import CONFIRMS, ONLY_LINES, PAGES, FarEnd
from tests.support.fax_call import call
from tests.support.fax_frames import FIXTURES


@given(seed=st.integers(0, 1 << 32))
@example(seed=4501827)
@example(seed=10758)
@settings(max_examples=200, deadline=None)
def test_whatever_is_heard_the_procedure_ends_and_tells_what_is_so(seed):
    far = FarEnd.of(seed)
    for _ in range(far.any.choice([10, 40, 80])):
        far.turn()
    far.leave()


# -- with sound --------------------------------------------------------------------------------

RECORDED = ["v29_nonecm", "v17_ecm_l16", "v17_nonecm", "v29_ecm"]
KINDS = {
    # who calls, what it sends and whether it receives; and which kind is its far end
    "sends": (True, True, False, "receives"),
    "polls": (True, False, True, "is polled"),
    "both": (True, True, True, "answers"),
    "receives": (False, False, True, "sends"),
    "is polled": (False, True, False, "polls"),
    "answers": (False, True, True, "both"),
}


def terminal(kind, able, received, **others):
    """A terminal of a kind."""
    calling, sends, receives, _ = KINDS[kind]
    return FaxTerminal(
        calling,
        send=PAGES if sends else [],
        receive=received if receives else None,
        config=Config(ident="1", able=able, **others),
    )


@cache
def heard(kind, able):
    """What a terminal of a kind hears in a call that goes well."""
    calling, *_, other = KINDS[kind]
    ends = terminal(kind, able, Pages()), terminal(other, able, Pages())
    made = call(*(ends if calling else ends[::-1]), sound=True)
    assert made.ok
    return made.heard[0 if calling else 1]


@cache
def others():
    """Both sides of calls that were recorded, and what is no call."""
    found = []
    for one in RECORDED:
        found += list(soundfile.read(FIXTURES / f"{one}.flac", dtype="int16")[0].T)
    noise = np.random.default_rng(1).normal(0, 800, 3 * RATE).astype(np.int16)
    return [*found, noise, np.zeros(2 * RATE, np.int16)]


def pieces(some, call, seconds):
    """A call to some point, and from there pieces of it and of others, some of them spoiled."""
    begin = some.randrange(len(call))
    yield call[:begin]
    left = int(seconds * RATE)
    while left > 0:
        sound = call if some.random() < 0.7 else some.choice(others())
        begin = some.choice([begin, some.randrange(len(sound))])
        part = sound[begin : begin + some.choice([800, 8000, 24_000, 80_000])].astype(np.int32)
        begin += len(part)
        match some.randrange(8):
            case 0:
                part = part[::-1]
            case 1:
                part *= some.choice([-1, 3, 40])
            case 2:
                other = some.choice(others())[: len(part)]
                part[: len(other)] += other
        yield np.clip(part, -32768, 32767).astype(np.int16)
        left -= max(80, len(part))


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 1 << 32))
@settings(max_examples=5, deadline=None)
def test_whatever_sounds_a_terminal_ends_and_claims_nothing(kind, seed):
    some = random.Random(seed)
    able, received = some.choice([EVERYTHING, ONLY_LINES]), Pages()
    one = terminal(kind, able, received, interrupts=some.random() < 0.3, seconds=150.0)
    for part in pieces(some, heard(kind, able), 30.0):
        assert len(one.process(part)) == len(part)
    one.process(np.zeros(150 * RATE, np.int16))
    assert one.done
    result = one.result
    assert result.outcome is not None and result.seconds <= 155.0
    frames = {(line.side, line.frame.name) for line in result.trace if line.frame}
    if result.ok:
        side = "heard" if result.sending else "sent"
        assert frames & {(side, name) for name in CONFIRMS}
        assert len(result.confirmed) >= (len(PAGES) if result.sending else 1)
    if not result.sending and not KINDS[kind][1]:
        assert len(result.pages) <= len(received)
