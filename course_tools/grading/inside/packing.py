"""Pack arguments and answers into what `protocol` can send.

A script of the sandbox, beside `calling` and `protocol`.
"""

MOST = 8_000_000  # bytes of an answer


def unpacked(value, arrays):
    """Return an argument from a number, or from a list of its kind and the names of its arrays."""
    import calling
    import torch

    if not isinstance(value, list):
        return value
    kind, *names = value
    tensors = [torch.from_numpy(arrays[name].copy()) for name in names]
    return calling.Affine(*tensors) if kind == "affine" else tensors[0]


def packed(name: str, value, arrays: dict) -> dict:
    """Return what is sent of a returned value: its array, or else only what kind of thing it is.

    Args:
        name: for its array.
        value: what the function returned.
        arrays: gets the array.
    """
    import numpy as np
    import torch

    is_number = isinstance(value, torch.Tensor | np.ndarray | np.number | int | float)
    if is_number and not isinstance(value, bool):
        try:
            with np.errstate(all="ignore"):
                array = _array(value)
            if array is not None:
                arrays[name] = array
                return {"array": name}
        except Exception:  # sparse, quantized, on no device at all
            pass
    bases = [base.__name__ for base in (list, tuple) if isinstance(value, base)]
    pair = isinstance(value, tuple)  # torch.max, for one, returns a named tuple
    return {
        "type": type(value).__name__[:40],
        "base": bases,
        "fields": [f for f in ("values", "indices") if pair and hasattr(value, f)],
        "none": value is None,
    }


def _array(value):
    """Return a copy as an array of at most a quarter of `MOST` bytes; None where that cannot be."""
    import numpy as np
    import protocol
    import torch

    if isinstance(value, torch.Tensor):
        value = value.float() if value.dtype == torch.bfloat16 else value
        array = value.detach().resolve_conj().resolve_neg().numpy(force=True)
    elif isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        return None
    else:
        array = np.asarray(value)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    little = array.dtype.newbyteorder("<")
    if little.str not in protocol.DTYPES or array.nbytes >= MOST // 4:
        return None
    return array.astype(little)
