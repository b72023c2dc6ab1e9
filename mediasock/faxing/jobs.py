"""What a job of the spool is, and a try to send it. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from mediasock.errors import MediasockError

__all__ = [
    "DROPPED",
    "FILE_ERROR",
    "INTERRUPTED",
    "UNHEARD",
    "Ending",
    "Job",
    "JobStateError",
    "Limits",
    "NoSuchJob",
    "NoSuchTry",
    "Order",
    "SpoolError",
    "State",
    "Try",
]


class SpoolError(MediasockError):
    """The spool cannot be opened, read or written."""


class NoSuchJob(SpoolError):  # noqa: N818 - reads as what it says
    """A number that no job has.

    Parameters
    ----------
    number
        That was asked for.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no job {number}")
        self.number = number


class NoSuchTry(SpoolError):  # noqa: N818 - reads as what it says
    """A call for a try that is over, was begun by another call, or never was: send nothing.

    Parameters
    ----------
    token
        That the call has.
    """

    def __init__(self, token: str) -> None:
        super().__init__(f"no try waits for the call {token!r}")
        self.token = token


class JobStateError(SpoolError):
    """A job is in no state for what was asked."""


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    CALLING = "calling"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more will be done."""
        return self not in {State.WAITING, State.CALLING}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a try may use of what both terminals can.

    Parameters
    ----------
    fastest
        Bits a second of the line, at most; ``None`` is whatever there is.
    v17
        Whether V.17 is offered.
    ecm
        Whether error correction is.
    """

    fastest: int | None = None
    v17: bool = True
    ecm: bool = True

    def __str__(self) -> str:
        words = [] if self.fastest is None else [f"at most {self.fastest} bit/s"]
        words += [] if self.v17 else ["no V.17"]
        words += [] if self.ecm else ["no ECM"]
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Order:
    """A job as it is handed in.

    Parameters
    ----------
    destination
        The number that is called; what stands for it where a dial string is given.
    dial_string
        FreeSWITCH's, instead of the gateway's; empty is none.
    priority
        Greater goes first.
    deadline
        Seconds since 1970: no try begins after it.
    tries
        How often at most without a page coming through.
    """

    destination: str
    dial_string: str = ""
    priority: int = 0
    deadline: float = float("inf")
    tries: int = 12


@dataclass(frozen=True, slots=True)
class Ending:
    """How a try ended.

    Parameters
    ----------
    outcome
        Of dsp/fax/results.toml, where the call reached the endpoint; :data:`DROPPED`,
        :data:`UNHEARD` or :data:`INTERRUPTED`; empty where only the `cause` says it.
    cause
        FreeSWITCH's, of a call that was not answered: ``USER_BUSY``.
    number
        mod_spandsp's ``fax_result_code``, where there is one.
    text
        In words.
    rate, ecm
        The last that the terminals agreed on: ``V.17 14400``; empty for none.
    far_ident
        What the far end calls itself.
    seconds
        That the terminals spoke.
    """

    outcome: str = ""
    cause: str = ""
    number: int | None = None
    text: str = ""
    rate: str = ""
    ecm: bool = False
    far_ident: str = ""
    seconds: float = 0.0


DROPPED = "call_dropped"
"""The call ended before the fax did; of results.toml, and of calls that never reached us."""
FILE_ERROR = "file_error"
"""The document cannot be read; of results.toml."""
INTERRUPTED = "interrupted"
"""The process that made the try, or sent the pages, died or was stopped."""
UNHEARD = "unheard"
"""Somebody answered and hung up, and no fax terminal was heard: a human, most likely."""


@dataclass(frozen=True, slots=True)
class Try:
    """One call for a job.

    Parameters
    ----------
    job, number
        Whose, and which: the first is 1.
    token
        The call's UUID, and what it shows at the endpoint; nobody can guess it.
    owner
        The process that is busy with it: see :mod:`mediasock.faxing.presence`.
    began, answered, ended
        Seconds since 1970; ``None`` where it was not, or is not yet.
    first
        The first page that is to be sent, from 1.
    limits
        What may be used.
    confirmed
        How many pages the far end took.
    ending
        How it ended; ``None`` while it goes on.
    kind
        What :mod:`mediasock.faxing.policy` calls this; empty while it goes on, and for success.
    """

    job: int
    number: int
    token: str
    owner: str
    began: float
    first: int
    limits: Limits = Limits()
    answered: float | None = None
    ended: float | None = None
    confirmed: int = 0
    ending: Ending | None = None
    kind: str = ""

    def record(self) -> dict[str, Any]:
        """Tell it in what JSON can have; the token is a secret while the try goes on."""
        told = asdict(self)
        del told["token"], told["owner"]
        return told


@dataclass(frozen=True, slots=True)
class Job:
    """A document on its way to one number.

    Parameters
    ----------
    number
        By which the operator knows it.
    order
        As it was handed in.
    document, pages
        The name of its file in the spool, and how many pages it has.
    submitted
        Seconds since 1970.
    state
        Where it is.
    confirmed
        How many pages the far end has taken, from the first on, in all tries.
    due
        When it may be tried next.
    limits
        For the next try.
    cancelling
        Whether the try that goes on is the last, by the operator's word.
    counted_from
        The number of the first try that counts; tries before a ``retry`` do not.
    why
        What keeps it waiting, or ended it, in words.
    renewed
        When it was tried afresh last, by a ``retry``; ``None`` if never.
    """

    number: int
    order: Order
    document: str
    pages: int
    submitted: float
    state: State = State.WAITING
    confirmed: int = 0
    due: float = 0.0
    limits: Limits = Limits()
    cancelling: bool = False
    counted_from: int = 1
    why: str = ""
    renewed: float | None = None

    @property
    def all_confirmed(self) -> bool:
        """Whether the far end has the whole document."""
        return self.confirmed >= self.pages

    def record(self, tries: tuple[Try, ...] = ()) -> Mapping[str, Any]:
        """Tell it in what JSON can have, with its tries."""
        told = asdict(self)
        if told["order"]["deadline"] == float("inf"):
            told["order"]["deadline"] = None
        return {**told, "tries": [one.record() for one in tries]}
