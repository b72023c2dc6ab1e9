from __future__ import annotations

import json

from mediasock.errors import MediasockError
from mediasock.faxing.jobs import Ending, Job, Limits, NoSuchJob, NoSuchTry, Order, State, Try


def test_what_is_told_of_a_job_is_json_without_the_secret_of_its_call() -> None:
    one = Try(1, 1, "secret", "owner", 5.0, 1, ending=Ending(cause="USER_BUSY"))
    told = json.dumps(Job(1, Order("12"), "a.tiff", 3, 4.0).record((one,)))
    assert "secret" not in told and "owner" not in told
    assert json.loads(told)["tries"][0]["ending"]["cause"] == "USER_BUSY"
    assert json.loads(told)["order"]["deadline"] is None


def test_a_job_is_over_when_nothing_more_will_be_done() -> None:
    assert {one for one in State if one.over} == {State.SENT, State.FAILED, State.CANCELLED}


def test_limits_in_words() -> None:
    assert str(Limits()) == ""
    assert str(Limits(9600, v17=False, ecm=False)) == "at most 9600 bit/s, no V.17, no ECM"


def test_errors_name_what_was_asked_for_and_have_the_one_base() -> None:
    assert str(NoSuchJob(7)) == "there is no job 7"
    assert "'x'" in str(NoSuchTry("x"))
    assert issubclass(NoSuchTry, MediasockError)
