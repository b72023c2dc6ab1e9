"""Makes fixtures/ anew: ``python -m tests.support.make_fixtures [GROUP…]``.

Codecs are libsndfile's and sox's, speech is espeak-ng's, and fax calls were recorded between two
ends of a real FreeSWITCH (spandsp). fixtures/README.md says what the files hold.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from dsp.types import RATE, amplitude, dbm0
from tests.support.fixture import FIXTURES, TWO, Line, Truth, noise, rounded, through, write

RECORDED = Path("/work/shared/fixtures/fax")

ALL_KEYS = "0123456789*#ABCD"


def _all_keys(**options) -> Line:
    return Line().silence(0.3).keys(ALL_KEYS, **options).silence(0.3)


def digits() -> None:
    """Digits through codecs and line models."""
    line = _all_keys()
    for name, subtype in (("ulaw", "ULAW"), ("alaw", "ALAW")):
        made = f"16 keys of 50 ms, 50 ms apart, -10 dBm0 a tone; G.711 by libsndfile ({subtype})"
        write(f"digits/{name}.wav", line.samples(), line.truth, made, subtype=subtype)
    line = _all_keys(on=0.08, off=0.08)
    sound = line.samples() + noise(len(line.samples()), -70)
    made = "16 keys of 80 ms, 80 ms apart, -10 dBm0 a tone; GSM 06.10 full rate by libsndfile"
    # a frame of 20 ms is coded as a whole, and its tones are not as loud as they were
    gsm = {"dtmf": {"ms": 20, "db": 6.0}}
    write("digits/gsm.wav", sound, line.truth, made, subtype="GSM610", within=gsm)
    if shutil.which("sox"):
        made += ", made by sox -t gsm: headerless there, decoded here"
        with tempfile.TemporaryDirectory() as directory:
            wav, coded, back = (Path(directory, name) for name in ("a.wav", "a.gsm", "b.wav"))
            soundfile.write(wav, rounded(sound), RATE)
            subprocess.run(["sox", wav, coded], check=True)
            subprocess.run(["sox", coded, back], check=True)
            decoded = soundfile.read(back, dtype="int16")[0]
        write("digits/gsm_sox.flac", decoded, line.truth, made, within=gsm)
    _wideband()
    line = _all_keys()
    snr = TWO - 10 - 12
    made = "16 keys of 50 ms, white noise 12 dB below the pair"
    write("digits/noise.flac", line.samples() + noise(len(line.samples()), snr), line.truth, made)
    _lost()
    for name, low, high, how in (
        ("twist_low", -14.0, -10.0, "the low tone 4 dB weaker"),
        ("twist_high", -10.0, -18.0, "the high tone 8 dB weaker"),
    ):
        line = _all_keys(low=low, high=high)
        write(f"digits/{name}.flac", line.samples(), line.truth, f"16 keys of 50 ms, {how}")
    for name, ratio in (("slow", 0.985), ("fast", 1.015)):
        line = _all_keys(detuned=ratio)
        made = f"16 keys of 50 ms, both frequencies times {ratio} (Q.24: to be heard)"
        write(f"digits/detuned_{name}.flac", line.samples(), line.truth, made)
    line = _all_keys(low=-36.0, high=-36.0)
    write("digits/faint.flac", line.samples(), line.truth, "16 keys of 50 ms, -36 dBm0 a tone")
    line = _all_keys(on=0.04, off=0.04)
    made = "16 keys of 40 ms, 40 ms apart: the least that Q.24 has accepted"
    write("digits/quick.flac", line.samples(), line.truth, made)
    line = _all_keys(on=0.022, off=0.08, expected=False)
    write("digits/too_short.flac", line.samples(), [], "16 keys of 22 ms: Q.24 has them refused")
    for name, ratio in (("slow", 0.965), ("fast", 1.035)):
        line = _all_keys(detuned=ratio, expected=False)
        made = f"16 keys of 50 ms, both frequencies times {ratio} (Q.24: to be refused)"
        write(f"digits/refused_{name}.flac", line.samples(), [], made)
    _under_dial_tone()
    _two_sides()


def _wideband() -> None:
    line = Line(16000).silence(0.3).keys(ALL_KEYS).silence(0.3)
    made = "16 keys of 50 ms at 16 kHz"
    write("digits/wideband.flac", line.samples(), line.truth, made, rate=16000)
    from dsp.g722 import Decoder, Encoder

    sound = Decoder().decode(Encoder().encode(rounded(line.samples())))
    made = "16 keys of 50 ms at 16 kHz; G.722 by dsp.g722, which is held to ITU-T's vectors"
    write("digits/g722.flac", sound, line.truth, made, rate=16000)


def _lost() -> None:
    line = _all_keys(on=0.1, off=0.1)
    frames = line.samples()[: len(line.samples()) // 160 * 160].reshape(-1, 160).copy()
    gone = np.random.default_rng(11).random(len(frames)) < 0.02
    frames[gone] = noise(gone.sum() * 160, -60).reshape(-1, 160)
    count = int(gone.sum())
    made = f"16 keys of 100 ms; {count} of {len(frames)} frames of 20 ms lost, noise of -60 dBm0"
    loss = {"dtmf": {"ms": 25, "db": 1.5}}
    write("digits/loss.flac", frames.reshape(-1), line.truth, made, within=loss)


def _under_dial_tone() -> None:
    line = _all_keys(on=0.08, off=0.08)
    at = np.arange(len(line.samples())) / RATE
    dial = sum(amplitude(-12) * np.sin(2 * np.pi * hz * at) for hz in (350, 440))
    made = "16 keys of 80 ms over a dial tone of 350 + 440 Hz, -12 dBm0 each"
    lasting = {"dtmf": {"ms": 10, "db": 3.5}}
    write(
        "digits/over_dial_tone.flac",
        line.samples() + dial,
        line.truth,
        made,
        detect=["dtmf"],
        within=lasting,
    )


def _two_sides() -> None:
    first = Line().silence(0.3).keys("159#", on=0.1, off=0.15).silence(1.2)
    second = Line(channel=2).silence(1.4).keys("2580", on=0.08, off=0.08).silence(0.5)
    length = max(len(first.samples()), len(second.samples()))
    sides = [np.pad(one.samples(), (0, length - len(one.samples()))) for one in (first, second)]
    made = "159# on the first channel, 2580 on the second, at 16 kHz by sinc interpolation"
    from scipy.signal import resample

    sound = np.stack([resample(side, 2 * length) for side in sides], axis=1)
    write("digits/stereo.flac", sound, first.truth + second.truth, made, rate=16000)


TONES: dict[str, list[tuple[str, str, int]]] = {
    "us": [
        ("dial", "350+440/2000", 1),
        ("ringback", "440+480/2000,0/4000", 2),
        ("busy", "480+620/500,0/500", 4),
        ("reorder", "480+620/250,0/250", 6),
        ("sit-intercept", "913.8/274,1370.6/274,1776.7/380", 1),
        ("sit-no-circuit", "985.2/380,1428.5/380,1776.7/380", 1),
    ],
    "uk": [
        ("dial", "350+440/2000", 1),
        ("ringback", "400+450/400,0/200,400+450/400,0/2000", 3),
        ("busy", "400/375,0/375", 5),
        ("reorder", "400/400,0/350,400/225,0/525", 4),
        ("unobtainable", "400/3000", 1),
    ],
    "eu": [
        ("dial", "425/3000", 1),
        ("ringback", "425/1000,0/4000", 2),
        ("busy", "425/500,0/500", 4),
        ("reorder", "425/250,0/250", 6),
        ("sit", "950/330,1400/330,1800/330", 1),
    ],
    "fr": [
        ("dial", "440/3000", 1),
        ("ringback", "440/1500,0/3500", 2),
        ("busy", "440/500,0/500", 4),
    ],
    "jp": [
        ("dial", "400/3000", 1),
        ("ringback", "400*16/1000,0/2000", 2),
        ("busy", "400/500,0/500", 4),
    ],
    "au": [
        ("ringback", "425*25/400,0/200,425*25/400,0/2000", 2),
        ("busy", "425/375,0/375", 5),
    ],
    "cn": [
        ("dial", "450/3000", 1),
        ("ringback", "450/1000,0/4000", 2),
        ("busy", "450/350,0/350", 5),
    ],
}
"""Of ITU-T E.180's supplement 2, each as its administration publishes it; and how often."""


