import pytest
from PIL import ImageFont

from dsp.fax import document_font
from dsp.fax.document import DocumentError
from dsp.fax.document_font import Face


def test_a_font_of_ones_own(tmp_path):
    with pytest.raises(DocumentError, match=r"no\.ttf"):
        Face.of(tmp_path / "no.ttf", 30)
    (tmp_path / "bad.ttf").write_text("no font")
    with pytest.raises(DocumentError, match=r"bad\.ttf"):
        Face.of(tmp_path / "bad.ttf", 30)


@pytest.fixture
def bare(monkeypatch):
    """A system without fonts: there is Pillow's own, which has ASCII alone."""
    monkeypatch.setattr(document_font, "_USUAL", ())
    document_font._face.cache_clear()
    yield Face.of(None, 30)
    document_font._face.cache_clear()


def test_letters_that_the_font_has_not_are_told_apart(bare):
    assert bare.shown("Grüße Ärger, e\u0301té\u200b\u00ad x² Ω") == "Gru?e Arger, ete x2 ?"
    assert bare.length("ü") == bare.length("u") > 0


def test_a_good_font_keeps_its_letters():
    try:
        ImageFont.truetype("DejaVuSansMono.ttf", 30)
    except OSError:
        pytest.skip("there is no DejaVu Sans Mono")
    assert Face.of(None, 30).shown("Grüße, ещё Ω e\u0301") == "Grüße, ещё Ω é"
