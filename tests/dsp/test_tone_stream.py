import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.tone_stream import (
    MAX_RENDER_SECONDS,
    SilenceStream,
    ToneStream,
    ToneStreamError,
    parse,
    render,
)
from dsp.types import Samples

FIXTURES = Path(__file__).parents[2] / "fixtures" / "tone_stream"
INDEX = json.loads((FIXTURES / "index.json").read_text())

# plain words of the language, so that hypothesis writes scripts that mean something
words = st.sampled_from(
    [
        "5",
        "*#",
        "1(20,10)",
        "%(10,5,440)",
        "%(7,0,350,440)",
        "%(0,9,-1)",
        "%(0,0,440)",
        "l=2",
        "l=0",
    ]
)
words |= st.sampled_from(["d=30", "w=11", "v=-20", ">=2", "<=0", "+=3", "L=2", "L=3", "r=16000"])
scripts = st.lists(words, max_size=8).map(lambda parts: ";".join(["9", *parts]))


@pytest.mark.parametrize("name", INDEX)
def test_samples_are_those_of_freeswitch(name: str) -> None:
    recorded, rate = soundfile.read(FIXTURES / f"{name}.flac", dtype="int16")
    rendered = render(INDEX[name]["spec"], rate)
    assert rendered.shape == (INDEX[name]["samples"],)
    assert np.array_equal(rendered, recorded)


@given(scripts, st.integers(1, 3), st.integers(40, 5000))
@settings(deadline=None)
def test_however_a_stream_is_cut_it_is_the_same(script: str, loops: int, size: int) -> None:
    stream = parse(f"{script};loops={loops}")
    chunks = list(stream.chunks(size))
    whole = render(script)
    assert stream.samples == loops * len(whole)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert np.array_equal(np.concatenate(chunks), np.tile(whole, loops))


@given(scripts, st.integers(1, 5))
@settings(deadline=None)
def test_runs_of_a_script_go_on_from_what_the_last_one_set(script: str, runs: int) -> None:
    body = ";".join(word for word in script.split(";") if not word.startswith("L"))
    unrolled = render(";".join([body] * runs))
    assert np.array_equal(render(f"L={runs};{body}"), unrolled)


@given(
    st.text("%(),;=0123456789.*#ABCDvdwlLrc<>+-{}\n osp", max_size=60).map("{}".format)
    | st.text(max_size=30)
    | st.text("0123456789,-. x", max_size=20).map("silence_stream://{}".format)
    | scripts.flatmap(lambda s: st.integers(0, len(s)).map(lambda at: s[:at] + ";loops=" + s[at:]))
)
@settings(deadline=None)
def test_any_spec_streams_or_is_refused_with_a_place(spec: str) -> None:
    try:
        stream = parse(spec, read=lambda name: name)
    except ToneStreamError as error:
        assert 0 <= error.position <= len(spec)
    else:
        chunks = list(itertools.islice(stream.chunks(160), 3))
        total = sum(map(len, chunks))
        assert stream.samples is None or total == min(stream.samples, 480)


@pytest.mark.parametrize(
    "spec",
    [
        "%(2147483647,2147483647,440);loops=2147483647",
        "l=2147483647;L=2147483647;%(2147483647,0,440)",
        "%(100,0,440);loops=-1",
        "l=-1;%(100,0,440)",
        "silence_stream://-1",
        f"silence_stream://{MAX_RENDER_SECONDS * 1000 + 1}",
    ],
)
def test_what_has_no_near_end_streams_but_is_not_rendered_whole(spec: str) -> None:
    assert [len(chunk) for chunk in itertools.islice(parse(spec).chunks(160), 3)] == [160] * 3
    with pytest.raises(ToneStreamError, match="longer than 600 s"):
        render(spec)


@pytest.mark.parametrize(
    "spec",
    [
        "%(0,0,440);loops=-1",
        "l=-1;%(0,0,440)",
        "l=2147483647;%(0,0,440);loops=2147483647",
        "L=2147483647;%(0,0,440);l=2147483647;%(0,0,440)",
    ],
)
def test_nothing_repeated_for_ever_is_nothing_at_once(spec: str) -> None:
    assert parse(spec).samples == 0
    assert render(spec).shape == (0,)


def test_a_tone_of_no_length_is_not_repeated_beside_others() -> None:
    assert len(render("l=2147483647;%(0,0,440);%(10,0,440)")) == 80


