"""Frames of recorded fax calls, and what DIS and DCS may say, for hypothesis."""

import json
from pathlib import Path

from hypothesis import strategies as st

from dsp.fax.capabilities import Capabilities, Settings
from dsp.fax.fields import codings, resolutions, table

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fax"
RECORDED = sorted(one.stem for one in FIXTURES.glob("v*.json") if '"control"' in one.read_text())
"""Recordings of calls, by name."""


def recorded(name):
    """Give the control frames of a recording."""
    told = json.loads((FIXTURES / f"{name}.json").read_text())["fax"]["control"]
    return [bytes.fromhex(one["octets"]) for one in told]


def coded(which, name):
    """Any value of a field."""
    return st.sampled_from(list(table(which)[name].values.values()))


def free_bits(which, cls):
    """Bits that are no attribute of the class, and are not what codings and resolutions say."""
    names = set(cls.__dataclass_fields__)
    taken = {bit for name, one in table(which).items() if name in names for bit in one.bits}
    if which == "dcs":
        for one in (*codings().values(), *resolutions().values()):
            taken.update(*one.bits)
    return [bit for bit in range(1, 136) if bit not in taken and not (bit % 8 == 0 and bit >= 24)]


def attributes(cls, which, **others):
    """Any capabilities or settings: flags, other bits, and what else is given."""
    flags = {
        name: st.booleans()
        for name, one in cls.__dataclass_fields__.items()
        if one.type == "bool" and name in table(which)
    }
    also = st.frozensets(st.sampled_from(free_bits(which, cls)), max_size=5)
    return st.builds(cls, **flags, **others, also=also)


capabilities = attributes(
    Capabilities,
    "dis",
    **{one: coded("dis", one) for one in ("modems", "widths", "lengths", "scan_times")},
)
commands = attributes(
    Settings,
    "dcs",
    **{one: coded("dcs", one) for one in ("rate", "width", "length", "scan_time")},
    coding=st.sampled_from(list(codings())),
    resolution=st.sampled_from(list(resolutions())),
)
