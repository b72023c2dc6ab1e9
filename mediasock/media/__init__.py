"""The sound of calls: streams from and to FreeSWITCH, what is heard in them, what is said.

>>> Wire("L16", 16000, 20).frame_bytes
640
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from .address import Address
from .conversation import Conversation
from .errors import (
    HubFull,
    HubStopped,
    MediaError,
    StreamClosed,
    StreamLost,
    TalkerError,
    UnsupportedPlatform,
    WireError,
)
from .hub import DetectorFactory, MediaHub, Metrics
from .mmsg import supported
from .portable import Network, SocketEach
from .stream import Frame, Stream
from .talkers import Talker
from .wire import Wire

__all__ = [
    "Address",
    "Conversation",
    "Frame",
    "HubFull",
    "HubStopped",
    "MediaError",
    "MediaHub",
    "Metrics",
    "Stream",
    "StreamClosed",
    "StreamLost",
    "Talker",
    "TalkerError",
    "UnsupportedPlatform",
    "Wire",
    "WireError",
    "open_hub",
]


def open_hub(
    kind: str = "auto",
    *,
    ears: DetectorFactory | None = None,
    detectors: Sequence[DetectorFactory] = (),
    capacity: int = 1000,
    remote_ip: str = "127.0.0.1",
    sources: Sequence[Network] = (),
) -> MediaHub:
    """Make the hub that suits where FreeSWITCH is.

    Parameters
    ----------
    kind
        ``"hub"``: one socket for all calls, with FreeSWITCH on this Linux host. ``"portable"``:
        a socket a call, wherever it is. ``"auto"``: the first where ``remote_ip`` is a loopback
        address and the system can do it.
    ears, detectors
        Make the detectors; each is given the number of rows.
    capacity
        Calls at once.
    remote_ip
        Our own address as FreeSWITCH sees it.
    sources
        Networks in which FreeSWITCH is; none is any. The one socket hears its own host alone.

    Raises
    ------
    UnsupportedPlatform
        When ``"hub"`` is asked for where it cannot be.
    ValueError
        When there is no such kind.
    """
    if kind not in ("auto", "hub", "portable"):
        raise ValueError(f"media {kind!r}: it is auto, hub or portable")
    here = ipaddress.ip_address(remote_ip).is_loopback and ":" not in remote_ip
    if kind == "hub" and not here:
        raise UnsupportedPlatform(
            f"one socket for all calls needs a 127.x.y.z address, not {remote_ip}"
        )
    transport = None
    if kind == "portable" or (kind == "auto" and not (here and supported())):
        transport = SocketEach(remote_ip, sources=sources)
    return MediaHub(
        capacity=capacity,
        remote_ip=remote_ip,
        ears=ears,
        detectors=detectors,
        transport=transport,
    )
