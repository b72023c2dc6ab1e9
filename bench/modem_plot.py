"""Waterfalls as a picture: bit errors over noise, a colour a modem and rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from bench.modem_ends import OURS, PEER, name
from bench.modem_waterfall import TARGET, Curve

mpl.use("agg")
from matplotlib import pyplot as plt

_PANELS = (("v17",), ("v29", "v27ter", "v21"))
_SHOWN = {(PEER, PEER): "--", (PEER, OURS): "-"}
_LEAST, _MOST = 1e-6, 1e-2


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Draw what libspandsp's receivers and ours make of its transmitters."""
    figure, panels = plt.subplots(1, len(_PANELS), figsize=(10, 4.2), sharey=True)
    for axes, modems in zip(panels, _PANELS, strict=True):
        modes = list(dict.fromkeys(one.mode for one in curves if one.mode[0] in modems))
        for number, mode in enumerate(modes):
            for one in curves:
                if one.mode == mode and one.ends in _SHOWN:
                    points = [(at, rate) for at, rate in sorted(one.rates.items()) if rate > 0]
                    label = name(mode) if one.ends == (PEER, OURS) else None
                    style = _SHOWN[one.ends]
                    axes.semilogy(
                        *zip(*points, strict=True), style, color=f"C{number}", label=label
                    )
        axes.axhline(TARGET, color="grey", linewidth=0.7)
        axes.set(xlabel="SNR over 0 to 4 kHz, dB", ylim=(_LEAST, _MOST))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="lower left")
    panels[0].set_ylabel("bit error rate")
    figure.suptitle(
        "libspandsp sends: libspandsp receives (dashed), mediasock receives", fontsize=10
    )
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    plt.close(figure)
