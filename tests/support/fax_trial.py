"""A scenario tried on a terminal, in virtual time, and held against what it says."""

import itertools
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from dsp.fax.config import EVERYTHING, Config
from dsp.fax.document import read
from dsp.fax.terminal import FaxTerminal
from dsp.types import RATE
from tests.support import fax_pages
from tests.support import fax_voice as voice
from tests.support.fax_far_end import FarEnd
from tests.support.fax_hearing import BLOCK
from tests.support.spandsp_fax import CODINGS, SpandspFax
from tests.support.spandsp_t30 import MODEMS

_LONGEST = 900.0
_TURN = 0.25
"""Seconds of silence within what a terminal says at a time, at most."""
_AFTER = 70.0
"""Seconds after the far end's last step in which a terminal is to have come to its end (T5)."""


@dataclass
class Trial:
    """How it went: what was wrong, and what was said."""

    scenario: object
    problems: list[str]
    log: list[str]
    seconds: float
    outcome: str

    def __str__(self):
        told = "\n".join(self.log)
        return f"{self.scenario}: " + "; ".join(self.problems) + f"\n{told}"


class _Disk:
    """A sink that takes its time, or takes nothing."""

    def __init__(self, disk):
        self.pages, self.clock = [], 0.0
        self._put = []
        self._slow, self._fails = disk.get("slow", 0.0), disk.get("fails")

    def put(self, page, quality):
        self.pages.append(page)
        self._put.append(self.clock)

    @property
    def stored(self):
        if self._fails is not None:
            return 0
        return sum(self.clock >= one + self._slow for one in self._put)

    @property
    def trouble(self):
        failed = self._fails is not None and self._put and self.clock >= self._put[0] + self._fails
        return "there is no room" if failed else None


class _Line:
    """What the terminal hears: the far end, its own echo, noise."""

    def __init__(self, scenario):
        echo = scenario.echo or {}
        self._gain = 10 ** (echo.get("level", -100.0) / 20) if echo else 0.0
        late = round(echo.get("delay", 0.0) * RATE / BLOCK)
        self._late = deque([np.zeros(BLOCK, dtype=np.int16)] * late)
        self._noise, self._at = scenario.noise, 0

    def __call__(self, far, own):
        if not self._gain and self._noise is None:
            return far
        sound = far.astype(float)
        if self._gain:
            self._late.append(own)
            sound += self._gain * self._late.popleft()
        if self._noise is not None:
            self._at += 1
            sound += voice.noise(BLOCK / RATE, self._noise, seed=self._at)
        return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def pages(scenario):
    """The pages that the terminal has to send."""
    return [voice.page(number, *scenario.size(number)) for number in range(1, scenario.send + 1)]


def attempt(scenario, terminal, taken, disk=None):
    """Try a scenario.

    Parameters
    ----------
    scenario
        Of :mod:`tests.support.fax_scenarios`.
    terminal
        What has `process`, `done`, `result` and `hang_up`.
    taken
        Called at the end, gives the pages that it has received.
    disk
        What is to know the time.
    """
    far, line = FarEnd(scenario), _Line(scenario)
    heard = np.zeros(BLOCK, dtype=np.int16)
    clock, ended, silent = 0, None, None
    while clock < _LONGEST * RATE:
        own = terminal.process(heard)
        clock += BLOCK
        if disk is not None:
            disk.clock = clock / RATE
        if terminal.done and ended is None:
            ended = far.gone = clock / RATE
        heard = line(far.process(own), own)
        if far.hung_up:
            terminal.hang_up()
        if far.done:
            silent = clock / RATE if silent is None else silent
            if far.problem or terminal.done or clock / RATE > silent + _AFTER:
                break
    result = terminal.result
    problems = [far.problem] if far.problem else []
    if not problems and not terminal.done:
        problems = ["the terminal has not come to an end"]
    if not problems:
        problems = list(_wrong(scenario, result, ended, far, taken))
    own = [f"    {one}" for one in result.trace]
    outcome = result.outcome.name if result.outcome else ""
    log = [*map(str, far.log), "  the terminal's own trace:", *own]
    return Trial(scenario, problems, log, clock / RATE, outcome)


