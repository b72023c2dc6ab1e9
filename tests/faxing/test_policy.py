from __future__ import annotations

import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.fax.result import outcomes
from mediasock.config import ConfigError
from mediasock.faxing import policy as policies
from mediasock.faxing.jobs import Ending, Job, Limits, Order, State, Try
from mediasock.faxing.policy import Next, from_mapping, standard
from mediasock.switch.causes import CAUSES

NOW = 1000.0
RATES = ["V.17 14400", "V.17 7200", "V.29 9600", "V.27ter 2400", ""]
TABLE = Path(policies.__file__).with_name("policy.toml")


def history(
    job: Job, *endings: tuple[Ending, int], limits: Limits | None = None
) -> tuple[Job, list[Try], Next]:
    """Play a job through tries that end so, each with so many pages, as the policy has it."""
    policy, tries, then = standard(), [], Next(State.WAITING, NOW, limits or Limits())
    for number, (ending, most) in enumerate(endings, 1):
        kind = policy.kind(ending).name
        pages = min(most, job.pages - job.confirmed)
        tries.append(
            Try(1, number, "t", "o", NOW, job.confirmed + 1, then.limits,
                confirmed=pages, ending=ending, kind=kind)
        )  # fmt: skip
        job = replace(job, confirmed=job.confirmed + pages)
        then = policy.after(job, tries, NOW)
        if then.state is not State.WAITING:
            break
    return job, tries, then


def job(pages: int = 3, **order: Any) -> Job:
    return Job(1, Order("1", **order), "a.tiff", pages, NOW)


def test_every_outcome_of_a_fax_has_a_row_or_is_other() -> None:
    policy = standard()
    named = {name for kind in policy.kinds.values() for name in kind.outcomes}
    assert named - {"interrupted", "unheard"} <= set(outcomes())
    # what is left is the protocol gone astray, or cannot be the sender's end of a call
    assert set(outcomes()) - named == {
        "ok", "interrupt_timeout", "interrupt_failed", "unexpected", "dcn_before_page",
        "bad_page_command", "no_dcn", "no_page_end", "no_page_in_time", "no_next_page",
        "command_timeout", "dcn_early", "dcn_in_page", "dcn_no_page_end", "dcn_between_pages",
    }  # fmt: skip


def test_every_cause_with_which_a_call_can_fail_has_a_row() -> None:
    policy = standard()
    other = {name for name in CAUSES if policy.kind(Ending(cause=name)).name == "other"}
    assert other == {"BLIND_TRANSFER", "ATTENDED_TRANSFER", "PICKED_OFF"}
    assert policy.kind(Ending(cause="NEVER_HEARD_OF")).name == "other"
    assert policy.kind(Ending()).name == "other"


def test_what_the_endpoint_said_goes_before_the_cause() -> None:
    assert standard().kind(Ending("cannot_train", "USER_BUSY")).name == "training"
    assert standard().kind(Ending("unexpected", "USER_BUSY")).name == "other"


def test_a_busy_number_is_called_again_as_it_was_and_later_each_time() -> None:
    busy = (Ending(cause="USER_BUSY"), 0)
    waits = []
    for count in range(1, 5):
        _, tries, then = history(job(), *[busy] * count)
        assert then.state is State.WAITING and then.limits == Limits()
        waits.append(then.due - NOW)
    assert waits == sorted(set(waits))
    _, tries, then = history(job(tries=100), *[busy] * 50)
    assert then.state is State.FAILED and len(tries) == standard().kinds["busy"].tries
    assert then.why == "busy: USER_BUSY"


def test_a_wrong_number_is_called_once() -> None:
    _, tries, then = history(job(), (Ending(cause="UNALLOCATED_NUMBER"), 0))
    assert then.state is State.FAILED and len(tries) == 1


def test_pages_that_do_not_come_through_are_sent_slower_and_then_without_ecm() -> None:
    failed = (Ending("no_page_answer", rate="V.17 14400"), 0)
    seen = [history(job(), *[failed] * count)[2].limits for count in range(1, 5)]
    assert seen == [
        Limits(12000),
        Limits(9600),
        Limits(9600, ecm=False),
        Limits(7200, ecm=False),
    ]


def test_slower_is_below_the_rate_that_was_used() -> None:
    failed = (Ending("no_page_answer", rate="V.17 7200"), 0)
    assert history(job(), failed)[2].limits == Limits(4800)
    slowest = (Ending("no_page_answer", rate="V.27ter 2400"), 0)
    assert history(job(), slowest)[2].limits == Limits(2400)


def test_modems_that_cannot_be_trained_are_tried_again_and_then_without_v17() -> None:
    failed = (Ending("cannot_train", rate="V.27ter 2400"), 0)
    assert history(job(), failed)[2].limits == Limits()
    assert history(job(), failed, failed)[2].limits == Limits(v17=False)


def test_failed_error_correction_is_left_out() -> None:
    assert history(job(), (Ending("bad_ecm_answer"), 0))[2].limits == Limits(ecm=False)