def tones() -> None:
    """The plans' tones, a country a file, G.711 coded, over faint noise."""
    for plan, script in TONES.items():
        line = Line().silence(0.5)
        for value, cadence, times in script:
            line.cadence(value, cadence, times).silence(1.5)
        sound = through(line.samples() + noise(len(line.samples()), -65), "ULAW")
        names = ", ".join(value for value, _, _ in script)
        made = f"{plan}: {names}, -15 dBm0 a tone; µ-law, noise of -65 dBm0"
        # where one with a beat begins and ends is known to half of that
        beats = any("*" in cadence for _, cadence, _ in script)
        within = {"tone": {"ms": 30, "db": 1.0}} if beats else None
        write(f"tones/{plan}.flac", sound, line.truth, made, plans=[plan], within=within)
        if plan not in ("us", "uk", "eu"):
            continue
        off = Line().silence(0.5)
        for value, cadence, times in script:
            pace = 1.0 if value.startswith("sit-") else 0.92
            off.cadence(value, cadence, times, -25.0, pitch=1.008, pace=pace).silence(1.5)
        sound = through(off.samples() + noise(len(off.samples()), -50), "ALAW")
        made = "the same, frequencies 0.8 % high, times 8 % short (but SIT codes), -25 dBm0 a tone"
        made = f"{made}; A-law, noise of -50 dBm0"
        write(f"tones/{plan}_off.flac", sound, off.truth, made, plans=[plan])


