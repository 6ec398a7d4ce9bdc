"""What the grader and its sandbox send each other: a line of JSON, then the raw bytes of arrays.

Pickle is never used. Both sides use this module. The receiver trusts nothing, and reads no more
than its limits allow.
"""

import json
import math
from typing import BinaryIO

import numpy as np

DTYPES = frozenset(
    f"{order}{kind}"
    for kinds, order in (("f2 f4 f8 i2 i4 i8 u2 u4 u8 c8 c16", "<"), ("b1 i1 u1", "|"))
    for kind in kinds.split()
)
LINE = 4_000_000  # bytes of JSON
AXES = 8


class ProtocolError(ValueError):
    """What was received is not a frame, or one that is too large."""


def send(stream: BinaryIO, header: dict, arrays: dict[str, np.ndarray] | None = None) -> None:
    """Write one frame.

    Args:
        stream: where to.
        header: what to send as JSON.
        arrays: what to send as raw bytes, by name.

    Raises:
        ProtocolError: for an array of a dtype that may not be sent.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in (arrays or {}).items()}
    for name, array in arrays.items():
        if array.dtype.str not in DTYPES:
            raise ProtocolError(f"{name}: dtype {array.dtype.str}")
    declared = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    stream.write(json.dumps({**header, "arrays": declared}).encode() + b"\n")
    for array in arrays.values():
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: BinaryIO, most: int, *, text: int = LINE) -> tuple[dict, dict[str, np.ndarray]]:
    """Read one frame.

    Args:
        stream: where from.
        most: the largest number of bytes of arrays.
        text: the largest number of bytes of JSON.

    Returns:
        The header, and the arrays by name.

    Raises:
        EOFError: where the stream has ended.
        ProtocolError: where there is no frame, or it is too large.
    """
    line = stream.readline(text + 1)
    if not line:
        raise EOFError
    try:
        header: dict = json.loads(line) if len(line) <= text else {}
        declared = header.pop("arrays")
        arrays = {}
        for name, dtype, shape in declared:
            if not isinstance(name, str) or dtype not in DTYPES or not _is_shape(shape):
                raise ProtocolError("an array is declared wrongly")
            size = math.prod(shape) * np.dtype(dtype).itemsize
            most -= size
            if most < 0:
                raise ProtocolError("the arrays are too large")
            content = stream.read(size)
            if len(content) != size:
                raise ProtocolError("an array ends too early")
            arrays[name] = np.frombuffer(content, dtype).reshape(shape)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise ProtocolError(str(error)[:200]) from error
    return header, arrays


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= AXES
        and all(type(n) is int and 0 <= n < 2**40 for n in shape)
    )
