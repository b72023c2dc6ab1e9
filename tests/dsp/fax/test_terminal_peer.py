"""Our terminal and libspandsp's: pages go either way, by every modem, as they are."""

import numpy as np
import pytest

from bench.fax_ends import IDENTS, OURS, PEER, Able, fax
from dsp.fax.config import Config
from dsp.fax.document import Resolution
from dsp.fax.document_page import Paper
from dsp.fax.sink import Pages
from dsp.fax.terminal import FaxTerminal
from dsp.line import Codec, Delay, Echo, FrequencyOffset, Jitter, Noise, Shape, TwoWay
from tests.support import fax_pages
from tests.support.fax_call import call
from tests.support.spandsp_fax import SpandspFax

BOTH_WAYS = [(OURS, PEER), (PEER, OURS)]
KINDS = [
    ("V.17", True, "MMR", Paper.A4, Resolution.FINE, 5),
    ("V.17", False, "MR", Paper.A4, Resolution.SUPERFINE, 1),
    ("V.17", False, "MH", Paper.B4, Resolution.FINE, 2),
    ("V.29", True, "MR", Paper.A3, Resolution.SUPERFINE, 1),
    ("V.29", True, "MMR", Paper.B4, Resolution.STANDARD, 2),
    ("V.29", False, "MH", Paper.A4, Resolution.STANDARD, 5),
    ("V.27ter", True, "MMR", Paper.A3, Resolution.FINE, 1),
    ("V.27ter", True, "MH", Paper.A4, Resolution.STANDARD, 2),
    ("V.27ter", False, "MR", Paper.A3, Resolution.STANDARD, 1),
]


def named(one):
    return getattr(one, "name", str(one))


def pages(paper=Paper.A4, resolution=Resolution.FINE, count=1):
    whole = [fax_pages.text(paper, resolution, size=0.24, number=n) for n in range(count)]
    return [fax_pages.strip(page, page.height // 5) for page in whole]


def test_the_peer_calls_itself(tmp_path):
    page = fax_pages.letter()
    assert 18000 <= fax_pages.size(page) < 18500
    sent = fax_pages.write([page], tmp_path / "sent.tiff")
    got = tmp_path / "got.tiff"
    made = call(SpandspFax(True, send=sent, ident="+1 555"), SpandspFax(False, receive=got))
    assert made.ok
    assert made.b.rate == "V.17 14400" and made.b.ecm and made.b.coding == "MMR"
    assert made.b.far_ident == "+1 555"
    assert [one.confirmed for one in made.a.pages + made.b.pages] == [True, True]
    assert np.array_equal(fax_pages.rows_in(got), [page.rows])


@pytest.mark.parametrize("ends", BOTH_WAYS, ids="→".join)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(named, kind)))
def test_pages_go_as_they_are(ends, kind):
    family, ecm, coding, paper, resolution, count = kind
    made = fax(ends, pages(paper, resolution, count), Able(family, ecm, coding))
    a, b = made.call.a, made.call.b
    assert made.ok and made.exact == count
    assert a.rate == b.rate and a.rate.startswith(family)
    assert (b.ecm, b.coding, b.resolution) == (ecm, coding, resolution.label)
    assert len(a.confirmed) == len(b.confirmed) == count
    assert {one.width for one in a.pages + b.pages} == {paper.width(resolution)}
    assert (a.far_ident, b.far_ident) == (IDENTS[False], IDENTS[True])


@pytest.mark.parametrize("ends", BOTH_WAYS, ids="→".join)
def test_pages_are_polled(ends):
    made = fax(ends, pages(count=2), polled=True)
    assert made.ok and made.exact == 2
    assert not made.call.a.sending and made.call.b.sending


LINES = {
    "medium": lambda: TwoWay([Shape("medium"), FrequencyOffset(3.0), Noise(-52.0)], seed=1),
    "tandem": lambda: TwoWay([Noise(-50.0), Jitter(5.0), Codec("pcmu", tandem=2)], seed=1),
    "good": lambda: TwoWay(
        [Shape("good"), Noise(-52.0), Jitter(5.0), Codec("pcmu", tandem=2)], seed=1
    ),
    # the peer misses the first short training here, and takes the other way round
    "pcm-2": lambda: TwoWay([Shape("pcm-2"), Noise(-55.0)], seed=1),
    "satellite": lambda: TwoWay([Delay(0.3), Noise(-60.0)], echoes_a=NEAR, echoes_b=NEAR),
}
NEAR, FAR = [Echo(0.004, 14.0)], [Echo(0.004, 14.0), Echo(0.6, 20.0)]


@pytest.mark.parametrize("ends", BOTH_WAYS, ids="→".join)
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_pages_go_over_lines(ends, line):
    made = fax(ends, pages(), line=line(), ppm=50.0)
    assert made.ok and made.exact == 1


def test_ones_own_echo_is_no_answer():
    # libspandsp takes it for one
    line = TwoWay([Delay(0.3)], echoes_a=FAR, echoes_b=FAR)
    made = fax((OURS, OURS), pages(), line=line)
    assert made.ok and made.exact == 1


def test_a_scan_line_takes_as_long_as_the_receiver_wants(tmp_path):
    sent, got = pages(resolution=Resolution.STANDARD), tmp_path / "got.tiff"
    takes = SpandspFax(False, receive=got, ecm=False, codings=["MH"], scan_time=20)
    made = call(FaxTerminal(True, send=sent), takes)
    assert made.ok
    assert made.b.pages[0].octets >= 0.02 * 14400 / 8 * sent[0].height
    assert np.array_equal(fax_pages.rows_in(got)[0], sent[0].rows)


def test_the_peers_header_is_taken_for_lines_of_the_page(tmp_path):
    sent, kept = pages(), Pages()
    file = fax_pages.write(sent, tmp_path / "sent.tiff")
    gives = SpandspFax(True, send=file, ident="+1 555", header="from the peer")
    made = call(gives, FaxTerminal(False, receive=kept, config=Config(ident="here")))
    assert made.ok
    assert kept[0].height > sent[0].height
    assert np.array_equal(kept[0].rows[-sent[0].height :], sent[0].rows)
