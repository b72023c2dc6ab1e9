"""The scripted far end, against libspandsp's terminal and against terminals that are wrong."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from dsp.fax import t4
from dsp.fax.capabilities import Settings
from dsp.fax.document import Resolution
from dsp.fax.frames import PartialPage, parse
from dsp.fax.hdlc import Deframer
from dsp.fax.result import Result, outcomes
from dsp.modem import v21
from dsp.types import RATE
from tests.support import fax_trial
from tests.support import fax_voice as voice
from tests.support.fax_far_end import FarEnd
from tests.support.fax_hearing import BLOCK, Hearing
from tests.support.fax_scenarios import ScenarioError, catalogue, load
from tests.support.fax_trial import attempt, with_spandsp
from tests.support.fax_words import Said, Speaker, WordError, agrees, frames, numbers, split

CATALOGUE = {str(one): one for one in catalogue()}

CALL = """
[[scenario]]
name = "a call"
says = "T.30 5.2"
we = "called"
steps = [
    "hear CED", "hear DIS", "say DCS", "tcf", "hear CFR", "page 1", "say EOP", "hear MCF",
    "say DCN", "hear end",
]
outcome = ["ok"]
confirmed = 1
"""


def scenarios(tmp_path, text=CALL):
    path = tmp_path / "chapter.toml"
    path.write_text(text)
    return load(path)


# what there is


def test_the_catalogue_has_all_chapters():
    chapters = Counter(one.chapter for one in CATALOGUE.values())
    assert len(CATALOGUE) >= 300
    assert len(chapters) == 11
    assert min(chapters.values()) >= 12


# scenarios that cannot be


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "a call"', "", "a scenario without a name: it has no name"),
        ('"a call"', "3", "name cannot be 3"),
        ('we = "called"', 'we = "both"', "we are 'calling' or 'called', not 'both'"),
        ('["ok"]', '["fine"]', "a call: there is no outcome 'fine'"),
        ("confirmed", "confirms", "a call: what is 'confirms'?"),
        ("hear CFR", "here CFR", "a call: step 5 'here CFR': what is 'here'?"),
        ("say EOP", "say EOPS", "a call: step 7 'say EOPS': no frame 'EOPS' is sent by V.21"),
        ("say DCS", "say DCS fine", "step 3 'say DCS fine': Settings has no such field"),
        (
            "say DCS",
            "say DCS rate=fast",
            "step 3 'say DCS rate=fast': DCS rate=fast: rate 'fast' is none",
        ),
        ("say DCS", "say 'DCS", "No closing quotation"),
        ("page 1", "page one", "step 6 'page one'"),
        ("page 1", "page 1 bed=3", "step 6 'page 1 bed=3': what is 'bed'?"),
        ("page 1", "page 1 bad=few", "step 6 'page 1 bad=few'"),
        ("page 1", "do one", "there are no steps 'one'"),
        ("hear end", "hear", "step 10 'hear': nothing is named"),
        ("hear MCF", "hear MCF|RTM", "step 8 'hear MCF|RTM': nothing is called 'RTM'"),
    ],
)
def test_it_is_said_what_is_wrong_and_where(tmp_path, old, new, told):
    with pytest.raises(ScenarioError) as raised:
        scenarios(tmp_path, CALL.replace(old, new, 1))
    assert str(raised.value).startswith("chapter.toml: ")
    assert told in str(raised.value)


def test_two_scenarios_of_one_name(tmp_path):
    with pytest.raises(ScenarioError, match="another one of this name"):
        scenarios(tmp_path, CALL + CALL)


def test_steps_by_name_are_those_steps(tmp_path):
    text = CALL.replace('"hear CED", "hear DIS"', '"do begin"') + (
        '[steps]\nbegin = ["hear CED", "do dis times=2"]\ndis = ["hear DIS"]\n'
    )
    (one,) = scenarios(tmp_path, text)
    assert [step.text for step in one.steps[:4]] == ["hear CED", "hear DIS", "hear DIS", "say DCS"]


# frames in words


@pytest.mark.parametrize(
    ("words", "octets"),
    [
        ("MCF", "ff138c"),
        ("MCF x=1", "ff138d"),
        ("DCS", "ff1383000670"),
        ("DCS rate='V.17 14400' ecm coding=MMR resolution='R8 × 7.7'", "ff13830062f044"),
        ("DIS fif=00ce", "ff138000ce"),
        ("PPR 0,9 x=0", "ff13bc0102" + "00" * 30),
        ("PPS-EOP page=1 block=2 frames=86", "ff13bf2f010255"),
        ("EOR-NULL", "ff13cf00"),
        ("CTC 'V.17 12000'", "ff1313002a"),
        ("DCN final=no rest=0102", "ff03fb0102"),
        ("octets ff13b8", "ff13b8"),
    ],
)
def test_words_are_these_octets(words, octets):
    (one,) = frames(split(words), Speaker(x=words[:3] not in ("MCF",)))
    assert one == Said(bytes.fromhex(octets))


def test_frames_that_go_together():
    first, second = frames(split("TSI 5 + DCS fcs=bad"), Speaker())
    assert parse(first.octets).text == "5"
    assert first.good and not second.good


def test_what_was_heard_is_said_again():
    assert frames(["again"], Speaker(heard=(b"\xff\x13\x80",))) == [Said(b"\xff\x13\x80")]


def test_pps_has_what_was_sent_just_now():
    (one,) = frames(["PPS-MPS"], Speaker(page=2, block=1, frames=7))
    assert parse(one.octets) == PartialPage("MPS", 2, 1, 7, x=True)


def test_numbers():
    assert numbers("0,3-5") == {0, 3, 4, 5}
    with pytest.raises(WordError, match="0,3-5"):
        numbers("a few")


def test_values_agree():
    assert agrees(True, "yes") and not agrees(True, "no")
    assert agrees(frozenset({1, 2}), "1-2") and not agrees(frozenset({1}), "1-2")
    assert agrees("MMR", "MMR") and not agrees("MR", "MMR")


# what it says


def heard_by(sound):
    receiver = v21.Receiver()
    return Deframer().process(receiver.process(np.concatenate([sound, voice.silence(0.1)])))


@pytest.mark.parametrize(
    ("said", "flaw"),
    [
        (Said(b"\xff\x13\x80\x01"), None),
        (Said(b"\xff\x13\x80\x01", good=False), "fcs"),
        (Said(b"\xff\x13\x80\x01\x02\x03", whole=False), "aborted"),
    ],
)
def test_frames_are_as_good_as_they_are_said_to_be(said, flaw):
    one, *others = heard_by(voice.control([said], -15.0))
    assert one.flaw == flaw
    assert not [other for other in others if other.good]


@pytest.mark.parametrize("coding", ["MH", "MR"])
@pytest.mark.parametrize("bad", [1, 9, 30])
def test_as_many_lines_are_broken_as_are_to_be(coding, bad):
    sheet = voice.page(1, 1728, 100, Resolution.STANDARD)
    if coding == "MR":
        bad = min(bad, 9)
    octets = voice.coded(sheet, Settings("V.29 9600", coding=coding), bad=bad)
    _, quality = t4.decode(octets, 1728, coding)
    assert (quality.rows, quality.bad_rows) == (100, bad)


def test_lines_are_as_long_as_they_are_to_be():
    sheet = voice.page(1, 1728, 20, Resolution.STANDARD)
    octets = voice.coded(sheet, Settings("V.29 9600", scan_time="40"))
    lengths = voice.line_lengths(voice.lines(octets))
    assert lengths[:20].min() >= 384
    assert (
        voice.line_lengths(voice.lines(voice.coded(sheet, Settings("V.29 9600"))))[:20].max() < 1200
    )


def test_partial_pages():
    parts = voice.blocks(bytes(range(256)) * 80, 64)
    assert [len(one) for one in parts] == [256, 64]
    assert t4.flip(b"".join(parts[0] + parts[1])) == bytes(range(256)) * 80


# what it hears


def hears(sound, rate=None):
    hearing = Hearing()
    if rate is not None:
        hearing.expect(rate, short=False)
    sound = np.concatenate([voice.silence(0.1), sound, voice.silence(0.3)])
    for at in range(0, len(sound) - BLOCK, BLOCK):
        hearing.process(sound[at : at + BLOCK])
    return hearing


def test_it_hears_frames_and_when():
    (one,) = hears(
        voice.control([Said(b"\xff\x13\x8c"), Said(b"\xff\x13\x8d", good=False)], -15)
    ).heard
    assert str(one) == "MCF a bad frame"
    assert 0.1 <= one.start <= 0.2 and 1.3 <= one.end <= 1.6


@pytest.mark.parametrize("seconds", [0.85, 1.0, 2.0])
def test_it_hears_how_long_a_preamble_is(seconds):
    (one,) = hears(voice.control([Said(b"\xff\x13\x8c")], -15, seconds)).heard
    assert one.preamble == pytest.approx(seconds, abs=0.03)


@pytest.mark.parametrize(("seconds", "wrong"), [(0.04, 1), (0.075, 0), (0.15, 1), (1.0, 0)])
def test_silences_within_a_turn_are_as_t30_has_them(seconds, wrong):
    sound = voice.tone(2100, 1.0, -15)
    hearing = hears(np.concatenate([sound, voice.silence(seconds), sound]))
    far = SimpleNamespace(hearing=hearing)
    assert len(list(fax_trial.pauses_wrong(far))) == wrong


def test_it_hears_a_burst():
    bits = voice.check_bits("V.17 14400")
    (one,) = hears(voice.burst("V.17 14400", bits, -15), "V.17 14400").heard
    assert one.trained and not one.data[: len(bits)].any()


def test_it_hears_tones():
    sound = np.concatenate(
        [voice.tone(2100, 2.6, -15), voice.silence(0.2), voice.tone(1100, 0.5, -15)]
    )
    ced, cng = hears(sound).tones
    assert (ced.name, cng.name) == ("CED", "CNG")
    assert ced.end - ced.start == pytest.approx(2.6, abs=0.04)
    assert cng.end - cng.start == pytest.approx(0.5, abs=0.04)


def test_noise_and_speech_of_v21_without_frames_is_nothing():
    hearing = hears(np.concatenate([voice.noise(1, -20), voice.carrier(1, -15, "ones")]))
    assert not hearing.heard and not hearing.tones


# libspandsp's terminal in the place of ours

WITH_SPANDSP = (
    "a_receive: one page",
    "a_receive: training fails down to 2400",
    "a_receive: 9 percent of the lines are broken",
    "b_receive_capabilities: A3",
    "c_receive_ecm: frames are sent again and lost again",
    "c_receive_ecm: a page in two parts",
    "c_receive_ecm: CTR is lost",
    "d_receive_exceptions: DCN after a page",
    "e_polling_receive: error correction",
    "f_transmit: three pages",
    "f_transmit: training fails down to 2400",
    "f_transmit: RTN to MPS",
    "h_transmit_ecm: PPR four times, CTC",
    "h_transmit_ecm: not ready for half a minute",
    "i_transmit_exceptions: EOP is never answered",
    "j_polling_transmit: two pages",
)


@pytest.mark.parametrize("name", WITH_SPANDSP)
def test_libspandsp_does_what_t30_says(name, tmp_path):
    trial = with_spandsp(CATALOGUE[name], tmp_path)
    assert not trial.problems, trial


# terminals that are wrong


class Silent:
    """Says nothing, and never ends."""

    done = False
    result = Result(outcome=None, calling=False, sending=False, phases={})

    def process(self, block):
        return np.zeros(len(block), dtype=np.int16)

    def hang_up(self):
        pass


class Gone(Silent):
    """Says that all is well, before anything was."""

    done = True
    result = Result(outcome=outcomes()["ok"], calling=False, sending=False, phases={})


@pytest.mark.parametrize("terminal", [Silent, Gone])
def test_no_scenario_is_passed_by_a_terminal_that_does_nothing(terminal):
    passed = [one for one in CATALOGUE.values() if not attempt(one, terminal(), list).problems]
    assert not passed


class Changed:
    """A terminal, of which one thing is changed."""

    def __init__(self, terminal, said=None, result=None):
        self._terminal, self._said, self._result = terminal, said, result

    def __getattr__(self, name):
        return getattr(self._terminal, name)

    def process(self, block):
        sound = self._terminal.process(block)
        return sound if self._said is None else self._said(sound)

    @property
    def result(self):
        result = self._terminal.result
        return result if self._result is None else self._result(result)


def tried(tmp_path, monkeypatch, name="a_receive: one page", **changes):
    """Try a scenario on libspandsp's terminal, of which something is changed."""
    made = fax_trial.SpandspFax
    monkeypatch.setattr(fax_trial, "SpandspFax", lambda *a, **b: Changed(made(*a, **b), **changes))
    return with_spandsp(CATALOGUE[name], tmp_path).problems


