"""A socket filter: the kernel turns away every datagram that no call of this hub can have sent.

A stranger's flood then costs the socket no buffer. The filter is classic BPF
(``linux/Documentation/networking/filter.rst``), attached with SO_ATTACH_FILTER.
"""

from __future__ import annotations

import ctypes
import socket
import struct

SO_ATTACH_FILTER = 26

_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_LOAD_HALF = 0x28  # BPF_LD | BPF_H | BPF_ABS
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_IP_SOURCE = 0xFFF00000 + 12  # SKF_NET_OFF: from the IP header on
_UDP_SOURCE = 0  # a UDP socket's filter sees the datagram from its UDP header on
_ALL = 0xFFFFFFFF


def program(base: int, prefix: int, port: int) -> bytes:
    """Assemble a filter that passes datagrams of one IPv4 network and source port only.

    Parameters
    ----------
    base
        Network address as an integer.
    prefix
        Length of its prefix, 1 to 32.
    port
        Source port.
    """
    mask = _ALL << (32 - prefix) & _ALL
    instructions = [
        (_LOAD_WORD, 0, 0, _IP_SOURCE),
        (_AND, 0, 0, mask),
        (_JUMP_EQUAL, 0, 3, base & mask),
        (_LOAD_HALF, 0, 0, _UDP_SOURCE),
        (_JUMP_EQUAL, 0, 1, port),
        (_RETURN, 0, 0, _ALL),
        (_RETURN, 0, 0, 0),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def attach(sock: socket.socket, base: int, prefix: int, port: int) -> None:
    """Let only datagrams from ``port`` of the network ``base``/``prefix`` into a UDP socket."""
    code = program(base, prefix, port)
    buffer = ctypes.create_string_buffer(code, len(code))
    sock.setsockopt(
        socket.SOL_SOCKET,
        SO_ATTACH_FILTER,
        struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)),
    )
