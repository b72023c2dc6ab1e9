"""Senders and receivers of libspandsp for MF, modem tones and FSK, beside ours."""

import ctypes
from collections.abc import Sequence

import numpy as np

from dsp.types import Samples
from tests.support.spandsp import library

FSK_V21_CHANNEL_2, WEITBRECHT, WEITBRECHT_50, V21_110 = 1, 7, 8, 9
CNG, CED, CED_REVERSED, ANSAM, ANSAM_REVERSED, PREAMBLE, BELL, CALLING = 1, 2, 3, 4, 5, 6, 8, 9
"""Kinds of modem tones; CED and the preamble are heard together as 7."""

R1 = {"KP": "*", "ST": "#", "STP": "A", "ST2": "B", "ST3": "C"}
"""Its letters for Bell MF signals that are no digits."""
R2 = dict(zip(map(str, range(1, 16)), "1234567890BCDEF", strict=True))
"""Its letters for R2 signals."""

_GET_BIT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_PUT_BIT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)
_REPORT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int)


class _Spec(ctypes.Structure):
    """How a preset is keyed; its rate in hundredths of a bit a second."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("zero_hz", ctypes.c_int),
        ("one_hz", ctypes.c_int),
        ("level", ctypes.c_int),
        ("least_level", ctypes.c_int),
        ("baud_rate", ctypes.c_int),
    )


def _call(name: str, restype: type | None, *args: object) -> int:
    function = getattr(library(), name)
    function.restype = restype
    return int(function(*args) or 0)


def _new(name: str, *args: object) -> ctypes.c_void_p:
    return ctypes.c_void_p(_call(name, ctypes.c_void_p, None, *args))


def _sound(seconds: float) -> Samples:
    return np.zeros(round(seconds * 8000), dtype=np.int16)


def _at(sound: Samples) -> ctypes.c_void_p:
    return ctypes.c_void_p(sound.ctypes.data)


def bell_mf(signals: Sequence[str], seconds: float) -> Samples:
    """Bell MF as it sends it; silence follows."""
    state, sound = _new("bell_mf_tx_init"), _sound(seconds)
    text = "".join(R1.get(one, one) for one in signals).encode()
    assert _call("bell_mf_tx_put", ctypes.c_int, state, text, len(text)) == 0
    _call("bell_mf_tx", ctypes.c_int, state, _at(sound), len(sound))
    _call("bell_mf_tx_free", ctypes.c_int, state)
    return sound


def r2_mf(signal: str, forward: bool, seconds: float) -> Samples:
    """One R2 signal as it sends it, without end."""
    state, sound = _new("r2_mf_tx_init", int(forward)), _sound(seconds)
    _call("r2_mf_tx_put", ctypes.c_int, state, ctypes.c_char(R2[signal].encode()))
    _call("r2_mf_tx", ctypes.c_int, state, _at(sound), len(sound))
    _call("r2_mf_tx_free", ctypes.c_int, state)
    return sound


def modem_tone(kind: int, seconds: float) -> Samples:
    """A modem tone as it sends it, without end."""
    state, sound = _new("modem_connect_tones_tx_init", kind), _sound(seconds)
    _call("modem_connect_tones_tx", ctypes.c_int, state, _at(sound), len(sound))
    _call("modem_connect_tones_tx_free", ctypes.c_int, state)
    return sound


def fsk_spec(preset: int) -> _Spec:
    """One of its presets of FSK."""
    return (_Spec * (preset + 1)).in_dll(library(), "preset_fsk_specs")[preset]


def fsk(preset: int, bits: Sequence[int], level: float = -14.0) -> Samples:
    """Bits by one of its presets of FSK."""
    queue, spec = iter(bits), fsk_spec(preset)
    get = _GET_BIT(lambda _: next(queue, 1))
    state = _new("fsk_tx_init", ctypes.byref(spec), get, None)
    library().fsk_tx_power(state, ctypes.c_float(level))
    sound = _sound(100 * len(bits) / spec.baud_rate)
    _call("fsk_tx", ctypes.c_int, state, _at(sound), len(sound))
    _call("fsk_tx_free", ctypes.c_int, state)
    return sound


def heard_fsk(preset: int, sound: Samples) -> list[int]:
    """Bits that its receiver for one of the presets hears, by its own clock."""
    bits: list[int] = []
    put = _PUT_BIT(lambda _user, bit: bits.append(bit) if bit >= 0 else None)
    state = _new("fsk_rx_init", ctypes.byref(fsk_spec(preset)), 1, put, None)
    whole = np.ascontiguousarray(sound)
    _call("fsk_rx", ctypes.c_int, state, _at(whole), len(whole))
    _call("fsk_rx_free", ctypes.c_int, state)
    return bits


def heard_bell_mf(sound: Samples) -> list[str]:
    """Signals that its Bell MF receiver hears."""
    state = _new("bell_mf_rx_init", None, None)
    buffer = ctypes.create_string_buffer(129)
    letters = {letter: signal for signal, letter in R1.items()}
    found = ""
    for begin in range(0, len(sound), 160):
        part = np.ascontiguousarray(sound[begin : begin + 160])
        _call("bell_mf_rx", ctypes.c_int, state, _at(part), len(part))
        _call("bell_mf_rx_get", ctypes.c_size_t, state, buffer, 128)
        found += buffer.value.decode()
        buffer.value = b""
    _call("bell_mf_rx_free", ctypes.c_int, state)
    return [letters.get(one, one) for one in found]


def heard_r2_mf(sound: Samples, forward: bool) -> list[tuple[str, int]]:
    """What its R2 receiver says is there, with the sample after which it says so; "" is nothing."""
    state = _new("r2_mf_rx_init", int(forward), None, None)
    letters = {letter: signal for signal, letter in R2.items()}
    found, last = [], ""
    for begin in range(0, len(sound), 40):
        part = np.ascontiguousarray(sound[begin : begin + 40])
        _call("r2_mf_rx", ctypes.c_int, state, _at(part), len(part))
        code = _call("r2_mf_rx_get", ctypes.c_int, state)
        now = letters.get(chr(code), "") if code else ""
        if now != last:
            found.append((now, begin + len(part)))
            last = now
    _call("r2_mf_rx_free", ctypes.c_int, state)
    return found


def heard_modem_tones(kind: int, sound: Samples) -> list[int]:
    """Kinds of tones that its receiver for one kind reports."""
    found: list[int] = []
    report = _REPORT(lambda _user, tone, _level, _delay: found.append(tone) if tone else None)
    state = _new("modem_connect_tones_rx_init", kind, report, None)
    whole = np.ascontiguousarray(sound)
    for begin in range(0, len(whole), 160):
        part = whole[begin : begin + 160]
        _call("modem_connect_tones_rx", ctypes.c_int, state, _at(part), len(part))
    _call("modem_connect_tones_rx_free", ctypes.c_int, state)
    return found
