import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dsp.tone_stream import render
from dsp.tones import DTMF, dtmf
from dsp.types import RATE, amplitude, dbm0
from mediasock.errors import MediasockError
from mediasock.offline.picture import Picture, PictureError, check, draw
from mediasock.offline.picture_labels import Label, place
from mediasock.offline.picture_marks import marks
from mediasock.offline.picture_strips import COLUMNS, KEY_FREQUENCIES, WINDOW, Spectra, Strip
from mediasock.offline.request import Finding

pytest.importorskip("matplotlib", reason="the extra plot")

pytestmark = pytest.mark.timeout(600)


def found(kind, value, start, end, level=-10.0, *, channel=1):
    return Finding("call.wav", channel, kind, value, start, end, level)


def sine(hz, seconds, level=-10.0):
    at = np.arange(round(seconds * RATE)) / RATE
    return np.rint(amplitude(level) * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def spectra_of(*channels):
    spectra = Spectra(len(channels))
    spectra.hear(np.stack(channels))
    spectra.finish()
    return spectra


def keyed():
    """Two digits, and where they are."""
    sound = np.concatenate([np.zeros(RATE // 2, np.int16), dtmf("15", on_ms=100, off_ms=100)])
    return sound, [found("dtmf", "1", 0.5, 0.6, -4), found("dtmf", "5", 0.7, 0.8, -4)]


# what is kept


@given(
    st.lists(st.integers(0, 3 * COLUMNS), min_size=1, max_size=6),
    st.sampled_from([np.min, np.max, np.mean]),
)
@settings(max_examples=40, deadline=None)
def test_a_strip_has_the_same_columns_however_it_is_filled(sizes, fold):
    values = np.random.default_rng(sum(sizes)).random((2, sum(sizes), 3)).astype(np.float32)
    strip, whole = Strip(fold), Strip(fold)
    whole.add(values)
    at = 0
    for size in sizes:
        strip.add(values[:, at : at + size])
        at += size
    assert strip.each == whole.each
    np.testing.assert_array_equal(strip.columns(), whole.columns())
    assert strip.columns().shape[1] == -(-sum(sizes) // strip.each) <= COLUMNS
    for column in range(strip.columns().shape[1]):
        own = values[:, column * strip.each : (column + 1) * strip.each]
        np.testing.assert_allclose(strip.columns()[:, column], fold(own, axis=1), rtol=1e-5)


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_spectra_are_the_same_however_the_sound_is_cut(sizes):
    sound = np.random.default_rng(1).integers(-9000, 9000, (1, sum(sizes))).astype(np.int16)
    whole, cut = spectra_of(sound[0]), Spectra(1)
    for at, size in zip(itertools.accumulate([0, *sizes]), sizes, strict=False):
        cut.hear(sound[:, at : at + size])
    cut.finish()
    assert cut.samples == whole.samples
    for one in ("least", "mean", "most", "spectrum", "keys"):
        np.testing.assert_allclose(
            getattr(cut, one).columns(), getattr(whole, one).columns(), rtol=1e-4, atol=1e-3
        )
    assert whole.mean.columns().shape[1] == -(-sum(sizes) // 40)


def test_a_tone_shows_at_its_frequency_and_level():
    for hz in (500.0, 1000.0, 3250.0):
        spectra = spectra_of(sine(hz, 1.0, -17.0))
        column = dbm0(spectra.spectrum.columns()[0, 100])
        assert column.argmax() * RATE / WINDOW == hz
        assert column.max() == pytest.approx(-17.0, abs=0.05)
        assert dbm0(spectra.mean.columns()[0, 100]) == pytest.approx(-17.0, abs=0.2)


def test_the_tones_of_a_key_show_in_their_rows_alone():
    for key, pair in DTMF.items():
        sound = dtmf(key, on_ms=200, off_ms=0, level=-10)
        column = dbm0(spectra_of(sound).keys.columns()[0, 20])
        for hz, level in zip(KEY_FREQUENCIES, column, strict=True):
            if hz in pair:
                assert level == pytest.approx(-10.0, abs=0.3)
            else:
                assert level < -35.0


def test_a_short_digit_does_not_vanish_in_a_long_recording():
    picture = Spectra(1)
    quiet = np.zeros((1, 60 * RATE), dtype=np.int16)
    for minute in range(12):
        picture.hear(quiet)
        if minute == 5:
            picture.hear(dtmf("5", on_ms=50, off_ms=50, level=-12)[None])
    picture.finish()
    keys = dbm0(picture.keys.columns()[0])
    assert len(keys) <= COLUMNS
    assert keys.max() == pytest.approx(-12.0, abs=0.5)
    where = keys.max(axis=1).argmax() * picture.column_seconds
    assert where == pytest.approx(360.0, abs=picture.column_seconds)


# labels


@given(
    st.lists(st.tuples(st.floats(0, 100), st.text("ab1#", min_size=1, max_size=9)), max_size=40),
    st.sampled_from(["", ", "]),
)
@settings(max_examples=300, deadline=None)
def test_labels_do_not_overlap_and_stay_in_their_row(items, between):
    labels = [Label(at, (f"a long {text}", text), between) for at, text in sorted(items)]
    placed = place(labels, 100.0)
    for one, after in itertools.pairwise(placed):
        assert one.at + len(one.text) < after.at + 1e-6
    for one in placed:
        assert one.at + len(one.text) <= 100.0 + 1e-6
    assert bool(placed) == bool(items)
    if sum(len(text) + 2 for _, text in items) < 40:  # then none is cut short
        said = "".join(one.text for one in placed)
        assert all(text in said or "×" in said for _, text in items)


def test_a_label_says_as_much_as_fits():
    labels = [Label(at, ("busy −12.0 dBm0", "busy"), ", ") for at in (0, 8, 40)]
    assert [one.text for one in place(labels, 60.0)] == [
        "busy",
        "busy −12.0 dBm0",
        "busy −12.0 dBm0",
    ]
    crowd = [Label(at / 10, ("voice",), ", ") for at in range(30)]
    assert [one.text for one in place(crowd, 60.0)] == ["voice ×30"]


# marks


@pytest.mark.parametrize(
    ("script", "plan", "value", "frequencies", "cadence"),
    [
        ("%(500,500,480,620);loops=6", "us", "busy", (480.0, 620.0), (500, 500)),
        ("%(375,375,400);loops=6", "uk", "busy", (400.0,), (375, 375)),
        ("%(500,500,425);loops=6", "eu", "busy", (425.0,), (500, 500)),
        (
            "%(400,200,400,450);%(400,2000,400,450);loops=3",
            "uk",
            "ringback",
            (400.0, 450.0),
            (400, 200, 400, 2000),
        ),
    ],
)
def test_a_tone_is_marked_at_its_countrys_frequencies_in_its_bursts(
    script, plan, value, frequencies, cadence
):
    tone = render(f"v=-13;{script}")
    sound = np.concatenate([np.zeros(3210, np.int16), tone])
    sounding = np.flatnonzero(sound)
    level = -13.0 if len(frequencies) == 1 else -16.0
    start, end = sounding[0] / RATE, (sounding[-1] + 1) / RATE
    one = found("tone", value, start, end, level)
    (mark,) = marks([one], spectra_of(sound), 0, 0.0, ["us", "uk", "eu"])
    assert plan in ("us", "uk", "eu")
    assert mark.frequencies == frequencies
    times = [int(time) for time in mark.cadence.split("/")]
    np.testing.assert_allclose(times, cadence, atol=8)
    assert mark.bursts[0][0] == pytest.approx(start, abs=0.01)
    assert mark.bursts[-1][1] == pytest.approx(end, abs=0.01)


def test_tones_one_after_the_other_are_boxed_one_after_the_other():
    sound = render("v=-13;%(274,0,913.8);%(274,0,1370.6);%(380,0,1776.7)")
    one = found("tone", "sit-intercept", 1.0, 1.928, -13.0)
    sound = np.concatenate([np.zeros(RATE, np.int16), sound, np.zeros(RATE, np.int16)])
    (mark,) = marks([one], spectra_of(sound), 0, 0.0, ["us"])
    begins, ends, frequencies = zip(*mark.boxes, strict=True)
    assert frequencies == (913.8, 1370.6, 1776.7)
    np.testing.assert_allclose(begins, (1.0, 1.274, 1.548), atol=0.001)
    np.testing.assert_allclose(ends, (1.274, 1.548, 1.928), atol=0.001)


def test_what_is_in_no_plan_is_marked_where_its_spectrum_has_peaks():
    sound = sine(700, 0.2, -12) + sine(1100, 0.2, -12)
    spectra = spectra_of(sound)
    (mark,) = marks([found("mf", "2", 0.0, 0.2, -9)], spectra, 0, 0.0, ["us"])
    np.testing.assert_allclose(mark.frequencies, (700, 1100), atol=5)
    (mark,) = marks([found("beep", "1100", 0.0, 0.2, -9)], spectra, 0, 0.0, ["us"])
    assert len(mark.frequencies) == 1
    (mark,) = marks([found("voice", "voice", 0.0, 0.2, -9)], spectra, 0, 0.0, ["us"])
    assert mark.frequencies == ()
    assert mark.bursts == ((0.0, 0.2),)


# pictures


def figure_of(sound, findings, **options):
    """Catch the figure that a picture would save."""
    from matplotlib.figure import Figure

    caught = []

    class Caught(Figure):
        def savefig(self, *_, **__):
            caught.append(self)

    import mediasock.offline.picture_panels as panels

    ours, panels.Figure = panels.Figure, Caught
    try:
        picture = Picture(len(sound))
        picture.hear(sound)
        picture.draw(findings, "nowhere.png", title="call.wav", **options)
    finally:
        panels.Figure = ours
    return caught[0]


def test_a_picture_says_what_when_and_at_which_frequencies():
    from matplotlib.collections import PolyCollection

    sound, findings = keyed()
    drawn = figure_of(sound[None], findings, rate=16000)
    assert [text.get_text() for text in drawn.texts] == [
        "call.wav",
        "0.90 s   16,000 Hz   1 channel",
        "channel 1",
    ]
    lanes, spectrogram, keys, level, *_ = drawn.axes
    assert [text.get_text() for text in lanes.texts] == ["1", "5"]
    assert [text.get_text() for text in lanes.get_yticklabels()] == ["dtmf"]
    assert {panel.get_xlim() for panel in (lanes, spectrogram, keys, level)} == {(0.0, 0.9)}
    for panel, heights in ((spectrogram, (697, 1209, 770, 1336)), (keys, (0, 4, 1, 5))):
        *_, boxes = (one for one in panel.collections if isinstance(one, PolyCollection))
        extents = [path.get_extents() for path in boxes.get_paths()]
        middles = [(one.y0 + one.y1) / 2 for one in extents]
        np.testing.assert_allclose(middles, heights)
        np.testing.assert_allclose([one.x0 for one in extents], [0.5, 0.5, 0.7, 0.7])
        np.testing.assert_allclose([one.x1 for one in extents], [0.6, 0.6, 0.8, 0.8])


def test_channels_have_their_own_findings_numbers_and_time():
    sound, findings = keyed()
    busy = found("tone", "busy", 0.5, 0.8, channel=3)
    drawn = figure_of(np.stack([sound, sound]), [*findings, busy], numbers=(1, 3), begin=7.0)
    texts = [text.get_text() for text in drawn.texts]
    assert texts[1:] == ["0.90 s   8,000 Hz   2 channels", "channel 1", "channel 3"]
    lanes = [axes for axes in drawn.axes if axes.get_yticklabels() and axes.texts]
    assert lanes[0].get_xlim() == (7.0, 7.9)
    labels = [[text.get_text() for text in axes.get_yticklabels()] for axes in drawn.axes]
    assert ["dtmf"] in labels
    assert ["tone"] in labels


def test_what_no_plan_has_frequencies_of_is_boxed_where_it_was():
    sound = render("v=-13;%(500,500,425);loops=6")
    one = found("tone", "busy", 0.0, 5.5, -13.0)
    (mark,) = marks([one], spectra_of(sound), 0, 0.0, ["auto"])
    assert mark.frequencies == (pytest.approx(425, abs=3),)
    assert mark.cadence == "500/500"


def test_of_a_long_path_the_end_is_shown():
    sound = np.zeros((1, RATE), dtype=np.int16)
    from mediasock.offline.picture_panels import figure

    drawn = figure(spectra_of(sound[0]), [], "/a" * 200 + "/call.wav", "", 0.0)
    title = drawn.texts[0].get_text()
    assert title.startswith("…")
    assert title.endswith("/a/call.wav")
    assert drawn.texts[0].get_window_extent().x1 < 1600


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", [r"$\nothing$ _x^2$.wav", "日本 é.wav", "bad\udcff\n.wav"])
def test_any_name_can_be_written(tmp_path, name):
    draw(np.zeros((1, 800), dtype=np.int16), 8000, [], tmp_path / "a.svg", title=name)
    ElementTree.parse(tmp_path / "a.svg")


def test_what_was_not_heard_is_said():
    drawn = figure_of(np.zeros((1, RATE), dtype=np.int16), [])
    assert [text.get_text() for text in drawn.axes[0].texts] == ["nothing heard"]


@pytest.mark.parametrize("samples", [0, 1, 160, 3 * RATE])
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_it_is_written_as_its_suffix_says_however_short(tmp_path, samples, suffix):
    path = tmp_path / "new" / f"a.{suffix}"
    draw(np.ones((2, samples), dtype=np.int16), 8000, [], path)
    if suffix.lower() == "png":
        with Image.open(path) as image:
            assert image.width == 1600
            assert image.convert("L").getextrema()[0] < 50
    elif suffix == "svg":
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
    else:
        assert path.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("rate", [8000, 16000, 11025, 44100, 48000])
def test_samples_of_any_rate_show_their_tone_at_its_place(tmp_path, rate):
    at = np.arange(rate) / rate
    sound = np.rint(amplitude(-10) * np.sin(2 * np.pi * 1000 * at)).astype(np.int16)
    path = tmp_path / "a.png"
    draw(sound[None], rate, [], path)
    image = np.asarray(Image.open(path).convert("L"), dtype=float)
    row = 130 + image[130:410, 800].argmax()  # the spectrogram is from 125, 4 kHz, to 415, 0
    assert 4000 * (415 - row) / 290 == pytest.approx(1000, abs=40)


def test_a_recording_of_a_fax_is_drawn(tmp_path):
    sound, rate = soundfile.read("fixtures/fax/v29_nonecm_begin.flac", dtype="int16")
    channels = np.atleast_2d(sound.T)
    findings = [found("fax", "ced", 0.5, 3.0, -11), found("voice", "voice", 3.0, 4.0, -20)]
    draw(channels, rate, findings, tmp_path / "fax.png", title="fax.flac")
    assert (tmp_path / "fax.png").stat().st_size > 10_000


def test_pictures_are_drawn_in_threads_at_once(tmp_path):
    sound, findings = keyed()
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda path: draw(sound[None], 8000, findings, path, title="a"), paths))
    assert len({path.read_bytes() for path in paths}) == 1


# refusals


def test_another_suffix_is_refused_by_name(tmp_path):
    for name in ("a.gif", "a", ".png"):
        with pytest.raises(PictureError, match=r"a picture is \.png, \.svg or \.pdf"):
            check(tmp_path / name)


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MediasockError, match=r"a\.png.*pip install -e '\.\[plot\]'"):
        draw(np.zeros((1, 800), dtype=np.int16), 8000, [], tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_named_with_the_reason(tmp_path):
    (tmp_path / "file").write_text("")
    sound = np.zeros((1, 800), dtype=np.int16)
    with pytest.raises(PictureError, match=r"file/a\.png: (Not a directory|File exists)"):
        draw(sound, 8000, [], tmp_path / "file" / "a.png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(PictureError, match=r"b\.png: Is a directory"):
        draw(sound, 8000, [], tmp_path / "b.png")
