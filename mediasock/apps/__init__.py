"""The applications that come with mediasock."""

from __future__ import annotations

from ..app import App
from .echo import Echo
from .fax import Fax
from .record import Record
from .tones import Tones

SHIPPED: dict[str, type[App]] = {
    "tones": Tones,
    "echo": Echo,
    "record": Record,
    "fax": Fax,
}
