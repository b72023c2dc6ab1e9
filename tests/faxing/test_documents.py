from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from dsp.fax.document import DocumentError, Options, Paper, read
from mediasock.faxing.documents import store, sweep

FIXTURES = Path(__file__).parent.parent.parent / "fixtures/fax"


def test_files_become_one_document_and_may_go(tmp_path: Path) -> None:
    files = [tmp_path / "a.tiff", tmp_path / "b.txt"]
    shutil.copy(FIXTURES / "two.tiff", files[0])
    files[1].write_text("To whom it may concern")
    spool = tmp_path / "documents"
    spool.mkdir()
    wanted = list(read(files[0]))
    name, pages = store(files, spool, Options(paper=Paper.LETTER))
    for file in files:
        file.unlink()
    found = list(read(spool / name))
    assert pages == len(found) == 3
    for before, after in zip(wanted, found, strict=False):
        assert np.array_equal(before.rows, after.rows) and before.resolution is after.resolution
    assert found[2].height == Paper.LETTER.height(found[2].resolution)


@pytest.mark.parametrize("content", [None, b"", b"II*\0\x08\0\0\0garbage"])
def test_what_cannot_be_read_leaves_nothing_behind(tmp_path: Path, content: bytes | None) -> None:
    spool = tmp_path / "documents"
    spool.mkdir()
    bad = tmp_path / "bad.tiff"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(DocumentError, match=r"bad\.tiff"):
        store([FIXTURES / "page.tiff", bad], spool)
    assert list(spool.iterdir()) == []


def test_too_many_pages_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="more than 2 pages"):
        store([FIXTURES / "two.tiff", FIXTURES / "page.tiff"], tmp_path, most=2)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DocumentError, match="no pages"):
        store([], tmp_path)


def test_a_document_can_be_read_by_another_user_than_who_handed_it_in(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        name, _ = store([FIXTURES / "page.tiff"], tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644


def test_only_what_was_left_behind_long_ago_is_swept(tmp_path: Path) -> None:
    known, old, new = (tmp_path / name for name in ("known.tiff", "old.tiff", ".new.part"))
    for path in (known, old, new):
        path.write_bytes(b"x")
    for path in (known, old):
        os.utime(path, (1000.0, 1000.0))
    os.utime(new, (90_000.0, 90_000.0))
    assert sweep(tmp_path, {"known.tiff"}, 100_000.0) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".new.part", "known.tiff"]
