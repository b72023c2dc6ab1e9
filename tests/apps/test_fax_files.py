"""Pages on their way to the disk: in order, safe before they are stored, found after a kill."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dsp.fax import document_tiff
from dsp.fax.document import Page, Resolution, TiffWriter, read
from dsp.fax.document_disk import create_beside
from mediasock.apps import fax_files
from mediasock.apps.fax_files import InUse, Journal, StoringSink, as_pdf, interrupted, write_record
from tests.support.served import PATIENCE, environment


def page(seed, height=40):
    black = np.random.default_rng(seed).random((height, 1728)) < 0.02
    return Page.from_black(black, Resolution.FINE)


def same(pages, others):
    return [one.rows.tolist() for one in pages] == [one.rows.tolist() for one in others]


@pytest.fixture
def pool():
    with ThreadPoolExecutor(4) as threads:
        yield threads


# -- the sink -----------------------------------------------------------------------------------


def test_pages_are_stored_in_order(tmp_path, pool):
    path, pages = tmp_path / "a.tiff", [page(seed) for seed in range(6)]
    sink = StoringSink(path, pool, lambda: "+49 711 0815")
    for one in pages:
        sink.put(one, None)
    sink.close()
    assert (sink.stored, sink.trouble) == (6, None)
    assert same(read(path), pages)
    assert b"+49 711 0815" in path.read_bytes()


def test_who_brings_a_page_never_waits_for_the_disk(tmp_path, monkeypatch, pool):
    go = threading.Event()
    sync = os.fsync

    def slow(descriptor):
        assert go.wait(PATIENCE)
        sync(descriptor)

    monkeypatch.setattr(document_tiff.os, "fsync", slow)
    sink = StoringSink(tmp_path / "a.tiff", pool)
    for seed in range(3):
        sink.put(page(seed), None)
    assert (sink.stored, sink.trouble) == (0, None)
    go.set()
    sink.close()
    assert sink.stored == 3


def test_a_page_is_not_stored_before_it_is_synced(tmp_path, monkeypatch, pool):
    synced, sync = [], os.fsync

    def counted(descriptor):
        sync(descriptor)
        synced.append(sink.stored)

    monkeypatch.setattr(document_tiff.os, "fsync", counted)
    sink = StoringSink(tmp_path / "a.tiff", pool)
    sink.put(page(1), None)
    sink.close()
    assert synced[:2] == [0, 0]
    assert sink.stored == 1


def test_a_full_disk_is_trouble_and_the_pages_before_are_kept(tmp_path, monkeypatch, pool):
    path, write = tmp_path / "a.tiff", os.pwrite

    def full(descriptor, octets, offset):
        if len(octets) > 1000 and sink.stored == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, octets, offset)

    monkeypatch.setattr("dsp.fax.document_disk.os.pwrite", full)
    sink = StoringSink(path, pool)
    pages = [page(seed) for seed in range(4)]
    for one in pages:
        sink.put(one, None)
    sink.close()
    assert sink.stored == 2
    assert "No space left" in sink.trouble
    assert same(read(path), pages[:2])


def test_a_directory_that_is_gone_is_trouble(tmp_path, pool):
    sink = StoringSink(tmp_path / "gone/a.tiff", pool)
    sink.put(page(1), None)
    sink.close()
    assert sink.stored == 0
    assert "No such file" in sink.trouble


def test_what_else_goes_wrong_is_trouble(tmp_path, monkeypatch, pool):
    def broken(*_, **__):
        raise RuntimeError("the encoder is broken")

    monkeypatch.setattr(document_tiff, "_encoded", broken)
    sink = StoringSink(tmp_path / "a.tiff", pool)
    sink.put(page(1), None)
    sink.close()
    assert (sink.stored, sink.trouble is not None) == (0, True)


# -- the journal --------------------------------------------------------------------------------


def test_a_reception_that_ends_leaves_no_journal(tmp_path):
    with Journal(tmp_path, tmp_path / "a.tiff", {"call": "c-1"}) as journal:
        assert json.loads(journal.path.read_text())["call"] == "c-1"
        assert list(interrupted(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_document_is_received_to_once_at_a_time(tmp_path):
    with (
        Journal(tmp_path, tmp_path / "a.tiff", {}),
        pytest.raises(InUse, match="another call"),
    ):
        Journal(tmp_path, tmp_path / "a.tiff", {})
    Journal(tmp_path, tmp_path / "a.tiff", {}).close()


def test_documents_of_one_name_have_journals_of_their_own(tmp_path):
    with Journal(tmp_path, Path("/x/a.tiff"), {}), Journal(tmp_path, Path("/y/a.tiff"), {}):
        assert len(list(tmp_path.iterdir())) == 2


RECEIVING = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from mediasock.apps.fax_files import Journal, StoringSink
from tests.apps.test_fax_files import page

spool, lines = Path(sys.argv[1]), int(sys.argv[2])

def say(word):
    global lines
    print(word, flush=True)
    lines -= 1
    if not lines:
        sys.stdin.read()  # until it is killed

with Journal(spool, spool / "a.tiff", {"call": "c-1"}), ThreadPoolExecutor(1) as pool:
    sink = StoringSink(spool / "a.tiff", pool)
    seed = 0
    say("begin")
    while True:
        sink.put(page(seed), None)
        seed += 1
        while sink.stored < seed:
            pass
        say(sink.stored)
"""


