"""Compiled loops: what has been compiled, or loaded from the disk, in this process."""

import sys

from numba.core.registry import CPUDispatcher


def _loops():
    modules = [module for name, module in sys.modules.items() if name.startswith("dsp.")]
    values = {id(one): one for module in modules for one in vars(module).values()}
    return [one for one in values.values() if isinstance(one, CPUDispatcher)]


def compiled():
    """Every loop there is now, by what it is given."""
    return {(one.__module__, one.__name__, str(how)) for one in _loops() for how in one.overloads}


def cold(package):
    """Loops of a package that Python calls, and has not called yet."""
    return sorted(
        f"{one.__module__}.{one.__name__}"
        for one in _loops()
        if one.__module__.startswith(package)
        and not one.targetoptions.get("no_cpython_wrapper")
        and not one.overloads
    )
