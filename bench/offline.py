"""Hours of recordings a CPU-minute, beside libspandsp: ``python -m bench offline``.

Both read the same files through soundfile and have the same set of detectors: digits, the tones of
three plans, and fax tones. libspandsp is C, and is given a whole file in one go.
"""

import ctypes
import ctypes.util
import math
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from dsp.kinds import DETECTED
from dsp.plan import PLANS, load
from dsp.tone_stream import render
from dsp.tones import dtmf
from dsp.types import RATE
from mediasock.offline import Request, analyze

SHORT_FILES = 1000
SHORT_SECONDS = 6
LONG_SECONDS = 3600
ROUNDS = 5
SAME = Request(detect=DETECTED)
CNG, ANSWER, PREAMBLE = 1, 2, 6


class Spandsp:
    """libspandsp's detectors, one set a file as its users have them."""

    def __init__(self, name: str) -> None:
        self.library = ctypes.CDLL(name)
        for one in ("dtmf_rx", "super_tone_rx", "modem_connect_tones_rx"):
            init = getattr(self.library, f"{one}_init")
            init.restype = ctypes.c_void_p
            getattr(self.library, one).argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
            getattr(self.library, f"{one}_free").argtypes = [ctypes.c_void_p]
        self.library.dtmf_rx_init.argtypes = [ctypes.c_void_p] * 3
        self.library.super_tone_rx_init.argtypes = [ctypes.c_void_p] * 4
        self.library.modem_connect_tones_rx_init.argtypes = [
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        self.heard = 0
        report = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int)
        digits = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
        self.report, self.digits = report(self._heard), digits(self._heard)
        self.plans = self._plans()

    def _heard(self, *_: object) -> None:
        self.heard += 1

    def _plans(self) -> int:
        make = self.library.super_tone_rx_make_descriptor
        make.restype, make.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        self.library.super_tone_rx_add_tone.argtypes = [ctypes.c_void_p]
        add = self.library.super_tone_rx_add_element
        add.argtypes = [ctypes.c_void_p] + [ctypes.c_int] * 5
        descriptor: int = make(None)
        for cadence in load(PLANS):
            tone = self.library.super_tone_rx_add_tone(descriptor)
            for one in cadence.intervals:
                first, second = (*one.frequencies, -1, -1)[:2]
                most = 0 if math.isinf(one.most) else one.most
                times = [round(1000 * seconds) for seconds in (one.least, most)]
                add(descriptor, tone, round(first), round(second), *times)
        return descriptor

    def hear(self, samples: np.ndarray) -> None:
        """Run every detector over a recording."""
        library = self.library
        digits = library.dtmf_rx_init(None, ctypes.cast(self.digits, ctypes.c_void_p), None)
        report = ctypes.cast(self.report, ctypes.c_void_p)
        tones = library.super_tone_rx_init(None, self.plans, report, None)
        modems = [
            library.modem_connect_tones_rx_init(None, kind, report, None)
            for kind in (CNG, ANSWER, PREAMBLE)
        ]
        sound = samples.ctypes.data, len(samples)
        library.dtmf_rx(digits, *sound)
        library.super_tone_rx(tones, *sound)
        for modem in modems:
            library.modem_connect_tones_rx(modem, *sound)
            library.modem_connect_tones_rx_free(modem)
        library.dtmf_rx_free(digits)
        library.super_tone_rx_free(tones)


def _material(seconds: int) -> np.ndarray:
    """Speech with digits and tones among it."""
    prompt, _ = soundfile.read("mediasock/prompts/welcome.flac", dtype="int16")
    busy = render("%(500,500,480,620);loops=3")
    call = np.concatenate([prompt, dtmf("159#"), prompt, np.zeros(RATE, np.int16), busy])
    return np.resize(call, seconds * RATE)


def _ours(files: list[Path]) -> int:
    return sum(1 for file in files for _ in analyze(str(file), SAME))


def _spandsp(peer: Spandsp, files: list[Path]) -> int:
    peer.heard = 0
    for file in files:
        peer.hear(soundfile.read(file, dtype="int16")[0])
    return peer.heard


def _hours_a_minute(run, files: list[Path], seconds: float) -> tuple[float, int]:
    """The best of some rounds, since others use the machine too."""
    best, heard = math.inf, 0
    for _ in range(ROUNDS):
        began = time.process_time()
        heard = run(files)
        best = min(best, time.process_time() - began)
    return seconds / 3600 / (best / 60), heard


def run() -> str:
    """Return the table, as Markdown."""
    name = ctypes.util.find_library("spandsp")
    peer = Spandsp(name) if name else None
    rows = ["| recordings | mediasock | libspandsp | ratio |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as directory:
        long = [Path(directory, "long.wav")]
        soundfile.write(long[0], _material(LONG_SECONDS), RATE)
        short = [Path(directory, f"{number}.wav") for number in range(SHORT_FILES)]
        for file in short:
            soundfile.write(file, _material(SHORT_SECONDS), RATE)
        for what, files, seconds in (
            ("one of an hour", long, LONG_SECONDS),
            (f"{SHORT_FILES:,} of {SHORT_SECONDS} s", short, SHORT_FILES * SHORT_SECONDS),
        ):
            _ours(files[:1])
            ours, found = _hours_a_minute(_ours, files, seconds)
            row = f"| {what} | {ours:.0f} h a CPU-minute, {found:,} detections |"
            if peer is None:
                rows.append(f"{row} not installed | – |")
                continue
            theirs, heard = _hours_a_minute(lambda all_: _spandsp(peer, all_), files, seconds)
            rows.append(f"{row} {theirs:.0f}, {heard:,} | {ours / theirs:.2f} |")
    return "\n".join(rows)