def _wrong(scenario, result, ended, far, taken):
    """What is not as the scenario has it."""
    name = result.outcome.name or str(result.outcome.number)
    if name not in scenario.outcome:
        yield f"the outcome is {name}, not {' or '.join(scenario.outcome)}"
    confirmed = result.confirmed
    if name == "ok" and len(confirmed) < max(1, scenario.send):
        yield f"all is well, they say, and {len(confirmed)} pages are confirmed"
    if scenario.confirmed >= 0 and len(confirmed) != scenario.confirmed:
        yield f"{len(confirmed)} pages are confirmed, not {scenario.confirmed}"
    used = tuple(one.rate for one in result.pages)
    if scenario.rates is not None and used != scenario.rates:
        yield f"the rates are {', '.join(used)}, not {', '.join(scenario.rates)}"
    if scenario.seconds is not None:
        least, most = scenario.seconds
        if not least <= ended <= most:
            yield f"it takes {ended:.1f} s, not {least:g} to {most:g}"
    yield from pauses_wrong(far)
    for name, value in scenario.told.items():
        if getattr(result, name) != value:
            yield f"{name} is {getattr(result, name)!r}, not {value!r}"
    if scenario.receive and scenario.confirmed >= 0:
        wanted = scenario.takes or tuple(range(1, scenario.confirmed + 1))
        yield from _pages_wrong(taken(), wanted, far)


def pauses_wrong(far):
    """Silences within what the terminal says at a time that are not as T.30 5.3.1 has them."""
    for (_, last), (first, _) in itertools.pairwise(far.hearing.sounds):
        pause = (first - last) / RATE
        if pause < _TURN and not 0.055 <= pause <= 0.115:
            yield f"at {last / RATE:.2f} s there is silence for {pause:.3f} s"


def _pages_wrong(got, wanted, far):
    if len(got) != len(wanted):
        yield f"it has {len(got)} pages, not {len(wanted)}"
        return
    for sheet, number in zip(got, wanted, strict=True):
        said = far.sheet(number)
        same = np.array_equal(sheet.rows, said.rows)
        if far.damaged.get(number):
            same = sheet.width == said.width
        if not same:
            yield f"page {number} is another than was sent"


def config_of(scenario):
    """What our terminal is told."""
    told = dict(scenario.config)
    if "facilities" in told:
        told["facilities"] = bytes.fromhex(told["facilities"])
    return Config(able=replace(EVERYTHING, **scenario.able), **told)


def with_ours(scenario):
    """Try a scenario on a :class:`~dsp.fax.terminal.FaxTerminal`."""
    disk = _Disk(scenario.disk)
    terminal = FaxTerminal(
        scenario.calling,
        send=pages(scenario),
        receive=disk if scenario.receive else None,
        config=config_of(scenario),
    )
    return attempt(scenario, terminal, lambda: disk.pages[: disk.stored], disk)


def beyond_spandsp(scenario):
    """Why libspandsp, as we have it, cannot be set up for a scenario; ``None`` when it can."""
    config = set(scenario.config) - {"ident"}
    if config:
        return f"set {', '.join(sorted(config))}"
    if scenario.disk:
        return "a slow disk"
    if len(scenario.page["resolution"]) > 1:
        return "pages of two resolutions"
    able = set(scenario.able) - {"ecm", "modems", "mr", "mmr", "scan_times"}
    if able:
        return f"set {', '.join(sorted(able))}"
    return None


def with_spandsp(scenario, folder):
    """Try a scenario on libspandsp's engine, with its files in a folder."""
    if why := beyond_spandsp(scenario):
        raise ValueError(why)
    able = replace(EVERYTHING, **scenario.able)
    send, receive = folder / "send.tiff", folder / "receive.tiff"
    if scenario.send:
        fax_pages.write(pages(scenario), send)
    codings = [one for one in CODINGS if one in ("MH", *(c for c in able.codings))]
    terminal = SpandspFax(
        scenario.calling,
        send if scenario.send else None,
        receive if scenario.receive else None,
        ecm=able.ecm,
        modems=[one for one in MODEMS if one in able.modems],
        codings=codings,
        ident=scenario.config.get("ident", ""),
        scan_time=int(able.scan_times.split(",")[0]),
    )

    def taken():
        return list(read(receive)) if receive.exists() else []

    # it does not tell the rates that CTC changes to
    return attempt(replace(scenario, rates=None), terminal, taken)