FAX_WITHIN = {"fax": {"ms": 60, "db": 1.5}}


def fax() -> None:
    """Fax calls of a real FreeSWITCH, and the tones by themselves."""
    _fax_tones()
    for name, of, begin, end in (
        ("v17_ecm_l16_begin", "v17_ecm_l16", 0.0, 5.0),
        ("v29_nonecm_begin", "v29_nonecm", 0.0, 5.0),
        ("v17_ecm_pcmu_training", "v17_ecm_pcmu", 0.0, 12.0),
    ):
        source = RECORDED / f"{of}.flac"
        if not source.exists():
            print(f"{source} is not there: fax/{name} stays as it is")
            continue
        sound = soundfile.read(source, dtype="int16")[0][round(begin * RATE) : round(end * RATE)]
        truth = [one for side in (0, 1) for one in _segments(sound[:, side], side + 1)]
        made = (
            f"{of}.flac of shared/fixtures/fax, {begin:g} to {end:g} s: two ends of a FreeSWITCH "
            "with spandsp, a side a channel; what is expected are the stretches between digital "
            "silence, told apart by the peak of their spectrum"
        )
        kept = sound if not (FIXTURES / f"fax/{name}.flac").exists() else None
        write(f"fax/{name}.flac", kept, truth, made, within=FAX_WITHIN)


