import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.cadence import Detector
from dsp.plan import FAX, PLANS, Cadence, PlanError, available, load, parse
from dsp.steady import SteadyTones

BUSY = 'kind = "tone"\n[tones]\nbusy = ["480+620/500,0/500"]\n'


def test_a_plan_says_frequencies_and_times_and_how_far_they_may_be_off():
    (busy,) = parse(BUSY, "mine")
    on, off = busy.intervals
    assert (busy.kind, busy.value, busy.told, busy.once, busy.continuous) == (
        "tone",
        "busy",
        3,
        False,
        False,
    )
    assert on.frequencies == (480.0, 620.0)
    assert off.frequencies == ()
    assert on.hz == pytest.approx((8.2, 10.3))
    assert (on.least, on.most) == pytest.approx((0.438, 0.562))


def test_a_tone_that_goes_on_and_one_that_is_heard_once():
    dial, sit = parse(
        'kind="tone"\n[tones]\ndial=["425/>900"]\n'
        'sit={cadence=["950/330,1400/330,1800/330"], hz=50, ms=70}\n',
        "mine",
    )
    assert dial.continuous
    assert (dial.intervals[0].least, dial.intervals[0].most) == (0.9, math.inf)
    assert sit.once
    assert not sit.continuous
    assert sit.told == 3
    assert (sit.intervals[1].hz, sit.intervals[1].least) == ((50.0,), pytest.approx(0.26))


def test_every_plan_that_comes_with_it_has_what_callers_hear():
    assert {*PLANS, FAX} <= set(available())
    for plan in PLANS:
        values = {cadence.value for cadence in load([plan])}
        assert {"dial", "ringback", "busy", "reorder", "sit"} <= values
    assert {"cng", "ced", "ced/", "ansam", "ansam/"} <= {one.value for one in load([FAX])}


def test_what_plans_have_in_common_is_there_once(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(BUSY)
    both = load(["us", str(file)])
    assert both == load(["us"])
    assert len(both) == len(set(both))


@pytest.mark.parametrize(
    ("tone", "named"),
    [
        ('["480+620/500,0"]', "0"),
        ('["0/500,480/500"]', "begins with silence"),
        ('["480/500,0/500,0/500"]', "silence after silence"),
        ('["480/>500,0/500"]', "nothing after"),
        ('["480/500,0/>500"]', "silence does not go on"),
        ('["350+440+620/500"]', "evenly spaced"),
        ('["350+400+450+500/500"]', "one or two"),
        ('["400*5/500"]', "10 to 60"),
        ('["400*25*2/500"]', "no interval"),
        ('["400@-30/500"]', "20 dB"),
        ('["400@x/500"]', "no interval"),
        ('["400@-10/500,0/500"]', "above itself"),
        ('["400/500-300"]', "60,000"),
        ('["400/>500-600"]', "no interval"),
        ('["400/500,0/500,400/>500,0/500"]', "nothing after"),
        ('{cadence=["400/500"], once=1}', "once"),
        ('["20/500"]', "200 to 3400"),
        ('["nan/500"]', "200 to 3400"),
        ('["480/nan"]', "60,000"),
        ('["480/0"]', "60,000"),
        ('["480/-1"]', "no interval"),
        ('["480/x"]', "no interval"),
        ('["' + ",".join(["480/100,0/100"] * 5) + '"]', "more than 8"),
        ('"480/500"', "list"),
        ("{}", "list"),
        ('{cadence=["480/500"], hz="x"}', "hz"),
        ('{cadence=["480/500"], ms=0}', "ms"),
        ('{cadence=["480/500"], ms=500}', "off by 500 ms"),
        ('{cadence=["480/500"], hz=101}', "up to 100"),
        ('["440+445/500,0/500"]', "10 Hz apart"),
        ('["440+440/500,0/500"]', "10 Hz apart"),
        ("[]", "list"),
        ('{cadence=["480/500"], told=0}', "told"),
        ('{cadence=["480/500"], told=true}', "told"),
        ('{cadence=["480/500"], modulated=1}', "modulated"),
        ('{cadence=["480/500"], loud=1}', "loud"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_plan_and_tone(tone, named):
    with pytest.raises(PlanError, match="plan mine: odd: ") as error:
        parse(f'kind="tone"\n[tones]\nodd={tone}\n', "mine")
    assert named in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "kind=1\n[tones]", 'kind="a"', "x", BUSY + "[more]\n", 'kind="a"\n[tones]']
)
def test_what_is_no_plan_is_a_plan_error(text):
    with pytest.raises(PlanError, match="plan mine: "):
        parse(text, "mine")


def test_a_plan_that_is_not_there_is_named_with_those_that_are(tmp_path):
    with pytest.raises(PlanError, match=r"atlantis.*uk.*us"):
        load(["atlantis"])
    with pytest.raises(PlanError, match=r"gone\.toml"):
        load([str(tmp_path / "gone.toml")])
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match=r"bytes\.toml"):
        load([str(tmp_path / "bytes.toml")])


@given(st.text(alphabet="0123456789+/,>.- e", max_size=40))
def test_any_cadence_is_read_or_refused(text):
    try:
        cadences = parse(f"kind='x'\n[tones]\na=['{text}']\n", "fuzz")
    except PlanError:
        return
    assert [type(one) for one in cadences] == [Cadence]
    assert all(0 < one.least < one.most for one in cadences[0].intervals)
    assert len(SteadyTones(1, cadences).columns.even) == 80


def test_listening_for_nothing_is_a_plan_error():
    with pytest.raises(PlanError, match="name a plan"):
        Detector(1, [])


def test_auto_goes_without_countries():
    with pytest.raises(PlanError, match=r"auto .* without us"):
        load(["auto", "us"])
    assert load(["auto", "fax"])[-1].kind == "fax"
