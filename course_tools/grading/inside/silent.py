"""What a notebook shows its work with, and a grader does not have: figures, widgets and IPython
that show nothing and have no values, and bars of progress that only count.

A script of the sandbox. A loop that draws and computes goes on computing.
"""

import importlib.abc
import importlib.machinery
import sys
import types

SHOWN = ("IPython", "ipywidgets", "matplotlib", "seaborn", "tqdm")
VALUE = "what a figure shows"  # a missing name


class Silent:
    """Does nothing, whatever is asked of it. Where a value is needed, one is missing."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return Silent()

    def __call__(self, *_, **__):
        return Silent()

    def __getitem__(self, _):
        return Silent()

    def __setitem__(self, *_) -> None:
        pass

    def __enter__(self):
        return Silent()

    def __exit__(self, *_) -> None:
        pass

    def _no_value(self, *_):
        raise NameError(f"{VALUE} is not known", name=VALUE)

    __iter__ = __float__ = __int__ = __index__ = _no_value
    __add__ = __sub__ = __mul__ = __truediv__ = __radd__ = __rsub__ = __rmul__ = __rtruediv__ = (
        _no_value
    )


class Bar(Silent):
    """tqdm's: what is counted passes through."""

    def __init__(self, iterable=(), *_, **__) -> None:
        self.iterable = iterable

    def __iter__(self):
        return iter(self.iterable)

    def __enter__(self):
        return self

    @staticmethod
    def write(*_, **__) -> None:
        """Says nothing."""


class Shown(types.ModuleType):
    """A package, or a part of one, of which every name is there."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return Silent()


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `SHOWN`, where nothing else does."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in SHOWN:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Shown(spec.name)

    def exec_module(self, module) -> None:
        if module.__name__.startswith("tqdm"):
            module.tqdm = Bar
            module.trange = lambda *numbers, **_: Bar(range(*numbers))
        if module.__name__ == "matplotlib.pyplot":
            module.subplots = _subplots


def _subplots(nrows=1, ncols=1, *_, squeeze=True, **__) -> tuple:
    import numpy as np

    axes = np.empty((nrows, ncols), object)
    for place in np.ndindex(axes.shape):
        axes[place] = Silent()
    axes = axes.squeeze() if squeeze else axes
    return Silent(), axes if axes.ndim else axes.item()


def install() -> None:
    sys.meta_path.append(Finder())