def _fax_tones() -> None:
    line = Line().silence(0.5).cadence("cng", "1100/500,0/3000", 2, -20.0, kind="fax")
    write(
        "fax/cng.flac",
        line.samples() + noise(len(line.samples()), -55),
        line.truth,
        "CNG, two bursts of 1,100 Hz (T.30 4.1), -20 dBm0, noise of -55 dBm0",
        within=FAX_WITHIN,
    )
    for name, value, modulated, reversals in (
        ("ced", "ced", False, False),
        ("ced_reversed", "ced/", False, True),
        ("ansam", "ansam", True, False),
        ("ansam_reversed", "ansam/", True, True),
    ):
        line = Line().silence(0.5)
        start = line.seconds
        at = np.arange(round(3.0 * RATE)) / RATE
        sound = amplitude(-18) * np.sin(2 * np.pi * 2100 * at)
        if modulated:
            sound *= 1 + 0.2 * np.sin(2 * np.pi * 15 * at)
        if reversals:
            sound *= np.where(at // 0.45 % 2 == 0, 1, -1)
        line.sound(sound).told("fax", value, start, -18.0).silence(0.7)
        how = f"{', 15 Hz modulation' * modulated}{', reversals every 450 ms' * reversals}"
        write(
            f"fax/{name}.flac",
            line.samples() + noise(len(line.samples()), -55),
            line.truth,
            f"2,100 Hz for 3 s, -18 dBm0{how} (V.25, V.8), noise of -55 dBm0",
            within=FAX_WITHIN,
        )


def _segments(side: np.ndarray, channel: int) -> list[Truth]:
    """Stretches of one kind between silences, from their loudness and spectrum alone."""
    loud = np.flatnonzero(np.abs(side.astype(int)) > 60)
    runs = np.split(loud, np.flatnonzero(np.diff(loud) > 80) + 1)
    stretches: list[tuple[str, int, int]] = []
    for run in runs:
        if len(run) < 2:
            continue
        start, end = int(run[0]), int(run[-1]) + 1
        what = _what(side[start:end].astype(float))
        if not what and end - start < 0.1 * RATE:
            continue  # a piece between two holes
        if stretches and stretches[-1][0] == what and start - stretches[-1][2] < 0.15 * RATE:
            start = stretches.pop()[1]
        stretches.append((what, start, end))
    return [
        {
            "channel": channel,
            "kind": "fax",
            "value": what,
            "start": round(start / RATE, 4),
            # where the flags end is not to be seen, nor whether what is cut off went on
            "end": None if what == "preamble" or end == len(side) else round(end / RATE, 4),
            "level": round(float(dbm0(np.mean(side[start:end].astype(float) ** 2))), 1),
        }
        for what, start, end in stretches
        if what and end - start > 0.1 * RATE
    ]


def _what(sound: np.ndarray) -> str:
    """Of a stretch by the two frequencies between which most of its power is."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    for value, low, high in (("ced", 2085, 2115), ("cng", 1062, 1138), ("preamble", 1500, 2000)):
        if power[(hz > low) & (hz < high)].sum() > 0.9 * power.sum():
            return value
    return ""


def tone_stream() -> None:
    """What is expected of FreeSWITCH's own renderings: as its scripts say."""
    index = json.loads((FIXTURES / "tone_stream/index.json").read_text())
    ears = ["dtmf", "tone", "fax"]
    for name, keys, on, off in (
        ("dtmf_digits", "1234567890*#ABCD", 0.25, 0.05),
        ("dtmf_set_timing", "159#", 0.1, 0.05),
        ("loops_small_l", "111", 0.1, 0.05),
        ("loops_big_l", "00", 0.1, 0.05),
        ("custom_letter", "55", 0.12, 0.03),
    ):
        truth = Line().keys(keys, on=on, off=off, low=-13.0, high=-13.0).truth
        write(f"tone_stream/{name}.flac", None, truth, f"FreeSWITCH: {index[name]['spec']}")
    for name, value, end, level, plans in (
        ("us_ringback", "ringback", 2.0, -10.0, ["us"]),
        ("uk_ringback", "ringback", 1.0, -10.0, ["uk"]),
        ("dial_350_440", "dial", 1.0, -10.0, ["us"]),
        ("sit", "sit-intercept", 0.928, -7.0, ["us"]),
    ):
        one: Truth = {"channel": 1, "kind": "tone", "value": value, "start": 0.0, "end": end}
        one["level"] = level
        made = f"FreeSWITCH: {index[name]['spec']}"
        write(f"tone_stream/{name}.flac", None, [one], made, plans=plans, detect=ears)
    for name in ("four_freqs", "decay", "volume"):
        write(f"tone_stream/{name}.flac", None, [], f"FreeSWITCH: {index[name]['spec']}")


SPEECH_DETECT = ("dtmf", "tone", "fax", "beep", "voice", "music")
SPEECH_WITHIN = {
    "voice": {"ms": 200, "db": 100},
    "beep": {"ms": 30, "db": 1.0},
    "music": {"ms": 1000, "db": 2},
}
"""Voice has a hang-over, and no level that two would measure alike; music has no sharp ends."""

SAID = (
    "welcome to the customer service line of northern telecom",
    "please enter your account number followed by the pound key",
    "all of our agents are busy at the moment so please stay on the line",
    "to speak to an operator press zero at any time",
)
"""Each is said in one breath, so that a voice detector of any hang-over finds as many stretches."""


def speech() -> None:
    """Speech by espeak-ng, with and without digits, a greeting with its beep, and music."""
    from tests.support.speech import at_level, can_speak, notes, spoken

    if not can_speak():
        print("espeak-ng is not installed: speech stays as it is")
        return

    def said(line: Line, text: str, voice: str, level: float, speed: int = 160) -> Line:
        start = line.seconds
        return line.sound(at_level(spoken(text, voice, speed), level)).told(
            "voice", "", start, None
        )

    def spoken_line(voice: str, level: float) -> Line:
        line = Line().silence(1.0)
        for text in SAID:
            said(line, text, voice, level).silence(1.5)
        return line

    def put(name: str, line: Line, made: str, **options) -> None:
        truth = [
            {**one, "value": None, "level": None} if one["kind"] == "voice" else one
            for one in line.truth
        ]
        sound = line.samples() + noise(len(line.samples()), -65)
        options = {"detect": SPEECH_DETECT, "within": SPEECH_WITHIN, "plans": ALL_PLANS, **options}
        write(f"speech/{name}", sound, truth, f"{made}, noise of -65 dBm0", **options)

    for name, voice, level in (("man", "en", -18.0), ("woman", "en+f3", -24.0)):
        put(
            f"{name}.wav",
            spoken_line(voice, level),
            f"espeak-ng -v {voice} -s 160: four sentences 1.5 s apart, {level:g} dBm0; µ-law",
            subtype="ULAW",
        )
    line = Line().silence(0.5)
    for text, keys in zip(SAID, ("159", "2580#", "*", "0"), strict=True):
        said(line, text, "en+m3", -20.0).silence(1.2).keys(keys, on=0.08, off=0.12).silence(1.2)
    put("digits_between.flac", line, "espeak-ng -v en+m3: digits in the pauses, -10 dBm0 a tone")
    _barge_in(spoken, at_level)
    line = said(Line().silence(0.8), "you have reached the voice mail of john", "en+m7", -20.0)
    line.silence(0.7)
    said(line, "please leave a message after the tone", "en+m7", -20.0).silence(0.9)
    start = line.seconds
    line.tone((1000.0,), 0.5, (-12.0,)).told("beep", "1000", start, -12.0).silence(3.0)
    put("greeting_beep.flac", line, "espeak-ng -v en+m7, 0.9 s later a beep of 1,000 Hz for 0.5 s")
    for seed in (3, 8):
        rng = np.random.default_rng(seed)
        line = Line().silence(0.5).sound(at_level(notes(15.0, rng), -16.0))
        line.told("music", "music", 0.5, None).silence(0.5)
        put(
            f"music_{seed}.flac",
            line,
            f"bass, chords and a tune of tests/support/speech.py's notes(), seed {seed}",
            detect=["dtmf", "tone", "fax", "beep", "music"],
        )


ALL_PLANS = ("us", "uk", "eu")


def _barge_in(spoken, at_level) -> None:
    """Keys over the echo of a prompt."""
    prompt = np.concatenate([at_level(spoken(text, "en+f2", 160), -20.0) for text in SAID])
    line = Line().silence(0.7).keys("159#2580", on=0.1, off=0.9)
    length = len(line.samples())
    made = "espeak-ng -v en+f2 at -20 dBm0 all along, keys of 100 ms over it, -10 dBm0 a tone"
    write(
        "speech/barge_in.flac",
        line.samples() + prompt[RATE // 2 :][:length],
        line.truth,
        made,
        detect=["dtmf", "tone", "fax"],
        within={"dtmf": {"ms": 15, "db": 1.0}},
    )


R1 = {
    "1": (700, 900),
    "2": (700, 1100),
    "3": (900, 1100),
    "4": (700, 1300),
    "5": (900, 1300),
    "6": (1100, 1300),
    "7": (700, 1500),
    "8": (900, 1500),
    "9": (1100, 1500),
    "0": (1300, 1500),
    "KP": (1100, 1700),
    "ST": (1500, 1700),
}
"""Q.320 table 1."""


def mf() -> None:
    """Register signals of Bell MF."""
    line = Line().silence(0.4)
    for signal in ("KP", *"18005550123", "ST"):
        start = line.seconds
        line.tone(R1[signal], 0.1 if signal == "KP" else 0.068, (-7.0, -7.0))
        line.told("mf", signal, start, -7.0 + TWO).silence(0.068)
    line.silence(0.4)
    sound = through(line.samples() + noise(len(line.samples()), -60), "ULAW")
    made = "KP 18005550123 ST of R1, 68 ms (KP 100) and 68 ms apart, -7 dBm0 a tone; µ-law"
    write(
        "mf/r1.flac",
        sound,
        line.truth,
        f"{made}, noise of -60 dBm0",
        detect=["r1"],
        within={"mf": {"ms": 10, "db": 1.0}},
    )


GROUPS: dict[str, Callable[[], None]] = {
    one.__name__: one for one in (digits, tones, fax, tone_stream, speech, mf)
}


def main(names: list[str]) -> None:
    if unknown := sorted(set(names) - set(GROUPS)):
        sys.exit(f"no group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    for name in names or GROUPS:
        GROUPS[name]()
        size = sum(one.stat().st_size for one in (FIXTURES / name).iterdir())
        print(f"fixtures/{name}: {size / 1024:.0f} KiB")


if __name__ == "__main__":
    main(sys.argv[1:])
