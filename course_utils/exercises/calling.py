"""How a student's function is called, and with what.

It knows neither tasks nor PyTorch: the grader's sandbox holds it alone.
"""

import inspect

# What Python says of a function that takes its arguments in order alone.
BY_NAME = ("unexpected keyword argument", "requires at least 1 positional argument")


class Affine:
    """x ↦ x W + b, where a task takes a model: W (d, m), b (m,), tensors.

    Made of tensors alone, so that another process can rebuild it.
    """

    def __init__(self, W, b) -> None:
        self.W, self.b = W, b

    def __call__(self, x):
        return x @ self.W + self.b


def call(function: object, inputs: dict[str, object]) -> object:
    """By name, as the task says; in order, if the student gave the arguments other names.

    A wrapper without `functools.wraps` hides the names: then the call itself tells, before anything
    of the student's has run.
    """
    if _takes(function, inputs):
        try:
            return function(**inputs)
        except TypeError as error:
            if not any(said in str(error) for said in BY_NAME):
                raise
    return function(*inputs.values())


def _takes(function: object, inputs: dict[str, object]) -> bool:
    """Whether a function takes these names: as it says, and as a wrapper around it says."""
    try:
        for follow in (True, False):
            inspect.signature(function, follow_wrapped=follow).bind(**inputs)
    except (TypeError, ValueError):
        return False
    return True


def is_the_stub(error: BaseException) -> bool:
    """Whether a function that stopped so was never begun.

    PyTorch's own NotImplementedError has a message.
    """
    return type(error) is NotImplementedError and not error.args


def described(error: BaseException) -> str:
    """Kind and first line of an error, also of one that cannot even be printed."""
    try:
        lines = str(error).splitlines()
    except Exception:
        lines = []
    return ": ".join([type(error).__name__, *lines[:1]])
