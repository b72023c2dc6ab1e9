"""Where a call's sound comes from and goes to, and the addresses that tell calls apart.

FreeSWITCH binds its end of a ``unicast`` to any address of 127.0.0.0/8 that it is told. The hub
gives each call an address of its own out of 127.64.0.0/10, all with one port, so that the source
address of a datagram *is* the call.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from .errors import HubFull

NETWORK = ipaddress.ip_network("127.64.0.0/10")
SLICES = 64
SLICE_SIZE = NETWORK.num_addresses // SLICES
"""Addresses of one hub: a /16 of the /10."""


@dataclass(frozen=True, slots=True)
class Address:
    """Both ends of a stream in the words of ``unicast``: "local" is FreeSWITCH's end."""

    local_ip: str
    local_port: int
    remote_ip: str
    remote_port: int


def slice_base(port: int) -> int:
    """First address, as an integer, of the slice of the hub whose socket has this port.

    Two hubs of one machine differ in port, and so their streams differ even where their slices
    are the same; different slices keep the workers apart in a packet capture.

    Examples
    --------
    >>> str(ipaddress.ip_address(slice_base(40001)))
    '127.65.0.0'
    """
    return int(NETWORK.network_address) + port % SLICES * SLICE_SIZE


class AddressPool:
    """The addresses of one hub, given out in rotation.

    An address that was given back is the last to be given out again, some 65,000 calls later. A
    late datagram of a call that is over therefore never finds a call at its address.

    Parameters
    ----------
    size
        How many there are; number 0 is left out, as a network's own address.

    Examples
    --------
    >>> pool = AddressPool(4)
    >>> pool.take(), pool.take()
    (1, 2)
    >>> pool.give_back(1)
    >>> pool.take(), pool.take()
    (3, 1)
    """

    def __init__(self, size: int = SLICE_SIZE) -> None:
        self._size = size
        self._next = 1
        self._taken: set[int] = set()

    def take(self) -> int:
        """Return the number of a free address.

        Raises
        ------
        HubFull
            When all are taken.
        """
        if len(self._taken) >= self._size - 1:
            raise HubFull(f"all {self._size - 1} addresses have a call")
        while self._next in self._taken:
            self._next = self._next % (self._size - 1) + 1
        number = self._next
        self._next = number % (self._size - 1) + 1
        self._taken.add(number)
        return number

    def give_back(self, number: int) -> None:
        """Let an address go back into the rotation."""
        self._taken.discard(number)
