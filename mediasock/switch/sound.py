"""What is done to a call's sound besides the applications: displacing and recording."""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dsp.types import Samples

from .audio import Audio, mixed
from .events import Value
from .inband import Inband
from .line import Frame, Line


class Recording:
    """A ``record_session`` that runs.

    Parameters
    ----------
    path
        A WAV file, made at once.
    rate
        Samples a second.
    stereo
        Left what is heard and right what is sent, not both in one.

    Raises
    ------
    OSError
        The file cannot be made.
    """

    def __init__(self, path: Path, rate: int, stereo: bool) -> None:
        self._stereo = stereo
        self._bytes = path.open("wb")
        self._file = wave.open(self._bytes, "wb")  # noqa: SIM115 - closed by close()
        self._file.setnchannels(2 if stereo else 1)
        self._file.setsampwidth(2)
        self._file.setframerate(rate)

    def add(self, heard: Samples, sent: Samples) -> None:
        """Take one frame of both directions."""
        both = np.stack([heard, sent], axis=1) if self._stereo else mixed(heard, sent)
        self._file.writeframes(both.astype("<i2").tobytes())

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
        self._bytes.close()


@dataclass(slots=True)
class Sound:
    """Both directions of one call, frame by frame.

    Parameters
    ----------
    line
        Where frames come from and go to.
    displaced
        What is played into what is sent, and whether it is mixed or takes its place.
    recordings
        Files that both directions go into, by path.
    inband
        Listens for keys in what is heard, while ``start_dtmf`` is on.
    """

    line: Line
    displaced: dict[str, tuple[Audio, bool]] = field(default_factory=dict)
    recordings: dict[str, Recording] = field(default_factory=dict)
    inband: Inband | None = None
    _heard: Samples | None = None

    def heard(self, frame: Frame) -> Frame:
        """Note what the switch read in this frame, and pass it on."""
        self._heard = frame.samples
        return frame

    def keys_heard(self) -> list[str]:
        """Return the keys that were heard as tones in this frame, when that is asked for."""
        if self.inband is None or self._heard is None:
            return []
        return self.inband.hear(self._heard)

    def deliver(self) -> None:
        """Send this frame to the phone, with what displaces it, and record both directions."""
        out = self.line.next_out()
        for path, (audio, mix) in list(self.displaced.items()):
            piece = audio.read(self.line.frame_samples)
            if len(piece) < self.line.frame_samples:
                piece = np.concatenate(
                    [piece, np.zeros(self.line.frame_samples - len(piece), np.int16)]
                )
            if audio.ended:
                del self.displaced[path]
            out = mixed(out, piece) if mix and out is not None else piece
        self.line.deliver(out)
        silence = np.zeros(self.line.frame_samples, np.int16)
        heard = silence if self._heard is None else self._heard
        for recording in self.recordings.values():
            recording.add(heard, silence if out is None else out)

    def close(self) -> None:
        """Finish every recording."""
        for recording in self.recordings.values():
            recording.close()
        self.recordings.clear()

    def statistics(self) -> list[tuple[str, Value]]:
        """Return the RTP variables that a call's record ends with."""
        counts = self.line.counts
        zero = "0"
        came, went = str(counts.received_bytes), str(counts.sent_bytes)
        rows = [
            ("in_raw_bytes", came),
            ("in_media_bytes", came),
            ("in_packet_count", str(counts.received)),
            ("in_media_packet_count", str(counts.received)),
            ("in_skip_packet_count", str(counts.missed)),
            ("in_jitter_packet_count", zero),
            ("in_dtmf_packet_count", zero),
            ("in_cng_packet_count", zero),
            ("in_flush_packet_count", str(counts.flushed)),
            ("in_largest_jb_size", zero),
            ("in_jitter_min_variance", "0.00"),
            ("in_jitter_max_variance", "0.00"),
            ("in_jitter_loss_rate", "0.00"),
            ("in_jitter_burst_rate", "0.00"),
            ("in_mean_interval", "20.00"),
            ("in_flaw_total", zero),
            ("in_quality_percentage", "100.00"),
            ("in_mos", "4.50"),
            ("out_raw_bytes", went),
            ("out_media_bytes", went),
            ("out_packet_count", str(counts.sent)),
            ("out_media_packet_count", str(counts.sent)),
            ("out_skip_packet_count", zero),
            ("out_dtmf_packet_count", zero),
            ("out_cng_packet_count", zero),
        ]
        pairs: list[tuple[str, Value]] = [(f"rtp_audio_{name}", value) for name, value in rows]
        return [
            *pairs,
            ("rtp_audio_rtcp_packet_count", zero),
            ("rtp_audio_rtcp_octet_count", zero),
        ]
