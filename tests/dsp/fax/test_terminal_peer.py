"""The peer that our terminal is tried with: libspandsp's, on both ends."""

import numpy as np

from tests.support import fax_pages
from tests.support.fax_call import call
from tests.support.spandsp_fax import SpandspFax


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
