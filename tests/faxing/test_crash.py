"""Processes of a spool die at any statement, and no page is lost or sent twice.

Two processes have the spool. Each may be the one that places a call or the one that it comes to;
each may die between any two statements of the database, or between two of its methods. Calls that
nobody has answered outlive them, as FreeSWITCH's do.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mediasock.faxing.jobs import INTERRUPTED, Ending, JobStateError, NoSuchTry, Order, State
from mediasock.faxing.spool import Spool
from tests.support.dying import Died, Dying, dying_connections
from tests.support.faxing import MEMORY, Clock

DEATH = st.none() | st.tuples(st.integers(0, 12), st.booleans())
ENDINGS = st.sampled_from(
    [
        Ending("call_dropped"),
        Ending("no_page_answer", rate="V.17 9600"),
        Ending(cause="USER_BUSY"),
        Ending("cannot_train"),
        Ending("incompatible"),
    ]
)


# -- between any two statements -----------------------------------------------------------------


@dataclass
class Call:
    """A call that FreeSWITCH has."""

    token: str
    job: int
    answered_by: str = ""
    first: int = 0
    taken: int = 0
    untold: list[int] = field(default_factory=list)


class Process:
    """One that has the spool open."""

    def __init__(self, name: str, directory: Path, clock: Clock) -> None:
        self.name = name
        self.spool = Spool(directory, clock=clock)

    def die(self) -> None:
        self.spool.close()


class Crashes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._patched = dying_connections()
        self._patched.__enter__()
        self._directory = tempfile.TemporaryDirectory(dir=MEMORY)
        self.clock = Clock()
        self.born = 0
        self.processes: list[Process] = []
        self.calls: list[Call] = []
        self.pages: dict[int, int] = {}
        self.taken: dict[int, list[int]] = {}
        self.doubtful: Counter[tuple[int, int]] = Counter()
        self.written: dict[int, int] = {}

    @initialize()
    def begin(self) -> None:
        for place in range(2):
            self.processes.append(self.start())
            assert len(self.processes) == place + 1

    def start(self) -> Process:
        self.born += 1
        return Process(f"p{self.born}", Path(self._directory.name), self.clock)

    def alive(self, name: str) -> bool:
        return any(one.name == name for one in self.processes)

    def do(self, place: int, death: tuple[int, bool] | None, method: str, *args: Any, **more: Any):
        """Have a process do something, and die in it if it is its time."""
        process = self.processes[place]
        connection = process.spool._database
        assert isinstance(connection, Dying)
        if death is not None:
            connection.left, connection.after = death
        try:
            return getattr(process.spool, method)(*args, **more)
        except Died:
            self.bury(place)
            raise
        finally:
            connection.left = None

    def bury(self, place: int) -> None:
        """A process is dead: the calls that it had answered end, the others ring on."""
        process = self.processes[place]
        process.die()
        self.calls = [one for one in self.calls if one.answered_by != process.name]
        self.processes[place] = self.start()

    # -- what operators and the network do ------------------------------------------------------

    @precondition(lambda self: len(self.pages) < 2)
    @rule(place=st.integers(0, 1), pages=st.integers(1, 3), death=DEATH)
    def submit(self, place: int, pages: int, death: tuple[int, bool] | None) -> None:
        try:
            job = self.do(place, death, "submit", Order("1", tries=1000), "a.tiff", pages)
        except Died:
            known = {job.number for job in self.processes[0].spool.jobs()}
            assert len(known - set(self.pages)) <= 1
            for number in known - set(self.pages):
                self.pages[number] = pages
        else:
            self.pages[job.number] = pages

    @rule(place=st.integers(0, 1))
    def die(self, place: int) -> None:
        self.bury(place)

    @precondition(lambda self: self.pages)
    @rule(place=st.integers(0, 1), data=st.data(), death=DEATH, again=st.booleans())
    def order(self, place: int, data: Any, death: tuple[int, bool] | None, again: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.pages)))
        try:
            self.do(place, death, "retry" if again else "cancel", number)
        except (Died, JobStateError):
            return

    # -- what the dispatcher does ---------------------------------------------------------------

    def state(self, *states: State) -> list[Any]:
        return self.processes[0].spool.jobs(*states) if self.processes else []

    @precondition(lambda self: self.state(State.WAITING))
    @rule(place=st.integers(0, 1), data=st.data(), death=DEATH, placed=st.booleans())
    def call(self, place: int, data: Any, death: tuple[int, bool] | None, placed: bool) -> None:
        job = data.draw(st.sampled_from(self.state(State.WAITING)))
        self.clock.now = max(self.clock.now, job.due)
        try:
            one = self.do(place, death, "begin", job.number, self.processes[place].name)
        except Died:
            return
        assert one is not None and one.first == job.confirmed + 1
        if placed:
            self.calls.append(Call(one.token, one.job))
        else:
            self.bury(place)

    @rule(place=st.integers(0, 1), death=DEATH, killed=st.booleans(), overtaken=st.booleans())
    def take_up(
        self, place: int, death: tuple[int, bool] | None, killed: bool, overtaken: bool
    ) -> None:
        """The calls of dead processes: one that is not killed comes to an endpoint all the same."""
        for _, one in self.processes[place].spool.open_tries():
            if self.alive(one.owner):
                continue
            ringing = [call for call in self.calls if call.token == one.token]
            if killed:
                self.calls = [call for call in self.calls if call.token != one.token]
            elif overtaken and ringing:
                self.answer_one(ringing[0], 1 - place, None)
            ending = Ending(INTERRUPTED)
            try:
                done = self.do(place, death, "close_try", one.token, ending, owner=one.owner)
            except Died:
                return
            assert done == (killed or not (overtaken and ringing and ringing[0].answered_by))

    @precondition(lambda self: any(not call.answered_by for call in self.calls))
    @rule(place=st.integers(0, 1), data=st.data(), ending=ENDINGS, death=DEATH)
    def give_up(
        self, place: int, data: Any, ending: Ending, death: tuple[int, bool] | None
    ) -> None:
        call = data.draw(st.sampled_from([one for one in self.calls if not one.answered_by]))
        self.calls.remove(call)
        try:
            self.do(place, death, "close_try", call.token, ending)
        except Died:
            return

    # -- what the endpoint does -----------------------------------------------------------------

    @precondition(lambda self: self.calls)
    @rule(place=st.integers(0, 1), data=st.data(), death=DEATH)
    def answer(self, place: int, data: Any, death: tuple[int, bool] | None) -> None:
        self.answer_one(data.draw(st.sampled_from(self.calls)), place, death)

    def answer_one(self, call: Call, place: int, death: tuple[int, bool] | None) -> None:
        process = self.processes[place]
        try:
            job, one = self.do(place, death, "answer", call.token, process.name)
        except NoSuchTry:
            self.calls = [other for other in self.calls if other is not call or other.answered_by]
            return
        except Died:
            if not call.answered_by:
                self.calls = [other for other in self.calls if other is not call]
            return
        assert not any(other.job == call.job and other.answered_by for other in self.calls)
        assert job.state is State.CALLING and one.ended is None
        assert one.first == job.confirmed + 1
        call.answered_by, call.first = process.name, one.first

    @precondition(lambda self: any(call.answered_by for call in self.calls))
    @rule(data=st.data(), death=DEATH, told=st.booleans())
    def page(self, data: Any, death: tuple[int, bool] | None, told: bool) -> None:
        """The far end takes a page; the disk may be full when that is to be written."""
        call = data.draw(st.sampled_from([one for one in self.calls if one.answered_by]))
        place = [one.name for one in self.processes].index(call.answered_by)
        page = call.first + call.taken
        if page > self.pages[call.job]:
            return
        call.taken += 1
        self.taken.setdefault(call.job, []).append(page)
        if not told:
            call.untold.append(page)
            self.doubtful[call.job, page] += 1
            return
        try:
            self.do(place, death, "confirm", call.token, call.taken)
        except Died:
            self.doubtful[call.job, page] += 1
        else:
            self.told(call)

    def told(self, call: Call) -> None:
        """All pages of a call are in the spool: none of them may come again."""
        for page in call.untold:
            self.doubtful[call.job, page] -= 1
        call.untold.clear()
        last = call.first + call.taken - 1
        self.written[call.job] = max(last, self.written.get(call.job, 0))

    @precondition(lambda self: any(call.answered_by for call in self.calls))
    @rule(data=st.data(), ending=ENDINGS, death=DEATH)
    def finish(self, data: Any, ending: Ending, death: tuple[int, bool] | None) -> None:
        call = data.draw(st.sampled_from([one for one in self.calls if one.answered_by]))
        place = [one.name for one in self.processes].index(call.answered_by)
        self.calls.remove(call)
        try:
            self.do(place, death, "close_try", call.token, ending, confirmed=call.taken)
        except Died:
            return
        self.told(call)

    # -- what must hold -------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_or_sent_twice(self) -> None:
        if not self.processes:
            return
        spool = self.processes[0].spool
        jobs = {job.number: job for job in spool.jobs()}
        assert set(jobs) == set(self.pages)
        going = Counter(one.job for _, one in spool.open_tries())
        for number, job in jobs.items():
            assert going[number] == (job.state is State.CALLING)
            assert (job.state is State.SENT) <= job.all_confirmed
            assert job.state is State.CALLING or not job.cancelling or job.state.over
            if job.all_confirmed:
                assert job.state in {State.SENT, State.CALLING}
            taken = self.taken.get(number, [])
            assert self.written.get(number, 0) <= job.confirmed <= max(taken, default=0)
            assert set(range(1, job.confirmed + 1)) <= set(taken)
            for page, times in Counter(taken).items():
                assert times <= 1 + self.doubtful[number, page]

    def teardown(self) -> None:
        try:
            if self.processes:
                self.to_the_end()
        finally:
            for process in self.processes:
                process.die()
            self._directory.cleanup()
            self._patched.__exit__(None, None, None)

    def to_the_end(self) -> None:
        """Nobody dies any more: every page comes to its far end, and no more often than it may."""
        self.processes[1].die()
        spool = self.processes[0].spool
        del self.processes[1]
        for _, one in spool.open_tries():
            spool.close_try(one.token, Ending(INTERRUPTED))
        for job in spool.jobs():
            if job.state is not State.SENT:
                one = spool.begin(spool.retry(job.number).number, "last")
                assert one is not None
                spool.answer(one.token, "last")
                for count, page in enumerate(range(one.first, job.pages + 1), 1):
                    self.taken.setdefault(job.number, []).append(page)
                    spool.confirm(one.token, count)
                assert spool.close_try(one.token, Ending("ok"))
            assert spool.job(job.number).state is State.SENT
            assert set(self.taken[job.number]) == set(range(1, job.pages + 1))
        self.nothing_is_lost_or_sent_twice()


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
TestCrashes = pytest.mark.timeout(300)(TestCrashes)


# -- at any instruction -------------------------------------------------------------------------

LIFE = """
import sys
from pathlib import Path
from mediasock.faxing.jobs import INTERRUPTED, Ending, Order, State
from mediasock.faxing.spool import Spool

