"""What a fax terminal can say, and what a broken one says: whole sounds, int16 at 8 kHz."""

from functools import lru_cache

import numpy as np

from dsp.fax import t4
from dsp.fax.frames import CodedData, ReturnToControl
from dsp.fax.hdlc import Deframer, encode
from dsp.modem import v17, v21, v27ter, v29
from dsp.types import RATE, amplitude, whole
from tests.support.pages import blots

MODEMS = {"V.17": v17, "V.29": v29, "V.27ter": v27ter}
FLAG = np.array([0, 1, 1, 1, 1, 1, 1, 0], dtype=np.uint8)
_ABORT = np.ones(10, dtype=np.uint8)
_K = {1: 2, 2: 4, 3: 6, 4: 8, 8: 8}
_EOL_ZEROS = 11
_MASKS = (0xFF, 0x3C, 0x18, 0x66, 0x81, 0x24)


def silence(seconds):
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def tone(hertz, seconds, level):
    at = np.arange(round(seconds * RATE))
    return whole(amplitude(level) * np.sin(2 * np.pi * hertz * at / RATE))


def noise(seconds, level, seed=0):
    strength = amplitude(level) / np.sqrt(2)
    return whole(np.random.default_rng(seed).normal(0, strength, round(seconds * RATE)))


def _body(said):
    """A frame's bits between its flags."""
    bits = encode([said.octets])[8:-8]
    if not said.whole:
        return np.concatenate([bits[: len(bits) // 2], _ABORT])
    if said.good:
        return bits
    for at in range(len(bits) // 2, len(bits)):
        broken = bits.copy()
        broken[at] ^= 1
        got = Deframer().process(np.concatenate([FLAG, broken, FLAG]))
        if [one.flaw for one in got] == ["fcs"]:
            return broken
    raise AssertionError("no bit of it makes its FCS wrong")


def _framed(frames, opening, closing):
    parts = [np.tile(FLAG, max(1, opening))]
    for one in frames:
        parts += [_body(one), FLAG]
    return np.concatenate([*parts, np.tile(FLAG, closing)])


def control(frames, level, preamble=1.0):
    """Frames by V.21 after some seconds of flags."""
    bits = _framed(frames, round(preamble * v21.BIT_RATE / 8), 2)
    return v21.Transmitter(level=level).modulate(bits)


def carrier(seconds, level, what):
    """V.21 with no frames."""
    count = round(seconds * v21.BIT_RATE)
    if what == "flags":
        bits = np.resize(FLAG, count)
    elif what == "ones":
        bits = np.ones(count, dtype=np.uint8)
    else:
        bits = np.random.default_rng(3).integers(0, 2, count, dtype=np.uint8)
    return v21.Transmitter(level=level).modulate(bits)


def burst(rate, bits, level, *, short=False):
    """Bits by a fast modem, with its training."""
    modem, bit_rate = rate.split()
    return (
        MODEMS[modem].Transmitter(int(bit_rate), short_training=short, level=level).modulate(bits)
    )


def check_bits(rate, *, seconds=1.5, errors=0.0, ones=False):
    """Bits of TCF, some of which are wrong."""
    count = round(seconds * int(rate.split()[1]))
    if ones:
        return np.ones(count, dtype=np.uint8)
    return (np.random.default_rng(4).random(count) < errors).astype(np.uint8)


@lru_cache(maxsize=64)
def page(number, width, height, resolution):
    """The page of a number."""
    return blots(width, height, resolution, seed=number)


def _minimum_bits(settings):
    return 0 if settings.ecm else int(settings.scan_time) * settings.bit_rate // 1000


def coded(sheet, settings, *, bad=0, line=None):
    """Octets of a page, the bit that is sent first is the highest.

    Some of its lines are broken; all of them take so many seconds, if that is said.
    """
    encoder = t4.Encoder(
        settings.coding,
        sheet.width,
        k=_K[sheet.resolution.lines],
        minimum_bits=round(line * settings.bit_rate) if line else _minimum_bits(settings),
    )
    ends, octets = [], bytearray()
    for row in range(sheet.height):
        octets += encoder.encode(sheet.rows[row : row + 1])
        ends.append(len(octets))
    octets += encoder.finish()
    if bad:
        _break(octets, ends, sheet.width, settings.coding, bad)
    return bytes(octets)


def _break(octets, ends, width, coding, bad):
    """Break so many lines, evenly spread, so that each is bad and no other is."""
    rows = np.linspace(1, len(ends) - 2, bad).astype(int)
    assert len(set(rows)) == bad, "so many lines cannot be broken"

    def is_so(count):
        def asked():
            _, quality = t4.decode(bytes(octets), width, coding)
            return (quality.rows, quality.bad_rows) == (len(ends), count)

        return asked

    for done, row in enumerate(rows):
        begin, end = ends[row - 1] + 3, ends[row] - 2
        _break_line(octets, range((begin + end) // 2, end), is_so(done + 1))


def _break_line(octets, places, enough):
    for at in places:
        for mask in _MASKS:
            octets[at] ^= mask
            if enough():
                return
            octets[at] ^= mask
    raise AssertionError("no bit of the line makes it alone bad")


def lines(octets):
    """Bits of a page that is sent without error correction."""
    return np.unpackbits(np.frombuffer(octets, dtype=np.uint8))


def line_lengths(bits):
    """Bits from each EOL to the next one: eleven zeros or more, and a one."""
    ones = np.flatnonzero(bits)
    return np.diff(ones[np.diff(ones, prepend=-1) > _EOL_ZEROS])


def blocks(octets, frame_size):
    """Partial pages: lists of what is in each frame."""
    data = t4.flip(octets)
    cuts = [data[at : at + frame_size] for at in range(0, len(data), frame_size)]
    cuts[-1] = cuts[-1].ljust(frame_size, b"\0")
    return [cuts[at : at + 256] for at in range(0, len(cuts), 256)]


def picture(rate, frames, returns):
    """Bits of frames of error correction: flags of 200 ms, FCDs, RCPs."""
    opening = round(0.2 * int(rate.split()[1]) / 8)
    return _framed([*frames, *returns], opening, 5)


def coded_data(number, data):
    return CodedData(number, data).octets()


def return_to_control():
    return ReturnToControl().octets()
