"""The template of an application: subclass :class:`App`, write ``on_call``, serve it.

One application object serves every call of a worker process; what belongs to one call lives in
``on_call``'s local variables.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from dsp.types import Detector

from .call import Call
from .errors import MediasockError

DetectorFactory: TypeAlias = Callable[[int], Detector]
"""Makes a detector for so many rows; see :class:`dsp.types.Detector`."""


class AppError(MediasockError):
    """An application that cannot be found, loaded or configured."""


class HandOver(Exception):  # noqa: N818 - not an error
    """Raised out of :meth:`App.on_call`: another application of this server takes the call over.

    The call's stream goes with it, if there is one.

    Parameters
    ----------
    name
        As the dialplan's path has it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"to the application {name!r}")
        self.name = name


class App:
    """An application of ``mediasock serve``.

    Parameters
    ----------
    options
        What the configuration file and ``--set`` give this application.

    Attributes
    ----------
    detectors
        Batch detectors of the application's own, ``(calls, samples) → detections``: they run in
        the hub beside the built-in ones, over all calls at once.
    detect
        What its calls are listened for besides what the configuration says, of
        :data:`dsp.kinds.DETECTABLE`.
    heirs
        Names of the applications to which it hands calls over, as its options say: ``mediasock
        serve`` does not start without them.

    Raises
    ------
    AppError
        When an option is not one that the application knows, or not of the kind of its default.

    Examples
    --------
    ``mediasock serve mypackage.menu:Menu`` serves::

        class Menu(App):
            async def on_call(self, call: Call) -> None:
                async with call.media() as media:
                    media.play("welcome.wav")
                    choice = await media.digits(max=1, timeout=5)
    """

    detectors: ClassVar[Sequence[DetectorFactory]] = ()
    detect: Sequence[str] = ()
    heirs: Sequence[str] = ()
    defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        unknown = sorted(set(options or {}) - set(self.defaults))
        if unknown:
            known = ", ".join(sorted(self.defaults)) or "none"
            raise AppError(
                f"{type(self).__name__} has no option {', '.join(unknown)}; it knows: {known}"
            )
        for name, value in (options or {}).items():
            self._check_kind(name, value)
        self.options: dict[str, Any] = {**self.defaults, **(options or {})}

    def _check_kind(self, name: str, value: object) -> None:
        kind = type(self.defaults[name])
        fits = (kind, int) if kind is float else (kind,)
        if self.defaults[name] is not None and type(value) not in fits:
            hint = f': write it in quotes, "{value}"' if kind is str else ""
            raise AppError(
                f"{type(self).__name__}: option {name} is {value!r}, "
                f"a {kind.__name__} is needed{hint}"
            )

    async def on_start(self) -> None:
        """Prepare, once a process, before the first call."""

    async def on_drain(self) -> None:
        """Begin nothing new, once a process: no more calls come, and those there are go on."""

    async def on_call(self, call: Call) -> None:
        """Serve one call.

        Returning leaves the call to the dialplan; an exception hangs it up. A call that ends
        meanwhile raises :class:`~mediasock.esl.errors.HungUp` out of whatever waits, and that
        need not be caught. :class:`HandOver` has another application go on with the call.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what to do with a call")

    async def on_stop(self) -> None:
        """Clean up, once a process, after the last call."""


_NAME = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


def route(asked: str) -> tuple[str, str]:
    """Return the name by which the dialplan asks for an application, and which one that is.

    FreeSWITCH takes host and port apart at the last colon of its line, so that a path cannot have
    one: an application of one's own goes by its class's name, or by one that is given.

    Parameters
    ----------
    asked
        As on the command line: ``tones``, ``package.module:Class``, or either behind ``name=``.

    Raises
    ------
    AppError
        When the name cannot be a path in a dialplan's line.

    Examples
    --------
    >>> route("tones"), route("shop.menu:Menu"), route("sales=shop.menu:Menu")
    (('tones', 'tones'), ('Menu', 'shop.menu:Menu'), ('sales', 'shop.menu:Menu'))
    """
    name, equals, application = asked.rpartition("=")
    if not equals:
        return application.rpartition(":")[2] or application, application
    if _NAME.fullmatch(name) is None:
        raise AppError(
            f"application {asked!r}: {name!r} cannot be a path in the dialplan: "
            "letters, digits, _ . - and / between them"
        )
    return name, application


def load(name: str) -> type[App]:
    """Find an application by its name.

    Parameters
    ----------
    name
        One that is shipped (``tones``, ``echo``, ``record``, ``fax``), or ``package.module:Class``.

    Raises
    ------
    AppError
        When there is no such application, naming what is missing.
    """
    module_name, _, class_name = name.partition(":")
    if not class_name:
        from .apps import SHIPPED  # noqa: PLC0415 - the shipped ones are subclasses of App

        if name not in SHIPPED:
            raise AppError(
                f"no application {name!r}: shipped are {', '.join(sorted(SHIPPED))}; "
                "an application of your own is package.module:Class"
            )
        return SHIPPED[name]
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise AppError(f"application {name!r}: {type(error).__name__}: {error}") from error
    found = getattr(module, class_name, None)
    if found is None:
        raise AppError(f"application {name!r}: {module_name} has no {class_name}")
    if not (isinstance(found, type) and issubclass(found, App)):
        raise AppError(f"application {name!r}: {class_name} is not a subclass of mediasock.app.App")
    return found