directory, name = Path(sys.argv[1]), sys.argv[2]
wanted, pages, lines = (int(word) for word in sys.argv[3:])
far_end = (directory / "far_end").open("a", buffering=1)

def say(*words):
    global lines
    print(*words, file=far_end)
    print(*words, flush=True)
    lines -= 1
    if not lines:
        sys.stdin.read()  # until it is killed

with Spool(directory, clock=lambda: 1e6 * int(name)) as spool:
    say("up")
    for _, one in spool.open_tries():
        spool.close_try(one.token, Ending(INTERRUPTED), owner=one.owner)
    for job in spool.jobs(State.FAILED):
        spool.retry(job.number)
    while len(spool.jobs()) < wanted:
        say("job", spool.submit(Order("1"), "a", pages).number)
    for job in spool.jobs(State.WAITING):
        one = spool.begin(job.number, name)
        if one is None:
            continue
        spool.answer(one.token, name)
        for count, page in enumerate(range(one.first, pages + 1), 1):
            say("taken", job.number, page)
            spool.confirm(one.token, count)
            say("written", job.number, page)
        spool.close_try(one.token, Ending("ok"))
        say("closed", job.number)
    if all(job.state is State.SENT for job in spool.jobs()):
        say("end")
"""


@pytest.mark.timeout(300)
def test_a_process_that_is_killed_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    wanted, pages, lives, ended = 10, 4, 0, False
    while not ended:
        lives += 1
        # killed at some instruction between two lines that it says, however slow the killer is
        heard = 2 + lives % 5 if lives <= 20 else 1000
        life = [sys.executable, "-c", LIFE, str(tmp_path), str(lives)]
        life += [str(wanted), str(pages), str(heard + 3)]
        with subprocess.Popen(life, stdin=PIPE, stdout=PIPE, text=True) as process:
            assert process.stdout is not None
            said = "".join(process.stdout.readline() for _ in range(heard))
            process.kill()
            ended = "end" in said + process.stdout.read()
        assert lives < 25  # what was interrupted waits for a later one
    story = [tuple(line.split()) for line in (tmp_path / "far_end").read_text().splitlines()]
    told = {int(words[1]) for words in story if words[0] == "job"}
    with Spool(tmp_path) as spool:
        jobs = spool.jobs()
    assert lives > 10  # at most nine lines in a life, and a hundred to be said
    assert len(jobs) == wanted and told <= {job.number for job in jobs}
    assert {job.state for job in jobs} == {State.SENT}
    for job in jobs:
        for page in range(1, pages + 1):
            one = str(job.number), str(page)
            told_of = [words[0] for words in story if words[1:] == one]
            # again only if the process died before it was written that the page was taken
            assert "taken" in told_of and "taken" not in _after("written", told_of)


def _after(word: str, words: list[str]) -> list[str]:
    return words[words.index(word) + 1 :] if word in words else []