def test_a_terminal_that_is_not_heard_fails(tmp_path, monkeypatch):
    (problem,) = tried(tmp_path, monkeypatch, said=lambda sound: sound // 1000)
    assert "'hear CED least=2.6 most=4': no CED comes in 8 s" in problem


def test_a_terminal_that_tells_another_outcome_fails(tmp_path, monkeypatch):
    def lies(result):
        return SimpleNamespace(
            outcome=outcomes()["no_answer"],
            confirmed=(),
            pages=(),
            trace=(),
            **dict.fromkeys(("far_ident", "coding", "ecm")),
        )

    problems = tried(tmp_path, monkeypatch, result=lies)
    assert "the outcome is no_answer, not ok" in problems
    assert "0 pages are confirmed, not 1" in problems
    assert "far_ident is None, not '5551234'" in problems


def test_a_scenario_that_awaits_another_answer_fails(tmp_path):
    (one,) = scenarios(tmp_path, CALL.replace("hear MCF", "hear RTN"))
    (problem,) = with_spandsp(one, tmp_path).problems
    assert problem.endswith("'hear RTN': MCF comes")


def test_a_scenario_that_awaits_another_value_fails(tmp_path):
    (one,) = scenarios(tmp_path, CALL.replace("hear DIS", "hear DIS ecm=no"))
    (problem,) = with_spandsp(one, tmp_path).problems
    assert problem.endswith("'hear DIS ecm=no': ecm of DIS is True")


def test_a_preamble_that_is_too_short_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.support.fax_far_end._PREAMBLES", (1.1, 1.16))
    (problem,) = with_spandsp(scenarios(tmp_path)[0], tmp_path).problems
    assert "'hear DIS': the preamble of DIS has 0.8" in problem


def test_a_scenario_that_awaits_fewer_seconds_fails(tmp_path):
    (one,) = scenarios(tmp_path, CALL + "seconds = [1, 9]\n")
    (problem,) = with_spandsp(one, tmp_path).problems
    assert problem.startswith("it takes ")


def test_a_page_that_is_another_fails(tmp_path, monkeypatch):
    (one,) = scenarios(tmp_path)
    said = FarEnd.sheet

    def sheet(far, number):
        return said(far, number + far.done)

    monkeypatch.setattr(FarEnd, "sheet", sheet)
    assert with_spandsp(one, tmp_path).problems == ["page 1 is another than was sent"]


def test_what_comes_besides_is_a_problem(tmp_path):
    text = CALL.replace('"hear CED", "hear DIS"', '"silence 10", "hear DIS", "hear nothing 1"')
    (problem,) = with_spandsp(scenarios(tmp_path, text)[0], tmp_path).problems
    assert "'hear nothing 1': something comes" in problem


def test_a_block_is_20_ms():
    assert BLOCK == RATE // 50
