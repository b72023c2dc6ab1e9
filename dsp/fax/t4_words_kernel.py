"""Octets read and written 64 bits at a time; the first bit is the highest of the first octet.

Words are unsigned and so are the counts that they are shifted by: to numba, a signed and an
unsigned number of 64 bits make a float.
"""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from dsp.compiled import inlined

__all__ = ["Word", "at", "leading_zeros", "load", "store"]

Word: TypeAlias = Any
_Made: TypeAlias = tuple[Any, Any]

_WORD = ir.IntType(64)
_inline: Any = intrinsic


def _turned(builder: Any, word: Any) -> Any:
    return builder.bswap(word) if sys.byteorder == "little" else word


def _pointer(context: Any, builder: Any, kind: Any, octets: Any, place: Any) -> Any:
    data = context.make_array(kind)(context, builder, octets).data
    return builder.bitcast(builder.gep(data, [place]), _WORD.as_pointer())


@_inline
def load(_context: Any, octets: Any, _place: Any) -> _Made:
    """Return the 64 bits from an octet on. None of the eight may be past the end."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], values[0], values[1])
        return _turned(builder, builder.load(pointer, align=1))

    return types.uint64(octets, types.intp), made


@_inline
def store(_context: Any, octets: Any, _place: Any, _word: Any) -> _Made:
    """Write 64 bits from an octet on. None of the eight may be past the end."""

    def made(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], values[0], values[1])
        builder.store(_turned(builder, values[2]), pointer, align=1)
        return context.get_dummy_value()

    return types.none(octets, types.intp, types.uint64), made


@_inline
def leading_zeros(_context: Any, _word: Any) -> _Made:
    """Return how many zeros there are before the first one: 64 where there is none."""

    def made(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.ctlz(values[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), made


@inlined
def at(array: Any, place: Any) -> Any:
    """Return an element, whose place is not looked at: a negative one would count from the end.

    What goes from change to change is a quarter faster by it.
    """
    return array[np.uint64(place)]
