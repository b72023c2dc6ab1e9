"""Paths out of channel variables stay in the operator's directories."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.apps.fax_places import PathRefused, Places


@pytest.fixture
def places(tmp_path):
    for name in ("spool", "letters", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.tiff").write_bytes(b"II")
    return Places(tmp_path / "spool", [tmp_path / "letters"])


def test_a_relative_name_is_looked_for_in_each_directory(places, tmp_path):
    assert places.to_read("a.tiff") == tmp_path / "spool/a.tiff"
    (tmp_path / "letters/b.tiff").write_bytes(b"II")
    assert places.to_read("b.tiff") == tmp_path / "letters/b.tiff"
    assert places.to_write("new.tiff") == tmp_path / "spool/new.tiff"


def test_a_whole_path_inside_is_taken(places, tmp_path):
    inside = tmp_path / "letters/a.tiff"
    assert places.to_read(str(inside)) == inside
    assert places.to_write(str(inside)) == inside


@pytest.mark.parametrize("name", ["elsewhere/a.tiff", "spool/../elsewhere/a.tiff", "spoolish", ""])
def test_elsewhere_is_refused(places, tmp_path, name):
    for find in (places.to_read, places.to_write, places.directory):
        with pytest.raises(PathRefused):
            find(str(tmp_path / name) if name else "/etc/passwd")


@pytest.mark.parametrize("name", ["../elsewhere/a.tiff", "../../etc/passwd", "x/../../elsewhere/b"])
def test_the_way_up_is_refused(places, name):
    with pytest.raises(PathRefused, match="none of the directories"):
        places.to_write(name)
    with pytest.raises(PathRefused):
        places.to_read(name)


def test_a_link_that_leads_out_is_refused(places, tmp_path):
    (tmp_path / "spool/way").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "spool/one.tiff").symlink_to(tmp_path / "elsewhere/a.tiff")
    for name in ("way/a.tiff", "way/new.tiff", "one.tiff"):
        with pytest.raises(PathRefused):
            places.to_write(name)
        with pytest.raises(PathRefused):
            places.to_read(name)
    with pytest.raises(PathRefused):
        places.directory("way")


def test_a_link_inside_is_followed(places, tmp_path):
    (tmp_path / "spool/way").symlink_to(tmp_path / "letters")
    assert places.to_read("way/a.tiff") == tmp_path / "letters/a.tiff"


def test_a_directory_that_is_a_link_itself_is_what_it_leads_to(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.tiff").write_bytes(b"II")
    (tmp_path / "name").symlink_to(tmp_path / "real")
    assert Places(tmp_path / "name").to_read("a.tiff") == tmp_path / "real/a.tiff"


def test_what_is_no_file_is_refused(places, tmp_path):
    os.mkfifo(tmp_path / "spool/pipe")
    (tmp_path / "spool/sub").mkdir()
    for name in ("pipe", "sub"):
        with pytest.raises(PathRefused, match="is no file"):
            places.to_read(name)
        with pytest.raises(PathRefused, match="is no file"):
            places.to_write(name)
    with pytest.raises(PathRefused, match="is not there"):
        places.to_read("none.tiff")


@pytest.mark.parametrize("name", ["a\\b.tiff", "a\nb.tiff", "${uuid}.tiff"])
def test_a_name_that_no_variable_can_tell_is_refused(places, name):
    with pytest.raises(PathRefused, match="no channel variable"):
        places.to_write(name)
    assert places.to_write("O'Brien $1.tiff").name == "O'Brien $1.tiff"


@pytest.mark.parametrize("name", ["keep.partial", "sub/.partial"])
def test_a_documents_name_is_none_of_a_journals(places, name):
    with pytest.raises(PathRefused, match="not for documents"):
        places.to_write(name)


def test_directories_are_made_inside(places, tmp_path):
    assert places.to_write("2026/11/a.tiff").parent.is_dir()
    assert places.directory("traces").is_dir()
    with pytest.raises(PathRefused):
        places.to_write("a.tiff/b.tiff")


@given(st.text(alphabet=st.sampled_from("ab./\0~$ \n"), max_size=20))
def test_whatever_is_found_is_inside(name):
    spool = Path("/nonexistent/spool")
    places = Places(spool)
    try:
        path = next(places._inside(name, [spool]))
    except PathRefused:
        return
    assert path.is_relative_to(spool)
    assert ".." not in path.parts
