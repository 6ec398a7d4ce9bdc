"""Call a student's function with the arguments of a task.

This module knows neither tasks nor PyTorch: the grader's sandbox holds a copy of it.
"""

import inspect

# What Python says where a function takes its arguments only in order.
BY_NAME = ("unexpected keyword argument", "requires at least 1 positional argument")


class Affine:
    """The function x ↦ x W + b, for tasks whose argument is a model.

    It consists of tensors only, so that it can be sent to another process.

    Args:
        W: weights (d, m).
        b: bias (m,).
    """

    def __init__(self, W, b) -> None:
        self.W, self.b = W, b

    def __call__(self, x):
        return x @ self.W + self.b


def call(function: object, inputs: dict[str, object]) -> object:
    """Call a function by the names of its arguments, or in order where it has other names.

    A wrapper without `functools.wraps` hides the names; then Python's TypeError shows that they do
    not fit, before any code of the student has run.

    Args:
        function: the student's function.
        inputs: the arguments by name, in the order of the task.
    """
    if _takes(function, inputs):
        try:
            return function(**inputs)
        except TypeError as error:
            if not any(said in str(error) for said in BY_NAME):
                raise
    return function(*inputs.values())


def _takes(function: object, inputs: dict[str, object]) -> bool:
    """Return whether a function takes these names, by its own signature and that of its wrapper."""
    try:
        for follow in (True, False):
            inspect.signature(function, follow_wrapped=follow).bind(**inputs)
    except (TypeError, ValueError):
        return False
    return True


def is_the_stub(error: BaseException) -> bool:
    """Return whether an error is that of a function which the student has not begun.

    PyTorch raises NotImplementedError, too, but with a message.
    """
    return type(error) is NotImplementedError and not error.args


def described(error: BaseException) -> str:
    """Return type and first line of an error, even of one that cannot be printed."""
    try:
        lines = str(error).splitlines()
    except Exception:
        lines = []
    return ": ".join([type(error).__name__, *lines[:1]])
