import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mediasock.media import recorder as module
from mediasock.media.recorder import MAX_WAITING, Recorder, RecordError, Writer

BLOCK = 2000


def ramps(n, start=0):
    """Both sides of a call, in which every sample says where it belongs."""
    at = np.arange(start, start + n)
    return (at % 30000).astype(np.int16), (-(at % 30000)).astype(np.int16)


def read(path):
    frames, rate = soundfile.read(path, dtype="int16", always_2d=True)
    return frames[:, 0], frames[:, 1], rate


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    return tmp_path_factory.mktemp("recorder") / "call.wav"


@given(st.lists(st.integers(0, 5000), max_size=12), st.sampled_from([8000, 16000]))
@settings(deadline=None)
def test_however_it_is_cut_both_sides_are_in_the_file(wav, cuts, rate):
    writer = Writer()
    recorder = Recorder(wav, rate, writer)
    at = 0
    for n in cuts:
        recorder.write(*ramps(n, at))
        writer.drain()
        at += n
    close(recorder, writer)
    heard, sent, found = read(wav)
    assert found == rate
    assert recorder.position == recorder.written == at
    assert recorder.dropped == 0
    np.testing.assert_array_equal((heard, sent), ramps(at))


def test_what_is_given_may_be_used_again_at_once(tmp_path):
    recorder = Recorder(tmp_path / "call.wav", 8000)
    heard, sent = ramps(160)
    recorder.write(heard, sent)
    heard[:] = sent[:] = 7
    recorder.close()
    np.testing.assert_array_equal(read(recorder.path)[:2], ramps(160))


def test_every_block_leaves_a_file_that_can_be_read(tmp_path):
    writer = Writer()
    recorder = Recorder(tmp_path / "call.wav", 8000, writer)
    assert len(read(recorder.path)[0]) == 0
    for blocks in range(1, 6):
        recorder.write(*ramps(BLOCK, (blocks - 1) * BLOCK))
        writer.drain()
        np.testing.assert_array_equal(read(recorder.path)[:2], ramps(blocks * BLOCK))
    close(recorder, writer)


def close(recorder, writer):
    """Close a recorder whose writer has no thread."""
    closing = threading.Thread(target=recorder.close)
    closing.start()
    while closing.is_alive():
        writer.drain()
    closing.join()


def test_a_slow_disk_drops_what_is_too_much_and_keeps_the_time(tmp_path, caplog):
    writer = Writer()
    recorder = Recorder(tmp_path / "call.wav", 8000, writer)
    recorder.write(*ramps((MAX_WAITING + 3) * BLOCK))
    assert recorder.dropped == 3 * BLOCK
    assert [record.getMessage() for record in caplog.records] == [
        "the disk is too slow: sound is lost"
    ]
    writer.drain()
    recorder.write(*ramps(BLOCK, recorder.position))
    close(recorder, writer)
    expected = np.array(ramps((MAX_WAITING + 4) * BLOCK))
    expected[:, MAX_WAITING * BLOCK : (MAX_WAITING + 3) * BLOCK] = 0
    np.testing.assert_array_equal(read(recorder.path)[:2], expected)


def test_closed_it_takes_nothing_more_and_closes_once(tmp_path):
    recorder = Recorder(tmp_path / "call.wav", 8000)
    recorder.write(*ramps(100))
    recorder.close()
    recorder.write(*ramps(9000))
    recorder.close()
    assert len(read(recorder.path)[0]) == recorder.position == 100


@pytest.mark.parametrize("path", ["missing/call.wav", "."])
def test_what_cannot_be_opened_is_told_at_once(tmp_path, path):
    with pytest.raises(RecordError, match="cannot record to"):
        Recorder(tmp_path / path, 8000)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_disk_is_told_when_it_is_opened():
    with pytest.raises(RecordError, match="No space left"):
        Recorder("/dev/full", 8000)


def test_at_the_largest_size_the_recording_stops_and_stays_readable(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 3 * BLOCK * 4)
    recorder = Recorder(tmp_path / "call.wav", 8000)
    recorder.write(*ramps(5 * BLOCK))
    recorder.close()
    np.testing.assert_array_equal(read(recorder.path)[:2], ramps(3 * BLOCK))
    assert "no more than" in str(recorder.error)
    assert recorder.dropped == 2 * BLOCK


CHILD = """
import sys, time
import numpy as np
from mediasock.media.recorder import Recorder
recorder = Recorder(sys.argv[1], 8000)
for frame in range(250):
    at = np.arange(frame * 160, frame * 160 + 160).astype(np.int16)
    recorder.write(at, -at)
    while recorder.position - recorder.written > 4000:
        time.sleep(0)
print(recorder.position, flush=True)
{end}
"""


def record_in_a_process(path, end):
    """Start a process that records five seconds, and return it and how much it took."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(end=end), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, int(process.stdout.readline())


def test_a_killed_process_leaves_all_but_the_last_second(tmp_path):
    process, taken = record_in_a_process(tmp_path / "call.wav", "sys.stdin.read()")
    process.kill()
    process.communicate(timeout=100)
    heard, sent, rate = read(tmp_path / "call.wav")
    assert rate == 8000
    assert taken - 8000 < len(heard) <= taken
    np.testing.assert_array_equal((heard, sent), ramps_of_child(len(heard)))
    if shutil.which("sox") is None:
        pytest.skip("sox is not installed: read by soundfile alone")
    told = subprocess.run(
        ["soxi", "-s", tmp_path / "call.wav"], capture_output=True, text=True, check=True
    )
    assert (int(told.stdout), told.stderr) == (len(heard), "")


def test_a_process_that_ends_without_closing_leaves_all(tmp_path):
    process, taken = record_in_a_process(tmp_path / "call.wav", "")
    process.communicate(timeout=100)
    assert process.returncode == 0
    np.testing.assert_array_equal(read(tmp_path / "call.wav")[:2], ramps_of_child(taken))


def ramps_of_child(n):
    at = np.arange(n).astype(np.int16)
    return at, -at
