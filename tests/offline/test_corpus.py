"""Which recordings are meant, and in what order their news comes."""

from hypothesis import given
from hypothesis import strategies as st

from mediasock.offline import Finding, Request
from mediasock.offline.corpus import here, in_order, recordings, whole
from mediasock.offline.request import Batch
from tests.offline.material import digits, wav


def names(*paths, **options):
    return [file for file, error in recordings(map(str, paths), **options) if error is None]


def test_files_are_taken_as_they_are_named(tmp_path):
    assert names("b.txt", "a.wav", "-", "b.txt") == ["b.txt", "a.wav", "-"]


def test_a_directory_gives_its_sound_files_and_those_below_in_order(tmp_path):
    for name in ("b.WAV", "a.flac", "deep/er/c.mp3", "deep/x.txt", ".hidden.wav", ".git/d.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    expected = [str(tmp_path / name) for name in ("a.flac", "b.WAV", "deep/er/c.mp3")]
    assert names(tmp_path) == expected
    assert names(tmp_path / "b.WAV", tmp_path, tmp_path) == [
        expected[1],
        expected[0],
        expected[2],
    ]


def test_of_a_directory_raw_samples_have_other_names(tmp_path):
    for name in ("a.wav", "b.ulaw", "c.raw"):
        (tmp_path / name).touch()
    assert names(tmp_path, raw=True) == [str(tmp_path / "b.ulaw"), str(tmp_path / "c.raw")]


def test_a_directory_without_sound_is_named(tmp_path):
    (tmp_path / "a.txt").touch()
    assert list(recordings([str(tmp_path)])) == [
        (str(tmp_path), f"{tmp_path}: there is no sound file in this directory")
    ]


@st.composite
def jumbled(draw):
    """Some files, and their batches in an order that keeps each file's own."""
    files = draw(st.lists(st.integers(0, 20), max_size=6, unique=True))
    left = {str(file): draw(st.integers(1, 4)) for file in files}
    order = []
    while left:
        file = draw(st.sampled_from(sorted(left)))
        left[file] -= 1
        ended = not left[file]
        number = len(order)
        order.append(
            Batch(file, (Finding(file, 1, "dtmf", str(number), number, number, 0),), ended=ended)
        )
        if ended:
            del left[file]
    return [str(file) for file in files], order


@given(jumbled())
def test_batches_come_in_the_order_of_the_files_and_none_is_lost(case):
    files, order = case
    expected = [batch for file in files for batch in order if batch.file == file]
    assert list(in_order(files, order)) == expected


@given(jumbled())
def test_whole_files_have_all_that_was_found_in_them(case):
    _, order = case
    wholes = list(whole(order))
    assert [one.file for one in wholes] == [one.file for one in order if one.ended]
    for one in wholes:
        parts = [batch.findings for batch in order if batch.file == one.file]
        assert one.findings == tuple(finding for part in parts for finding in part)


def test_progress_adds_up_to_the_files(tmp_path):
    files = [
        wav(tmp_path / "a.wav", "1" * 200),
        str(tmp_path / "none.wav"),
        wav(tmp_path / "b.wav"),
    ]
    moved = []
    told = list(here(files, Request(), moved.append))
    assert sum(moved) == 3.0
    assert all(step >= 0 for step in moved)
    assert [one.file for one in whole(told)] == files
    assert digits([finding for one in told for finding in one.findings]) == "1" * 200 + "159#"
