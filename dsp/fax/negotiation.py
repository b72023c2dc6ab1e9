"""What two fax terminals agree on: DCS from DIS (T.30 5.1, 5.3.6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import FrameError, Resolution, codings, resolutions

__all__ = ["IncompatibleError", "Page", "choose", "common_rates", "unable"]

_WIDTHS = ("A4", "B4", "A3")
_LENGTHS = ("A4", "B4", "unlimited")


class IncompatibleError(FrameError):
    """Two terminals that have no way to send a page from the one to the other."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be sent.

    Parameters
    ----------
    resolution
        ``R8 × 7.7`` and others.
    width
        ``A4``, ``B4`` or ``A3``.
    length
        ``A4`` and ``B4``, which are 297 and 364 mm, or ``unlimited`` for a longer page.
    """

    resolution: str = "R8 × 3.85"
    width: str = "A4"
    length: str = "A4"

    def __post_init__(self) -> None:
        for value, among in (
            (self.resolution, resolutions()),
            (self.width, _WIDTHS),
            (self.length, _LENGTHS),
        ):
            if value not in among:
                raise FrameError(f"{value!r} is none of {', '.join(among)}")


def common_rates(far: Capabilities, own: Capabilities) -> tuple[str, ...]:
    """Give modems and rates that both have, in the order in which one falls back.

    Examples
    --------
    >>> common_rates(Capabilities(modems="V.27ter, V.29"), Capabilities())
    ('V.29 9600', 'V.29 7200', 'V.27ter 4800', 'V.27ter 2400')
    """
    return tuple(one for one in own.rates if one in far.rates)


def choose(
    far: Capabilities,
    own: Capabilities,
    page: Page,
    *,
    rate: str | None = None,
    ecm: bool = True,
) -> Settings:
    """Choose the best settings for a page that both ends can do.

    Where the far end cannot have the page as it is, the settings say what it is to be made: less
    fine or narrower, never finer or wider; and what is longer than `length` is to be cut.

    Parameters
    ----------
    far
        What DIS or DTC of the far end said.
    own
        What this end can send.
    page
        What is to be sent.
    rate
        That which is left after falling back, of :func:`common_rates`; the best without it.
    ecm
        Whether error correction is wanted where both have it.

    Returns
    -------
    Settings
        With the closest coding, which is MMR or T.85 by error correction alone; with no
        scan-line time where there is error correction, as its frames have no fill; with as long
        a page as both can have, since the length of a page may not be known before its end.

    Raises
    ------
    IncompatibleError
        When the far end cannot receive, or no rate is common.
    FrameError
        When `rate` is not common to both.

    Examples
    --------
    >>> far = Capabilities.parse(bytes.fromhex("00eefac4809d80808078"))
    >>> own = Capabilities(ecm=True, mr=True, mmr=True, fine=True, lengths="unlimited")
    >>> choose(far, own, Page("R8 × 7.7"))
    Settings(rate='V.17 14400', ecm=True, small_frames=False, coding='MMR', uncompressed=False,
        resolution='R8 × 7.7', width='A4', length='unlimited', scan_time='0', receives=True,
        subaddress=False, sender_identification=False, t37=False, t38=False, bft=False,
        also=frozenset())
    """
    if not far.receives:
        raise IncompatibleError("the far end cannot receive a fax")
    common = common_rates(far, own)
    if not common:
        raise IncompatibleError(f"no rate is common to {far.modems} and {own.modems}")
    if rate is not None and rate not in common:
        raise FrameError(f"{rate!r} is none of {', '.join(common)}")
    corrected = ecm and far.ecm and own.ecm
    resolution = _resolution(far, own, page.resolution)
    return Settings(
        rate=rate or common[0],
        ecm=corrected,
        small_frames=corrected and far.small_frames,
        coding=_coding(far, own, corrected),
        resolution=resolution,
        width=_most(page.width, _WIDTHS, far.widths, own.widths),
        length=_most("unlimited", _LENGTHS, far.lengths, own.lengths),
        scan_time="0" if corrected else str(far.scan_time(resolution)),
    )


def unable(now: Settings, own: Capabilities) -> tuple[str, ...]:
    """Tell what of the settings in a DCS an end that has sent this DIS cannot do.

    Examples
    --------
    >>> unable(Settings("V.17 14400", ecm=True, coding="MMR"), Capabilities(ecm=True))
    ('coding MMR',)
    """
    checked = {
        f"rate {now.rate}": now.rate in own.rates,
        "error correction": own.ecm or not now.ecm,
        f"coding {now.coding}": now.coding in own.codings,
        f"coding {now.coding} without error correction": now.ecm or not codings()[now.coding].ecm,
        f"resolution {now.resolution}": now.resolution in own.resolutions,
        f"width {now.width}": _allows(own.widths, now.width),
        f"length {now.length}": _allows(own.lengths, now.length),
    }
    return tuple(what for what, able in checked.items() if not able)


def _coding(far: Capabilities, own: Capabilities, ecm: bool) -> str:
    """The closest that both have."""
    common = set(far.codings) & set(own.codings)
    return next(one for one in far.codings if one in common and (ecm or not codings()[one].ecm))


def _resolution(far: Capabilities, own: Capabilities, wanted: str) -> str:
    """The wanted one, or the finest that both have and that is not finer, of the same unit."""
    every = resolutions()
    page = every[wanted]

    def rank(one: Resolution) -> tuple[bool, int, bool]:
        return one is page, one.columns * one.lines, one.metric == page.metric

    ours = set(own.resolutions)
    common = (every[name] for name in far.resolutions if name in ours)
    fitting = (one for one in common if one.columns <= page.columns and one.lines <= page.lines)
    return max(fitting, key=rank).label


def _most(wanted: str, sizes: Sequence[str], far: str, own: str) -> str:
    """The size wanted, or the largest below it that both have."""
    upto = sizes[: sizes.index(wanted) + 1]
    return next(one for one in reversed(upto) if _allows(far, one) and _allows(own, one))


def _allows(sizes: str, one: str) -> bool:
    """Whether a size is one of those that DIS said; all terminals have A4."""
    return one == "A4" or sizes == "unlimited" or one in sizes.split(", ")
