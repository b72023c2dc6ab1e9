import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax.config import EVERYTHING, Config, FaxError
from dsp.fax.sink import Pages
from dsp.fax.terminal import FaxTerminal
from tests.support.fax_pages import letter, strip

PAGES = [strip(letter(), 300), strip(letter(), 200)]
ONLY_LINES = replace(EVERYTHING, ecm=False, mmr=False)


def both(here, there, *, minutes=3.0):
    """Let two terminals talk; what each has said, a row a block."""
    sound = np.zeros(160, dtype=np.int16)
    said, heard = [], []
    for _ in range(int(minutes * 3000)):
        if here.done and there.done:
            break
        said.append(here.process(sound))
        sound = there.process(said[-1])
        heard.append(sound)
    return np.concatenate(said), np.concatenate(heard)


@pytest.fixture(scope="module")
def call():
    """Both sides of a call without error correction, and what the one that called heard."""
    here = FaxTerminal(True, send=PAGES, config=Config(ident="+1 555 0100", able=ONLY_LINES))
    there = FaxTerminal(False, receive=Pages())
    said, heard = both(here, there)
    assert here.result.ok and there.result.ok
    return said, heard


@given(st.lists(st.integers(0, 700), min_size=1, max_size=12))
@settings(max_examples=6, deadline=None)
def test_what_is_said_does_not_depend_on_how_blocks_are_cut(call, sizes):
    said, heard = call
    # what is heard in a block is said to in the next one: by itself the first one is silent
    heard = np.concatenate([np.zeros(160, dtype=np.int16), heard])[: len(said)]
    terminal = FaxTerminal(True, send=PAGES, config=Config(ident="+1 555 0100", able=ONLY_LINES))
    found, at, turn = [], 0, 0
    while at < len(heard):
        size = sizes[turn % len(sizes)] or 1
        found.append(terminal.process(heard[at : at + size]))
        at, turn = at + size, turn + 1
    assert np.array_equal(np.concatenate(found), said)
    assert terminal.result.ok


def test_a_call_is_told_frame_by_frame():
    received = Pages()
    here = FaxTerminal(True, send=PAGES, config=Config(ident="+1 555 0100"))
    there = FaxTerminal(False, receive=received, config=Config(ident="+1 555 0199"))
    both(here, there)
    result = there.result
    frames = [(one.side, one.frame.title) for one in result.trace if one.frame is not None]
    assert frames == [
        ("sent", "CSI"),
        ("sent", "DIS"),
        ("heard", "TSI"),
        ("heard", "DCS"),
        ("sent", "CFR"),
        ("heard", "PPS-MPS"),
        ("sent", "MCF"),
        ("heard", "PPS-EOP"),
        ("sent", "MCF"),
        ("heard", "DCN"),
    ]
    assert result.far_ident == "+1 555 0100" and here.result.far_ident == "+1 555 0199"
    assert [one.confirmed for one in result.pages] == [True, True]
    assert [one.height for one in result.pages] == [300, 200]
    assert result.rate == "V.17 14400" and result.ecm and result.coding == "MMR"
    assert sum(result.phases.values()) == pytest.approx(result.seconds)
    assert result.record()["outcome"]["number"] == 0


class Slow(Pages):
    """A store that takes so many looks until a page is safe."""

    def __init__(self, looks):
        super().__init__()
        self.looks, self.left = looks, looks

    def put(self, page, quality):
        super().put(page, quality)
        self.left = self.looks

    @property
    def stored(self):
        self.left -= 1
        return len(self) if self.left <= 0 else max(0, len(self) - 1)


@pytest.mark.parametrize("able", [EVERYTHING, ONLY_LINES])
@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_a_page_is_confirmed_when_it_is_stored_and_not_before(able, seconds):
    here = FaxTerminal(True, send=PAGES, config=Config(able=able))
    there = FaxTerminal(False, receive=Slow(round(seconds * 50)))
    both(here, there)
    assert here.result.ok and there.result.ok
    said = [one.frame.title for one in there.result.trace if one.frame and one.side == "sent"]
    assert ("RNR" in said) == (seconds > 1 and able is EVERYTHING)
    for record in there.result.pages:
        assert record.seconds >= seconds


class Full(Pages):
    """A store with room for one page."""

    def put(self, page, quality):
        if not self:
            super().put(page, quality)
        else:
            self.full = True

    full = False

    @property
    def trouble(self):
        return "No space left on device" if self.full else None


@pytest.mark.parametrize("able", [EVERYTHING, ONLY_LINES])
def test_a_page_that_cannot_be_stored_is_not_confirmed(able):
    here = FaxTerminal(True, send=PAGES, config=Config(able=able))
    there = FaxTerminal(False, receive=Full())
    both(here, there)
    assert there.result.outcome.name == "file_error"
    assert here.result.outcome.name == "dcn_after_page"
    assert len(here.result.confirmed) == len(there.result.confirmed) == 1
    assert here.confirmed == there.confirmed == 1


def test_a_document_is_polled():
    got = Pages()
    here = FaxTerminal(True, receive=got, config=Config(password="42", poll="7"))
    there = FaxTerminal(False, send=PAGES, config=Config(wants_password="42", wants_poll="7"))
    both(here, there)
    assert here.result.ok and there.result.ok
    assert [page.height for page in got] == [300, 200]
    assert not here.result.sending and there.result.sending


