from __future__ import annotations

import pytest

from mediasock.esl.errors import Disconnected
from mediasock.esl.events import Event
from mediasock.esl.waits import ExecuteWait, Ticket

FIRST, SECOND = Event({"Event-Name": "1"}), Event({"Event-Name": "2"})


def test_a_ticket_takes_its_first_answer() -> None:
    ticket: Ticket[int] = Ticket()
    seen: list[bool] = []
    ticket.when_done(lambda: seen.append(ticket.done))
    ticket.settle(1)
    ticket.settle(2)
    ticket.fail(Disconnected("late"))
    assert (ticket.result(), seen) == (1, [True])
    ticket.when_done(lambda: seen.append(False))
    assert seen == [True, False]


def test_a_failed_ticket_raises_each_time() -> None:
    ticket: Ticket[int] = Ticket()
    ticket.fail(Disconnected("gone"))
    for _ in range(2):
        with pytest.raises(Disconnected) as caught:
            ticket.result()
        assert len(caught.traceback) == 2


def test_an_abandoned_ticket_takes_what_comes_and_tells_nobody() -> None:
    ticket: Ticket[int] = Ticket()
    ticket.when_done(lambda: pytest.fail("told"))
    ticket.abandon()
    ticket.settle(1)
    assert (ticket.abandoned, ticket.done) == (True, True)


def test_an_answered_ticket_cannot_be_abandoned() -> None:
    ticket: Ticket[int] = Ticket()
    ticket.settle(1)
    ticket.abandon()
    assert not ticket.abandoned


def test_one_completion_ends_a_wait() -> None:
    wait = ExecuteWait("u", "c")
    wait.complete(FIRST)
    assert wait.ticket.result() is FIRST


def test_loops_end_with_the_last() -> None:
    wait = ExecuteWait("u", "c", loops=2)
    pauses: list[int] = []
    wait.when_paused(lambda: pauses.append(wait.completed))
    wait.complete(FIRST)
    wait.began()
    wait.conclude()
    assert (pauses, wait.ticket.done) == ([1], False)
    wait.complete(SECOND)
    assert wait.ticket.result() is SECOND


@pytest.mark.parametrize("loops", [5, -1])
def test_loops_that_stop_early_end_with_what_there_was(loops: int) -> None:
    wait = ExecuteWait("u", "c", loops=loops)
    wait.conclude()
    assert not wait.ticket.done
    wait.complete(FIRST)
    wait.conclude()
    assert wait.ticket.result() is FIRST
