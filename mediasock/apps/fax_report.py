"""What is told of a fax that is over: to the dialplan, in a record, in the log."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from dsp.fax.result import Outcome, Result, outcomes
from dsp.fax.terminal import FaxTerminal

from ..call import Call
from ..errors import MediasockError
from ..esl.errors import Disconnected, EslError, HungUp
from .fax_variables import Order, orders

log = logging.getLogger(__name__)

__all__ = ["execute_orders", "failed", "log_result", "record", "result_of", "set_variables"]

PATIENCE = 30.0
"""Seconds that each application may take which sets variables or which the dialplan wants."""

_DELIMITERS = ";|~^"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")
_OPENING = re.compile(r"\$+(?=\{)")


def failed(outcome: Outcome, *, sending: bool, calling: bool) -> Result:
    """The result of a fax that has not begun."""
    return Result(outcome=outcome, calling=calling, sending=sending, phases={})


def result_of(terminal: FaxTerminal, *, sending: bool, calling: bool) -> Result:
    """Take the result of a terminal whose call is over; one that is broken has none of its own."""
    try:
        if not terminal.done:
            terminal.hang_up()
        return terminal.result
    except Exception:
        log.exception("a terminal has no result")
        return failed(outcomes()["unexpected"], sending=sending, calling=calling)


async def set_variables(call: Call, values: Mapping[str, str]) -> bool:
    """Set channel variables, all at once; False where the call is over or they are not taken.

    FreeSWITCH would expand ``${…}`` in them, and what the far end calls itself is among them: no
    value has a dollar sign before a brace. Between quotation marks ``multiset`` would not divide:
    what has one is set alone.
    """
    safe = {name: _OPENING.sub("", _UNSAFE.sub("", value)) for name, value in values.items()}
    together = {name: value for name, value in safe.items() if "'" not in value}
    joined = "".join(together.values())
    delimiter = next((one for one in _DELIMITERS if one not in joined), None)
    if delimiter is None:
        together = {}
    try:
        for name, value in safe.items():
            if name not in together:
                await call.execute("set", f"{name}={value}", lock=True, timeout=PATIENCE)
        if together:
            pairs = f"{delimiter}".join(f"{name}={value}" for name, value in together.items())
            argument = f"^^{delimiter}{pairs}"
            await call.execute("multiset", argument, lock=True, timeout=PATIENCE)
    except (HungUp, Disconnected):
        return False
    except EslError as error:
        log.error("no variables: %s", error, extra={"call": call.uuid})
        return False
    return True


async def execute_orders(call: Call, success: bool) -> None:
    """Execute what the dialplan has in execute_on_fax_… and api_on_fax_…, one after the other."""
    with suppress(HungUp, Disconnected):
        for order in orders(call.variables, "execute", success):
            await _execute(call, order)
        wanted = orders(call.variables, "api", success)
        if wanted and not call.connection.full:
            log.warning(
                "api_on_fax_… needs `full` in the dialplan's socket line", extra={"call": call.uuid}
            )
            return
        for order in wanted:
            await _ask(call, order)


async def _execute(call: Call, order: Order) -> None:
    try:
        await call.execute(order.name, order.argument, timeout=PATIENCE)
    except (HungUp, Disconnected):
        raise
    except MediasockError as error:
        log.warning("execute_on_fax: %s: %s", order.name, error, extra={"call": call.uuid})


async def _ask(call: Call, order: Order) -> None:
    try:
        await call.connection.api(order.name, order.argument, timeout=PATIENCE)
    except (HungUp, Disconnected):
        raise
    except EslError as error:
        log.warning("api_on_fax: %s: %s", order.name, error, extra={"call": call.uuid})


def log_result(call: Call, result: Result) -> None:
    """Log how a fax went; numbers of telephones are in the record alone."""
    outcome = result.outcome or outcomes()["call_dropped"]
    about = {
        "call": call.uuid,
        "way": "sent" if result.sending else "received",
        "result": outcome.name,
        "code": outcome.number,
        "pages": len(result.confirmed),
        "rate": result.rate,
        "ecm": result.ecm,
        "seconds": round(result.seconds, 1),
    }
    log.info("fax", extra=about)


def record(
    call: Call, began: datetime, result: Result, values: Mapping[str, Any]
) -> dict[str, Any]:
    """All that is known of a call, as it is kept in a file."""
    return {
        "call": call.uuid,
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "caller": call.caller,
        "destination": call.destination,
        **values,
        **result.record(),
    }