@pytest.mark.parametrize("lines", [1, 2, 9])
def test_a_process_that_is_killed_leaves_every_page_that_it_said_was_stored(tmp_path, lines):
    # killed at some instruction between two pages, however slow the killer is
    with subprocess.Popen(
        [sys.executable, "-c", RECEIVING, str(tmp_path), str(lines + 3)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        said = [process.stdout.readline().strip() for _ in range(lines)]
        if lines == 1:
            assert list(interrupted(tmp_path)) == []  # it lives
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().split()
    stored = int(said[-1]) if said[-1] != "begin" else 0
    [found] = interrupted(tmp_path)
    assert found.document == tmp_path / "a.tiff"
    assert found.facts["call"] == "c-1"
    assert found.pages in (stored, stored + 1)
    if found.pages:
        assert same(read(found.document), [page(seed) for seed in range(found.pages)])
    assert list(interrupted(tmp_path)) == []
    left = {path.suffix for path in tmp_path.iterdir()}
    assert left == {".interrupted"} | ({".tiff"} if found.pages else set())


def test_a_document_from_before_is_not_taken_for_what_was_interrupted(tmp_path, pool):
    before = StoringSink(tmp_path / "a.tiff", pool)
    before.put(page(1), None)
    before.close()
    journal = Journal(tmp_path, tmp_path / "a.tiff", {})
    os.close(journal._descriptor)  # as when the process dies
    [found] = interrupted(tmp_path)
    assert found.pages == 0


def test_a_journal_that_was_never_written_is_one_without_a_page(tmp_path):
    (tmp_path / "a.tiff.12345678.partial").write_bytes(b'{"file": ')
    [found] = interrupted(tmp_path)
    assert (found.pages, dict(found.facts)) == (0, {})


def test_a_journal_that_cannot_be_written_is_not_left(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(fax_files.os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            Journal(tmp_path, tmp_path / "a.tiff", {})
    assert list(tmp_path.iterdir()) == []
    Journal(tmp_path, tmp_path / "a.tiff", {}).close()


def test_an_empty_journal_is_of_no_fax(tmp_path):
    (tmp_path / "a.tiff.12345678.partial").touch()
    assert list(interrupted(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_what_was_beside_a_document_goes_and_nothing_of_another_ones(tmp_path):
    """A document x was interrupted while one named x.tiff, or x.0123, is received."""
    journal = Journal(tmp_path, tmp_path / "x", {})
    os.close(journal._descriptor)  # as when the process dies
    paths = [create_beside(tmp_path / name)[1] for name in ("x", "x.tiff", "x.0123", "xx")]
    assert len(list(interrupted(tmp_path))) == 1
    assert [path.exists() for path in paths] == [False, True, True, True]


# -- afterwards ---------------------------------------------------------------------------------


def test_a_record_is_json_of_whatever_there_is(tmp_path):
    write_record(tmp_path / "r.json", {"file": Path("/a"), "text": "é", "n": 1})
    assert json.loads((tmp_path / "r.json").read_text("utf-8")) == {
        "file": "/a",
        "text": "é",
        "n": 1,
    }


def test_a_document_is_written_as_pdf_beside_it(tmp_path, pool):
    sink = StoringSink(tmp_path / "a.tiff", pool)
    for seed in range(2):
        sink.put(page(seed), None)
    sink.close()
    pdf = as_pdf(tmp_path / "a.tiff")
    assert pdf.name == "a.pdf"
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert pdf.read_bytes().count(b"/Type /Page\n") == 2 or b"/Count 2" in pdf.read_bytes()


@pytest.mark.parametrize(
    ("name", "pdf"),
    [
        ("a.TIF", "a.pdf"),
        ("2026.11.26", "2026.11.26.pdf"),
        ("offer.tiff", "offer-2.pdf"),
        ("in.pdf", "in.pdf.pdf"),
        ("offer", "offer-2.pdf"),
    ],
)
def test_a_pdf_replaces_nothing(tmp_path, name, pdf):
    (tmp_path / "offer.pdf").write_bytes(b"the operator's own")
    with TiffWriter(tmp_path / name) as writer:
        writer.append(page(1))
    assert as_pdf(tmp_path / name) == tmp_path / pdf
    assert (tmp_path / pdf).read_bytes().startswith(b"%PDF-")
    assert (tmp_path / "offer.pdf").read_bytes() == b"the operator's own"
