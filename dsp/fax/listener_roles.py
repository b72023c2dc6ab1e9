"""Who says a frame: the sender of a document or its receiver."""

from __future__ import annotations

from collections.abc import Sequence

from dsp.fax.frames import Frame, Unknown, controls
from dsp.fax.listener_events import Role

__all__ = ["Roles", "role_of"]

_OF_SENDER = frozenset(
    {"DCS", "TSI", "NSS", "SUB", "SID", "TSA", "IRA", "CTC", "EOM", "MPS", "EOP", "EOS", "PPS"}
    | {"EOR", "RR", "PRI-EOM", "PRI-MPS", "PRI-EOP"}
)
_OF_RECEIVER = frozenset(
    {"DIS", "CSI", "NSF", "CSA", "DTC", "CIG", "NSC", "SEP", "PSA", "CIA", "ISP", "CFR", "FTT"}
    | {"CTR", "MCF", "RTN", "RTP", "PIN", "PIP", "PID", "RNR", "ERR", "PPR", "FDM"}
)


class Roles:
    """Tell who speaks.

    Most frames are one side's alone. DCN, CRP and PWD are either's: who says them is told by
    their X, which each side has the same in all that it says (T.30 5.3.6.1), as far as the two
    have been heard and differ.

    Examples
    --------
    >>> from dsp.fax.frames import parse
    >>> roles = Roles()
    >>> [roles.of([parse(bytes.fromhex(one))]) for one in ("ff138300e278", "ff1384", "ff13fb")]
    ['sender', 'receiver', 'sender']
    """

    def __init__(self) -> None:
        self._x: dict[Role, bool] = {}

    def of(self, frames: Sequence[Frame]) -> Role | None:
        """Tell whose frames these are, which were sent at once.

        Parameters
        ----------
        frames
            Those that are good.
        """
        for frame in frames:
            role = role_of(frame)
            if role is not None:
                for one in frames:
                    if _has_x(one):
                        self._x[role] = one.x
                return role
        if self._x.get("sender") != self._x.get("receiver"):
            for frame in frames:
                for role, x in self._x.items():
                    if _has_x(frame) and frame.x == x:
                        return role
        return None


def role_of(frame: Frame) -> Role | None:
    """Tell whose a frame is by its name alone.

    Examples
    --------
    >>> from dsp.fax.frames import parse
    >>> role_of(parse(bytes.fromhex("ff1384"))), role_of(parse(bytes.fromhex("ff13fb")))
    ('receiver', None)
    """
    if frame.name in _OF_SENDER:
        return "sender"
    return "receiver" if frame.name in _OF_RECEIVER else None


def _has_x(frame: Frame) -> bool:
    return not isinstance(frame, Unknown) and controls()[frame.name].has_x