def test_who_has_sent_may_poll_in_the_same_call():
    got, theirs = Pages(), Pages()
    here = FaxTerminal(True, send=PAGES[:1], receive=got)
    there = FaxTerminal(False, send=PAGES[1:], receive=theirs)
    both(here, there)
    assert here.result.ok and there.result.ok
    assert [page.height for page in got] == [200]
    assert [page.height for page in theirs] == [300]


@pytest.mark.parametrize(
    ("asks", "wants", "outcome"),
    [
        ({"password": "41"}, {"wants_password": "42"}, "password_refused"),
        ({"poll": "7"}, {"wants_poll": "8"}, "polled_document_refused"),
        ({}, {"wants_poll": "8"}, "polled_document_refused"),
    ],
)
def test_a_wrong_password_or_document_polls_nothing(asks, wants, outcome):
    here = FaxTerminal(True, receive=Pages(), config=Config(**asks))
    there = FaxTerminal(False, send=PAGES, config=Config(**wants))
    both(here, there)
    assert there.result.outcome.name == outcome
    assert not here.result.ok and not here.result.pages


@pytest.mark.parametrize("second", range(1, 24, 3))
def test_a_call_that_is_hung_up_ends_at_once(second):
    here = FaxTerminal(True, send=PAGES)
    there = FaxTerminal(False, receive=Pages())
    both(here, there, minutes=second / 60)
    for end in (here, there):
        end.hang_up()
        assert end.done
        confirmed = len(end.result.confirmed)
        wanted = "ok" if confirmed == len(PAGES) else "call_dropped"
        assert end.result.outcome.name == wanted
        assert not end.process(np.ones(160, dtype=np.int16)).any()


@pytest.mark.parametrize("seconds", [9.0, 12.0, 16.0])
@pytest.mark.parametrize("receives", [False, True])
def test_who_has_taken_as_long_as_it_may_says_so_to_the_far_end(receives, seconds):
    configs = [Config(seconds=seconds), Config()]
    here, there = configs[receives], configs[not receives]
    ends = (
        FaxTerminal(True, send=PAGES, config=here),
        FaxTerminal(False, receive=Pages(), config=there),
    )
    both(*ends)
    limited, other = ends[receives].result, ends[not receives].result
    assert limited.outcome.name == "took_too_long"
    assert limited.seconds == pytest.approx(seconds, abs=3.0)
    said = [one.frame.title for one in limited.trace if one.frame and one.side == "sent"]
    heard = [one.frame.title for one in other.trace if one.frame and one.side == "heard"]
    assert said[-1] == heard[-1] == "DCN" and not other.ok


@pytest.mark.parametrize("able", [EVERYTHING, ONLY_LINES])
def test_both_ends_tell_as_many_octets_of_a_page(able):
    here = FaxTerminal(True, send=PAGES, config=Config(able=able))
    there = FaxTerminal(False, receive=Pages())
    both(here, there)
    for sent, got in zip(here.result.pages, there.result.pages, strict=True):
        # without error correction there are bits of the modem's end, up to 40 ms
        assert sent.octets <= got.octets <= sent.octets + (0 if able.ecm else 72)


def test_a_page_of_another_size_goes_with_its_own_settings():
    received = Pages()
    fine, standard = PAGES[0], replace(PAGES[1], resolution=type(PAGES[1].resolution).STANDARD)
    here = FaxTerminal(True, send=[fine, standard])
    there = FaxTerminal(False, receive=received)
    both(here, there)
    assert here.result.ok and there.result.ok
    titles = [one.frame.title for one in here.result.trace if one.frame and one.side == "sent"]
    assert "PPS-EOM" in titles and titles.count("DCS") == 2
    assert [page.resolution for page in received] == [fine.resolution, standard.resolution]
    assert np.array_equal(received[1].rows, standard.rows)


def test_pages_of_a_document_are_told_by_their_numbers_in_it():
    here = FaxTerminal(True, send=PAGES[:2], config=Config(first=3, total=5))
    there = FaxTerminal(False, receive=Pages())
    both(here, there)
    result = here.result
    assert ([page.number for page in result.pages], result.total) == ([3, 4], 5)
    assert ([page.number for page in there.result.pages], there.result.total) == ([1, 2], None)


def test_the_rate_is_never_above_the_ceiling():
    here = FaxTerminal(True, send=PAGES[:1], config=Config(fastest=9600))
    there = FaxTerminal(False, receive=Pages())
    both(here, there)
    assert here.result.ok and here.result.rate == "V.17 9600"


def test_without_a_common_modem_the_far_end_is_told_so():
    here = FaxTerminal(True, send=PAGES, config=Config(able=replace(EVERYTHING, modems="V.29")))
    there = FaxTerminal(
        False, receive=Pages(), config=Config(able=replace(EVERYTHING, modems="V.27ter"))
    )
    both(here, there)
    assert here.result.outcome.name == "incompatible"
    assert there.result.outcome.name == "dcn_early"


def test_there_must_be_something_to_do():
    with pytest.raises(FaxError, match="nothing to be sent"):
        FaxTerminal(True)
    with pytest.raises(FaxError, match="ident"):
        Config(ident="x" * 21)


@pytest.mark.parametrize("name", ["t85", "t85_l0", "uncompressed"])
def test_nothing_is_offered_that_no_terminal_here_can_do(name):
    with pytest.raises(FaxError, match=r"T\.85 and the uncompressed mode"):
        Config(able=replace(EVERYTHING, **{name: True}))


@pytest.mark.parametrize("silence", [-0.1, math.nan])
def test_no_silence_is_shorter_than_none(silence):
    with pytest.raises(FaxError, match="answer_silence"):
        Config(answer_silence=silence)
