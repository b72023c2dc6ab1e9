"""Labels in a row, none over another: the longest wording that fits, neighbours put together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

__all__ = ["Label", "Placed", "place"]

MOST = 40
"""Letters that several labels put together may have."""

_DIGITS_APART = 3
"""Letters between two labels that are put together with nothing between them, at least."""


class Label(NamedTuple):
    """Something to be written at a place.

    Parameters
    ----------
    at
        Where it begins, in letters' widths.
    wordings
        The same at length and in short, the longest first.
    between
        What comes between it and the label before where the two are put together.
    """

    at: float
    wordings: tuple[str, ...]
    between: str = ", "


class Placed(NamedTuple):
    """A text and where it begins, in letters' widths."""

    at: float
    text: str


def place(labels: Sequence[Label], width: float) -> list[Placed]:
    """Find places for labels.

    Parameters
    ----------
    labels
        By place, ascending.
    width
        Of the row, in letters.

    Returns
    -------
    list of Placed
        None reaches into the next, nor over the end of the row.

    Examples
    --------
    >>> keys = [Label(at, ("key " + key, key), "") for at, key in ((2, "1"), (3.5, "5"), (30, "9"))]
    >>> place(keys, 40)
    [Placed(at=2, text='15'), Placed(at=30, text='key 9')]
    """
    groups: list[list[Label]] = []
    lengths: list[float] = []
    for label in labels:
        short = len(label.wordings[-1])
        at = min(label.at, width - short)
        apart = 1 if label.between else _DIGITS_APART
        if groups and at < _end(groups[-1], lengths[-1], width) + apart:
            groups[-1].append(label)
            lengths[-1] += len(label.between) + short
        else:
            groups.append([label])
            lengths.append(short)
        _join(groups, lengths, width)
    placed: list[Placed] = []
    ends = [_begin(group, length, width) - 1 for group, length in zip(groups, lengths, strict=True)]
    for group, end in zip(groups, [*ends, width][1:], strict=True):
        text = _wording(group, end)
        placed.append(Placed(min(group[0].at, width - len(text)), text))
    return placed


def _begin(group: Sequence[Label], length: float, width: float) -> float:
    return min(group[0].at, width - min(length, MOST))


def _end(group: Sequence[Label], length: float, width: float) -> float:
    return _begin(group, length, width) + min(length, MOST)


def _join(groups: list[list[Label]], lengths: list[float], width: float) -> None:
    """Put the last two groups together while they overlap: at the row's end they move back."""
    while len(groups) > 1 and (
        _begin(groups[-1], lengths[-1], width) < _end(groups[-2], lengths[-2], width) + 1
    ):
        last, length = groups.pop(), lengths.pop()
        groups[-1] += last
        lengths[-1] += length + len(last[0].between)


def _times(word: str, count: int) -> str:
    return word if count == 1 else f"{word} ×{count:,}"


def _wording(group: Sequence[Label], end: float) -> str:
    if len(group) == 1:
        for text in group[0].wordings:
            if group[0].at + len(text) <= end:
                return text
    words = [label.wordings[-1] for label in group if label.wordings[-1]]
    if between := group[-1].between:
        words = [_times(word, sum(1 for _ in run)) for word, run in groupby(words)]
    text = between.join(words)
    if len(text) <= MOST:
        return text
    count = f"… ({len(group):,})"
    return text[: MOST - len(count)] + count