@pytest.mark.parametrize(
    ("spec", "same"),
    [
        ("tone_stream://%(100,50,440)", "%(100,50,440)"),
        ("{loops=3}tone_stream://%(100,50,440)", "%(100,50,440);loops=3"),
        ("%(100,50,440);LOOPS=2;", "l=2;%(100,50,440)"),
        ("%(100,50,440);loops=0", "%(100,50,440)"),
        ("L=0;%(100,50,440)", "%(100,50,440)"),
        ("L=-1;%(100,50,440)", "%(100,50,440)"),
        ("L=2;L=3;%(100,50,440)", "L=2;%(100,50,440)"),
        ("c=2;%(100,50,440)", "%(100,50,440)"),
        ("5(100,50)", "d=100;w=50;5"),
        ("l=2;12", "112"),
        ("1;l=3;L=2", "1111"),
        ("%(10,0,440);%(0,50,-1);%(10,0,440)", "%(10,50,440);%(10,0,440)"),
        (" % (1,1,1)".replace("% ", "%") + " ;\r\n ; ", "%(1,1,1)"),
    ],
)
def test_two_ways_to_say_the_same(spec: str, same: str) -> None:
    assert np.array_equal(render(spec), render(same))


def test_a_rate_in_the_script_changes_what_is_reckoned_with() -> None:
    assert np.array_equal(render("r=16000;%(100,0,880)", 8000), render("%(200,0,440)", 8000))


@pytest.mark.parametrize(
    ("spec", "rate"), [("%(1,1,4000)", 8000), ("r=8000;%(1,1,4000)", 16000), ("1", 2000)]
)
def test_what_the_rate_cannot_carry_is_refused(spec: str, rate: int) -> None:
    with pytest.raises(ToneStreamError, match="not below half"):
        parse(spec, rate)


@pytest.mark.parametrize(
    ("spec", "position", "reason"),
    [
        ("", 0, "no tone"),
        ("v=-7", 0, "no tone"),
        ("tone_stream://1;x", 16, "'x'"),
        ("1;loops=2;3", 10, "'3'"),
        ("1;loops=x", 8, "a count is wanted"),
        ("{loops=2", 8, "'}' is wanted"),
        ("{rate=2}1", 1, "only loops="),
        ("path=/tmp/tones", 0, "not read from a file"),
        ("silence_stream://", 17, "a time in ms"),
        ("silence_stream://0", 17, "0 ms"),
        ("silence_stream://5,x", 19, "a divisor"),
        ("silence_stream://5x", 18, "'x'"),
    ],
)
def test_each_fault_is_named_with_its_place(spec: str, position: int, reason: str) -> None:
    with pytest.raises(ToneStreamError) as caught:
        parse(spec)
    assert caught.value.position == position
    assert reason in str(caught.value)


def test_a_rate_out_of_range_is_refused() -> None:
    with pytest.raises(ToneStreamError, match="999 Hz"):
        parse("1", 999)


def test_lines_of_a_file_are_scripts_that_keep_what_was_set() -> None:
    files = {"/tones": "d=100;w=0\n\n1;L=2\r\n2\n"}
    stream = parse("tone_stream://PATH=/tones;loops=2", read=files.__getitem__)
    assert isinstance(stream, ToneStream)
    assert np.array_equal(np.concatenate(list(stream.chunks())), render("d=100;w=0;112112"))
    with pytest.raises(ToneStreamError, match="no tone is called 'x' at 2 of '1;x'"):
        parse("path=any", read=lambda name: "1;x")
    with pytest.raises(ToneStreamError, match="no tone"):
        parse("path=any", read=lambda name: "")


def noise(spec: str) -> Samples:
    return render(f"silence_stream://{spec}")


def test_silence_is_silent_and_noise_has_its_divisor() -> None:
    assert parse("silence_stream://-1,400") == SilenceStream(None, 400)
    assert not noise("1000").any()
    assert not noise("1000,-4").any()
    loud, soft = noise("1000,1"), noise("1000,100")
    assert loud.max() > 32000
    assert loud.min() < -32000
    assert 320 < soft.max() <= 327
    spectrum = np.abs(np.fft.rfft(soft.reshape(10, 800)))[:, 1:-1].mean(axis=0)
    assert spectrum.max() < 2.5 * spectrum.mean()
