"""The picture that an analysis leaves behind, where one is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dsp.types import Samples

from .request import Finding, Request

if TYPE_CHECKING:
    from .picture import Picture

__all__ = ["Plot"]


class Plot:
    """Nothing at all, where no picture is wanted."""

    @classmethod
    def of(cls, name: str, rate: int, channels: Sequence[int], request: Request) -> Plot:
        """Begin the picture of a recording.

        Parameters
        ----------
        name
            Of the recording.
        rate
            Samples a second that it has.
        channels
            Which of its channels are heard, from 1.
        request
            Where the picture goes, if there is to be one.

        Raises
        ------
        PictureError
            When it cannot be drawn at all.
        """
        path = request.picture_of(name)
        return cls() if path is None else _Drawn(name, path, rate, channels, request)

    def hear(self, sound: Samples) -> None:
        """Take sound in, ``(channels, n)`` at 8 kHz."""

    def tell(self, findings: Sequence[Finding]) -> None:
        """Take in what was found."""

    def draw(self) -> None:
        """Write the picture of what has been heard."""


class _Drawn(Plot):
    def __init__(
        self, name: str, path: Path, rate: int, channels: Sequence[int], request: Request
    ) -> None:
        from .picture import Picture, check  # noqa: PLC0415 - an extra

        check(path)
        self._name, self._path, self._rate = name, path, rate
        self._channels, self._request = channels, request
        self._picture: Picture = Picture(len(channels))
        self._findings: list[Finding] = []

    def hear(self, sound: Samples) -> None:
        self._picture.hear(sound)

    def tell(self, findings: Sequence[Finding]) -> None:
        self._findings += findings

    def draw(self) -> None:
        self._picture.draw(
            self._findings,
            self._path,
            title=self._name,
            rate=self._rate,
            begin=self._request.begin,
            numbers=self._channels,
            plans=self._request.plans,
        )
