import ipaddress

import pytest

from mediasock.media.address import NETWORK, SLICE_SIZE, AddressPool, slice_base
from mediasock.media.errors import HubFull


def test_every_port_has_a_slice_of_the_network():
    for port in range(1, 65536, 97):
        first = ipaddress.ip_address(slice_base(port))
        assert first in NETWORK
        assert first + SLICE_SIZE - 1 in NETWORK
        assert int(first) % SLICE_SIZE == 0


def test_an_address_given_back_is_the_last_to_come_again():
    pool = AddressPool(100)
    first = pool.take()
    pool.give_back(first)
    others = [pool.take() for _ in range(98)]
    assert len({first, *others}) == 99
    assert pool.take() == first


def test_all_taken_is_an_error():
    pool = AddressPool(3)
    pool.take(), pool.take()
    with pytest.raises(HubFull, match="all 2"):
        pool.take()
