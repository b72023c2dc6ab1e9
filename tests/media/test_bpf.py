"""The filter, run by an interpreter of the few instructions it has, and by the kernel."""

import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediasock.media import bpf

BASE = 0x7F410000


def run(code, source_ip, source_port):
    """Classic BPF as in the kernel's documentation, on a UDP datagram."""
    accumulator, at = 0, 0
    while True:
        operation, yes, no, k = struct.unpack_from("=HBBI", code, at * 8)
        at += 1
        match operation:
            case 0x20:
                assert k == 0xFFF00000 + 12
                accumulator = source_ip
            case 0x28:
                assert k == 0
                accumulator = source_port
            case 0x54:
                accumulator &= k
            case 0x15:
                at += yes if accumulator == k else no
            case 0x06:
                return k
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")


@given(st.integers(0, 2**32 - 1), st.integers(0, 65535))
def test_only_the_network_and_the_port_pass(ip, port):
    passes = run(bpf.program(BASE, 16, 8025), ip, port) != 0
    assert passes == (ip >> 16 == BASE >> 16 and port == 8025)


@given(st.integers(0, 65535))
def test_every_address_of_the_network_passes(number):
    assert run(bpf.program(BASE, 16, 8025), BASE + number, 8025) == 0xFFFFFFFF


@pytest.mark.skipif(sys.platform != "linux", reason="socket filters are Linux's")
def test_the_kernel_turns_strangers_away():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as call,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_port,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_network,
    ):
        ours.bind(("127.0.0.1", 0))
        call.bind(("127.65.0.9", 0))
        port = call.getsockname()[1]
        other_port.bind(("127.65.0.8", 0))
        other_network.bind(("127.66.0.9", port))
        bpf.attach(ours, BASE, 16, port)
        for sock in (other_network, other_port, call):  # the loopback delivers in order
            sock.sendto(b"hello", ours.getsockname())
        ours.settimeout(30)
        assert ours.recvfrom(100) == (b"hello", ("127.65.0.9", port))
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            ours.recv(100)