def test_tries_are_counted_anew_when_a_page_came_through() -> None:
    busy = (Ending(cause="NO_ANSWER"), 0)
    dropped = (Ending("call_dropped"), 1)
    assert history(job(), *[busy] * 5, dropped, *[busy] * 5)[2].state is State.WAITING
    assert history(job(), *[busy] * 6, dropped)[2].state is State.FAILED
    assert history(job(tries=3), busy, busy, dropped, busy)[2].state is State.WAITING
    assert history(job(tries=3), busy, busy, dropped, busy, busy)[2].state is State.FAILED


def test_what_is_all_confirmed_is_sent_whatever_the_call_ended_with() -> None:
    done, _, then = history(replace(job(2), cancelling=True), (Ending("call_dropped"), 2))
    assert done.all_confirmed and then.state is State.SENT


def test_a_cancelled_job_is_not_tried_again() -> None:
    _, _, then = history(replace(job(), cancelling=True), (Ending("call_dropped"), 1))
    assert then.state is State.CANCELLED


def test_no_try_begins_after_the_deadline() -> None:
    _, _, then = history(job(deadline=NOW + 100), (Ending(cause="USER_BUSY"), 0))
    assert then.state is State.FAILED
    assert then.why == "its time is over; at last: busy: USER_BUSY"


def test_tries_before_a_retry_do_not_count() -> None:
    busy = (Ending(cause="NO_ANSWER"), 0)
    _, tries, _ = history(job(tries=100), *[busy] * 6)
    again = replace(job(), counted_from=6)
    assert standard().after(again, tries, NOW).state is State.WAITING


ENDINGS = st.tuples(
    st.builds(
        Ending,
        outcome=st.sampled_from(["", "interrupted", "unheard", *outcomes()]),
        cause=st.sampled_from(["", "ODD", *CAUSES]),
        rate=st.sampled_from(RATES),
    ),
    st.integers(0, 2),
)


@settings(max_examples=300, deadline=None)
@given(
    endings=st.lists(ENDINGS, min_size=1, max_size=40),
    pages=st.integers(1, 6),
    tries=st.integers(1, 12),
    deadline=st.floats(NOW, NOW + 5000),
)
def test_whatever_happens_a_job_goes_on_within_its_limits_or_ends(
    endings: list[tuple[Ending, int]], pages: int, tries: int, deadline: float
) -> None:
    done, made, then = history(job(pages, tries=tries, deadline=deadline), *endings)
    assert len(made) <= tries * (pages + 1)
    assert (then.state is State.SENT) == done.all_confirmed
    assert then.state is not State.CALLING
    if then.state is State.WAITING:
        assert NOW <= then.due <= deadline and then.why
        limits = [one.limits for one in made] + [then.limits]
        for before, after in pairwise(limits):
            assert (after.fastest or 14400) <= (before.fastest or 14400)
            assert after.v17 <= before.v17 and after.ecm <= before.ecm
            assert after.fastest in {None, *standard().rates}


def changed(path: str, value: Any) -> dict[str, Any]:
    table = tomllib.loads(TABLE.read_text())
    *places, last = path.split(".")
    at = table
    for place in places:
        at = at[place]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return table


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("rates", [], "rates is"),
        ("rates", [9600, 14400], "the fastest goes first"),
        ("rates", [9600, True], "a list of bits a second"),
        ("more", 1, "no table 'more'"),
        ("kinds.other", None, "a kind 'other'"),
        ("kinds.busy", 3, "kinds.busy is 3"),
        ("kinds.busy.wait", None, "kinds.busy lacks wait"),
        ("kinds.busy.wait", [], "kinds.busy.wait is"),
        ("kinds.busy.wait", [-1], "not negative"),
        ("kinds.busy.wait", [float("inf")], "kinds.busy.wait is"),
        ("kinds.busy.wait", [True], "kinds.busy.wait is"),
        ("kinds.busy.wait", 60, "a list is needed"),
        ("kinds.busy.tries", 0, "at least 1"),
        ("kinds.busy.tries", True, "a int is needed"),
        ("kinds.busy.next", ["faster"], "kinds.busy.next is"),
        ("kinds.busy.next", [], "kinds.busy.next is"),
        ("kinds.busy.color", 1, "kinds.busy has no 'color'"),
        ("kinds.busy.causes", ["NO_ANSWER"], "NO_ANSWER is of kinds.busy and of kinds.no_answer"),
    ],
)
def test_a_wrong_table_is_refused(path: str, value: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        from_mapping(changed(path, value))


def test_a_table_of_ones_own_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with pytest.raises(ConfigError, match=r"mine\.toml: .*No such file"):
        policies.read(path)
    path.write_text("rates = [")
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        policies.read(path)
    path.write_text(TABLE.read_text().replace("tries = 12", "tries = 2"))
    assert policies.read(path).kinds["busy"].tries == 2
