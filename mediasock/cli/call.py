"""``mediasock call``: dial an application as FreeSWITCH would, without a FreeSWITCH."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MediasockError

if TYPE_CHECKING:
    from ..switch.dialer import CallPlan, Outcome
    from ..switch.far_end import FarEnd
    from .call_fax import MachinePhone

SECONDS, FAX_SECONDS = 10.0, 600.0


class Target(click.ParamType[tuple[str, int, str]]):
    """``HOST:PORT[/path]``."""

    name = "HOST:PORT[/path]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int, str]:
        """Take it apart."""
        from ..switch.plan import SocketLine  # noqa: PLC0415 - keeps `mediasock --help` quick

        try:
            return SocketLine.parse(str(value)).targets[0]
        except MediasockError as error:
            self.fail(str(error), param, ctx)


class Assignment(click.ParamType[tuple[str, str]]):
    """``NAME=VALUE``."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, str]:
        """Take it apart."""
        name, equals, text = str(value).partition("=")
        if not (equals and name):
            self.fail(f"{value!r} is not NAME=VALUE", param, ctx)
        return name, text


class Digits(click.ParamType[str]):
    """Keys of a telephone."""

    name = "DIGITS"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Check them."""
        digits = str(value).upper()
        for key in digits:
            if key not in "0123456789*#ABCD":
                self.fail(f"{key!r} is no key: there are 0–9, *, #, A–D", param, ctx)
        return digits


_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("target", type=Target())
@click.option("--async/--sync", "is_async", default=True, help="The dialplan line's mode [async].")
@click.option("--full/--limited", default=True, help="The dialplan line's control [full].")
@click.option("--codec", type=click.Choice(["PCMU", "PCMA", "G722", "L16"]), default="PCMU")
@click.option("--ptime", type=click.Choice(["10", "20", "30"]), default="20", help="ms a frame.")
@click.option("--dtmf", default="", type=Digits(), help="Key these, as tones.")
@click.option("--rfc2833", default="", type=Digits(), help="Key these beside the sound.")
@click.option("--play", multiple=True, metavar="FILE|tone_stream://…", help="Say this.")
@click.option("--fax", type=_FILE, help="Be a fax machine, and send this document.")
@click.option("--fax-to", type=_NEW, help="Be a fax machine, and receive to this TIFF.")
@click.option("--record", type=click.Path(path_type=Path), help="A stereo WAV of both sides.")
@click.option("--var", "variables", multiple=True, type=Assignment(), help="A channel variable.")
@click.option("--calls", type=click.IntRange(1), default=1, help="How many calls.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=10.0, help="A second.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help=f"The longest call [{SECONDS:g}; of a fax {FAX_SECONDS:g}].",
)
@click.option("--loss", type=click.FloatRange(0, 100), default=0.0, help="Packets lost, %.")
@click.option("--jitter", type=click.FloatRange(0), default=0.0, help="Packets late by up to … ms.")
def call(target: tuple[str, int, str], **options: Any) -> None:
    """Place calls into an application, as FreeSWITCH's socket application does.

    The phone at the far end waits half a second, plays, keys, and hangs up after --seconds if the
    application has not. With --fax or --fax-to it is a fax machine and does nothing else. Exit
    status 0 when every call went as asked, 1 when one did not, 2 on misuse. An application that
    would abort a real FreeSWITCH fails here too.
    """
    fax = bool(options["fax"] or options["fax_to"])
    if fax and (options["play"] or options["dtmf"] or options["rfc2833"]):
        raise click.UsageError("--fax: a fax machine plays and keys nothing")
    if options["seconds"] is None:
        options["seconds"] = FAX_SECONDS if fax else SECONDS
    try:
        if not fax:
            _phone(options, 8000)
        if options["record"] and not options["record"].absolute().parent.is_dir():
            raise click.UsageError(f"--record: there is no directory {options['record'].parent}")
    except MediasockError as error:
        raise click.UsageError(str(error)) from error
    try:
        outcomes = asyncio.run(_place(target, options))
    except MediasockError as error:
        click.echo(f"mediasock: {error}", err=True)
        sys.exit(1)
    bad = [outcome for outcome in outcomes if not _went_well(outcome)]
    if len(outcomes) > 1:
        click.echo(f"{len(outcomes)} calls, {len(outcomes) - len(bad)} went well")
    sys.exit(1 if bad else 0)


async def _place(target: tuple[str, int, str], options: dict[str, Any]) -> list[Outcome]:
    """Place all calls at their rate, and print each as it ends."""
    from ..compiling import announce  # noqa: PLC0415
    from ..switch.dialer import CallAborted, place_call, real_switch  # noqa: PLC0415
    from ..switch.plan import CODECS  # noqa: PLC0415

    announce()
    switch = real_switch()
    began = time.monotonic()

    async def one(index: int) -> Outcome:
        await asyncio.sleep(began + index / options["rate"] - time.monotonic())
        rate = CODECS[options["codec"]][2]
        machine = _machine(options, rate, index)
        phone = machine or _phone(options, rate)
        plan = _plan(target, phone, options, index)
        try:
            outcome = await place_call(plan, switch=switch)
        except CallAborted as aborted:
            outcome = aborted.outcome
        if options["record"]:
            phone.save(_numbered(options["record"], index, options["calls"]))
        outcome.result = machine and machine.finish()
        click.echo(_told(outcome))
        return outcome

    return list(await asyncio.gather(*(one(index) for index in range(options["calls"]))))


def _phone(options: dict[str, Any], rate: int) -> FarEnd:
    from ..switch import far_end  # noqa: PLC0415

    steps: list[far_end.Step] = [far_end.Wait(0.5)]
    steps += [
        far_end.Tone(what) if what.startswith("tone_stream://") else far_end.Play(what)
        for what in options["play"]
    ]
    if options["dtmf"]:
        steps.append(far_end.Keys(options["dtmf"]))
    if options["rfc2833"]:
        steps.append(far_end.Rfc2833(options["rfc2833"]))
    return far_end.FarEnd(steps, rate=rate)


def _machine(options: dict[str, Any], rate: int, index: int) -> MachinePhone | None:
    """Make the fax machine that is asked for, if one is."""
    send, to = options["fax"], options["fax_to"]
    if not (send or to):
        return None
    from .call_fax import MachinePhone  # noqa: PLC0415

    where = to and _numbered(to, index, options["calls"])
    return MachinePhone(send, where, rate=rate, keep=options["record"] is not None)


def _plan(
    target: tuple[str, int, str], phone: FarEnd | MachinePhone, options: dict[str, Any], index: int
) -> CallPlan:
    from ..switch.dialer import CallPlan  # noqa: PLC0415

    host, port, path = target
    return CallPlan(
        host,
        port,
        phone,
        path=path,
        is_async=options["is_async"],
        full=options["full"],
        codec=options["codec"],
        ptime_ms=int(options["ptime"]),
        variables=dict(options["variables"]),
        loss=options["loss"] / 100,
        jitter_ms=options["jitter"],
        seed=index,
        seconds=options["seconds"],
    )


def _numbered(path: Path, index: int, calls: int) -> Path:
    return path if calls == 1 else path.with_stem(f"{path.stem}-{index + 1}")


def _went_well(outcome: Outcome) -> bool:
    return outcome.went_well and (outcome.result is None or outcome.result.ok)


def _told(outcome: Outcome) -> str:
    """Say in one line how a call went."""
    if not outcome.connected:
        return f"{outcome.uuid} no application answered"
    if outcome.aborted:
        return f"{outcome.uuid} FREESWITCH WOULD HAVE ABORTED: {outcome.aborted}"
    how = "answered" if outcome.answered else "not answered"
    heard = f", it keyed {outcome.keys_sent}" if outcome.keys_sent else ""
    lost = f", {outcome.packets_lost} packets lost" if outcome.packets_lost else ""
    fax = ""
    if outcome.result is not None:
        ended, pages = outcome.result.outcome, len(outcome.result.confirmed)
        fax = f"; fax: {pages} page{'s' * (pages != 1)}, {ended.text}"
    return (
        f"{outcome.uuid} {how}, {outcome.seconds:.1f} s, {outcome.hangup_cause or 'still up'}; "
        f"stream: {outcome.frames_to_application} frames to the application, "
        f"{outcome.frames_from_application} back{heard}{lost}{fax}"
    )
