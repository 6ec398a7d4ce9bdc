"""Stand-ins for figures, widgets, IPython and progress bars, which a grader does not have.

A script of the sandbox. Figures show nothing and have no values; progress bars only count. A loop
that draws and computes goes through its computations.
"""

import importlib.abc
import importlib.machinery
import sys
import types

SHOWN = ("IPython", "ipywidgets", "matplotlib", "seaborn", "tqdm")
VALUE = "what a figure shows"  # a missing name


class Silent:
    """Does nothing, whatever is called; raises NameError where a value is needed."""

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
    """tqdm's progress bar: its items pass through."""

    def __init__(self, iterable=(), *_, **__) -> None:
        self.iterable = iterable

    def __iter__(self):
        return iter(self.iterable)

    def __enter__(self):
        return self

    @staticmethod
    def write(*_, **__) -> None:
        """Print nothing."""


class Shown(types.ModuleType):
    """A package, or a part of one, in which every name exists."""

    def __getattr__(self, name: str):
        if name.startswith("__"):
            raise AttributeError(name)
        return Silent()


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the packages `SHOWN` where nothing else does."""

    def find_spec(self, name, path=None, target=None):
        """Find a stand-in for a module of `SHOWN`."""
        if name.partition(".")[0] not in SHOWN:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        """Create the stand-in."""
        return Shown(spec.name)

    def exec_module(self, module) -> None:
        """Give the stand-in what must do more than nothing: progress bars, and axes to unpack."""
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
    """Make the stand-ins importable."""
    sys.meta_path.append(Finder())
