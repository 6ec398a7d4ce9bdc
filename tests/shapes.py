"""Notebooks as students, people and editors leave them."""

import copy
import json

import nbformat

from course_tools.publish import notebooks
from course_tools.publish.student_version import student_version


def raw(notebook) -> dict:
    return json.loads(nbformat.writes(notebook))


def notebook_of(*sources: str, tags: dict[int, str] | None = None) -> dict:
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources
    ]
    for i, tag in (tags or {}).items():
        cells[i]["metadata"] = {"nbgrader": {"grade_id": tag}}
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def solved(number: str = "05") -> dict:
    (lesson,) = notebooks.find(number)
    return raw(lesson.read())


def stripped(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    return notebook | {"metadata": {}, "nbformat_minor": 4}


def moved(notebook):
    notebook["cells"].reverse()
    return notebook


def duplicated(notebook):
    """The student copied the stub and wrote in the copy, above or below."""
    stub = raw(student_version(notebooks.find("05")[0].read()))
    return notebook | {"cells": stub["cells"] + notebook["cells"] + copy.deepcopy(stub["cells"])}


def only_the_answers(notebook):
    return notebook | {
        "cells": [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
        + ["no cell", None, 7]
    }


def by_colab(notebook):
    """Sources as one text, its own metadata, its own ids, no nbgrader metadata for moved cells,
    outputs with widgets.
    """
    for n, cell in enumerate(notebook["cells"]):
        cell["source"] = "".join(cell["source"])
        cell["metadata"] = {
            "id": f"x{n}",
            "colab": {"base_uri": "https://localhost:8080/"},
            "outputId": "1",
        }
    return notebook | {
        "metadata": {
            "colab": {"provenance": []},
            "kernelspec": {"name": "python3"},
            "widgets": {"a": {}},
        }
    }


def by_vs_code(notebook):
    """Windows line ends, a language for every cell, another minor version."""
    for cell in notebook["cells"]:
        cell["source"] = [line.replace("\n", "\r\n") for line in cell["source"]]
        cell["metadata"] = {"vscode": {"languageId": "python"}}
    return notebook | {"nbformat_minor": 2}


MANGLED = (stripped, moved, duplicated, only_the_answers, by_colab, by_vs_code)

# Honest ways to write an answer: each is right when its cells are run from top to bottom.
SOFTPLUS = "import torch\nfrom torch.nn.functional import softplus\n"
PLAIN = "def fooling_loss(logits):\n    return softplus(-logits).mean()\n"
SCALED = "def fooling_loss(logits):\n    return scale * softplus(-logits).mean()\n"
HONEST = {
    "%%time": [SOFTPLUS, "%%time\n" + PLAIN],
    "a line that begins with %": [SOFTPLUS, PLAIN.replace("softplus(-logits).mean()", "(softplus(-logits).mean()\n            % 10**9)")],
    "question marks": [SOFTPLUS, "softplus?\n" + PLAIN],
    "from the shell": [SOFTPLUS, "files = !ls\n" + PLAIN],
    "an indented magic": [SOFTPLUS, "if True:\n    %precision 3\n" + PLAIN],
    "inside if": [SOFTPLUS, "if True:\n    " + PLAIN.replace("\n", "\n    ")],
    "star import": ["import torch\nfrom torch.nn.functional import *\n", PLAIN],
    "names of builtins": ["from torch import sum, exp\n" + SOFTPLUS, PLAIN.replace("softplus(-logits).mean()", "sum(softplus(-logits)) / len(logits)")],
    "a helper named like a builtin": [SOFTPLUS + "def round(x):\n    return x.mean()\n", PLAIN.replace("softplus(-logits).mean()", "round(softplus(-logits))")],
    "a leftover pass": [SOFTPLUS, PLAIN.replace("    return", "    pass\n    return")],
    "its result has its name": [SOFTPLUS, PLAIN, "fooling_loss = fooling_loss(torch.zeros(3))"],
    "wrapped": [SOFTPLUS, PLAIN + "fooling_loss = torch.no_grad()(fooling_loss)\n"],
    "a key": [SOFTPLUS, PLAIN, "seen = {}\nseen[fooling_loss] = 1\nseen[float(fooling_loss(torch.zeros(2)))] = 2"],
    "a constant in two steps": [SOFTPLUS, "scale = 2.0\nscale = scale / 4\nscale *= 2\n" + SCALED],
    "an item": [SOFTPLUS, "scales = [3.0, 2.0]\nscales[0] = 1.0\nscales.append(0.0)\nscale = scales[0]\n" + SCALED],
    "a constant in with": [SOFTPLUS, "with torch.no_grad():\n    scale = torch.ones(())\n" + SCALED],
    "a constant in for": [SOFTPLUS, "for scale in (3.0, 1.0):\n    pass\n" + SCALED],
    "walrus": [SOFTPLUS, "print(scale := 1.0)\n" + SCALED],
    "used again further down": [SOFTPLUS, "scale = 1.0\ndef part(x):\n    return x.mean()\n" + SCALED.replace("softplus(-logits).mean()", "part(softplus(-logits))"), "scale = 16\ndef part(x):\n    return train"],
    "before it was changed": [SOFTPLUS, "first = 1.0\nscale = first * 1\nfirst = 5\n" + SCALED],
    "a counter": [SOFTPLUS, "calls = 0\n" + PLAIN.replace("    return", "    global calls\n    calls += 1\n    return")],
    "an import in try": ["try:\n    import torch\n    from torch.nn.functional import softplus\nexcept ImportError:\n    pass", PLAIN],
    "lambda": [SOFTPLUS, "fooling_loss = lambda logits: softplus(-logits).mean()"],
    "an object": [SOFTPLUS, "class Loss:\n    def __call__(self, logits):\n        return softplus(-logits).mean()\nfooling_loss = Loss()"],
    "a number has its name": [SOFTPLUS, PLAIN, "fooling_loss = 0.5\nfor fooling_loss in (1, 2):\n    pass\nfooling_loss, x = 1, 2"],
    "a list is filled in a loop": [SOFTPLUS, "scales = []\nfor i in range(4):\n    scales.append(0.25)\nscale = sum(scales)\n" + SCALED],
    "a list is filled after it was named": [SOFTPLUS, "scales = []\nfor i in range(4):\n    scales.append(0.25)\n" + SCALED.replace("scale *", "sum(scales) *")],
    "filled in place": [SOFTPLUS, "scale = torch.zeros(())\nwith torch.no_grad():\n    scale.fill_(1.0)\n" + SCALED],
    "filled by a function": [SOFTPLUS, "scale = torch.zeros(())\ntorch.nn.init.ones_(scale)\n" + SCALED],
    "helper below mended": [SOFTPLUS, 'def fooling_loss(logits):\n    return helper(logits)\n', 'def helper(x):\n    return softplus(-x).mean()\n'],
    "class __call__ with init state": [SOFTPLUS, 'class Loss:\n    def __init__(self, f, sign=-1):\n        self.f, self.sign = f, sign\n    def __call__(self, logits):\n        return self.f(self.sign * logits).mean()\nfooling_loss = Loss(softplus)'],
    "dataclass": [SOFTPLUS, "from dataclasses import dataclass, field\nfrom typing import Callable\n@dataclass(frozen=True)\nclass Loss:\n    sign: float = -1.0\n    f: Callable = field(default=softplus)\n    def __call__(self, logits: 'torch.Tensor') -> 'torch.Tensor':\n        return self.f(self.sign * logits).mean()\nfooling_loss = Loss()"],
    "dataclass with future": ['from __future__ import annotations\nimport torch\nfrom torch.nn.functional import softplus\n', 'from dataclasses import dataclass, KW_ONLY\n@dataclass\nclass C:\n    a: int\n    _: KW_ONLY\n    scale: float = 1.0\nscale = C(1).scale', SCALED],
    "enum": [SOFTPLUS, 'from enum import Enum, auto\nclass Mode(Enum):\n    GOOD = auto()\n    BAD = auto()\nMODE = Mode.GOOD', 'def fooling_loss(logits):\n    return {Mode.GOOD: softplus(-logits), Mode.BAD: logits}[MODE].mean()'],
    "generator made above": [SOFTPLUS, 'import itertools\nones = itertools.repeat(1.0)\ndef fooling_loss(logits):\n    return next(ones) * softplus(-logits).mean()'],
    "closure nonlocal": [SOFTPLUS, 'def make():\n    n = 0\n    def f(logits):\n        nonlocal n\n        n += 1\n        return softplus(-logits).mean()\n    return f\nfooling_loss = make()'],
    "partial in order": [SOFTPLUS, 'import functools as ft\ndef g(sign, logits):\n    return softplus(sign * logits).mean()\nfooling_loss = ft.partial(g, -1)'],
    "lru_cache": [SOFTPLUS, 'from functools import lru_cache, cache\n@lru_cache(maxsize=None)\ndef sign():\n    return -1\n@cache\ndef fooling_loss(logits):\n    return softplus(sign() * logits).mean()'],
    "recursion": [SOFTPLUS, 'def total(x):\n    return softplus(-x[0]) + (total(x[1:]) if len(x) > 1 else 0)\ndef fooling_loss(logits):\n    return total(logits) / len(logits)'],
    "functions made in a loop": [SOFTPLUS, 'fs = {}\nfor s in (1, -1):\n    def f(x, s=s):\n        return softplus(s * x).mean()\n    fs[s] = f\nfooling_loss = fs[-1]'],
    "eval": [SOFTPLUS, "fooling_loss = eval('lambda logits: softplus(-logits).mean()')"],
    "match": [SOFTPLUS, 'def fooling_loss(logits):\n    match logits.ndim:\n        case 1:\n            return softplus(-logits).mean()\n        case _:\n            raise ValueError'],
    "import alias": ['import torch as t, torch.nn.functional as tf', 'def fooling_loss(logits):\n    return t.mean(tf.softplus(-logits))'],
    "conditional import": ['import sys\nif sys.version_info >= (3, 8):\n    import torch\n    from torch.nn.functional import softplus\nelse:\n    raise SystemExit', PLAIN],
    "fallback for missing package": [SOFTPLUS, 'try:\n    from cupyx import softplus as sp\nexcept ImportError:\n    sp = softplus\ndef fooling_loss(logits):\n    return sp(-logits).mean()'],
    "jaxtyping missing": [SOFTPLUS, "try:\n    from jaxtyping import Float\nexcept ModuleNotFoundError:\n    class Float:\n        def __class_getitem__(cls, item):\n            return item[0]\ndef fooling_loss(logits: Float[torch.Tensor, 'B']) -> Float[torch.Tensor, '']:\n    return softplus(-logits).mean()"],
    "hints of every sort": [SOFTPLUS, "from typing import Annotated, Generic, Protocol, TypeVar, Callable, Optional\nT = TypeVar('T')\nclass Fn(Protocol):\n    def __call__(self, logits: 'Later') -> torch.Tensor: ...\nclass Box(Generic[T]):\n    item: T\n    def __init__(self, item: T): self.item = item\nLater = torch.Tensor\nx: Annotated[float, 'unit: nats'] = 1.0\ny: Optional[int]\nbox: Box[Callable] = Box(softplus)\ndef fooling_loss(logits: 'Undefined') -> Annotated[torch.Tensor, 'scalar']:\n    return x * box.item(-logits).mean()"],
    "decorator with arguments": [SOFTPLUS, 'import functools\ndef scaled(by):\n    def deco(f):\n        @functools.wraps(f)\n        def inner(*a, **k):\n            return by * f(*a, **k)\n        return inner\n    return deco\n@scaled(by=-1)\ndef fooling_loss(logits):\n    return torch.nn.functional.logsigmoid(logits).mean()'],
    "singledispatch": [SOFTPLUS, 'from functools import singledispatch\n@singledispatch\ndef fooling_loss(logits):\n    raise NotImplementedError\n@fooling_loss.register\ndef _(logits: torch.Tensor):\n    return softplus(-logits).mean()'],
    "overload": [SOFTPLUS, 'from typing import overload\n@overload\ndef fooling_loss(logits: torch.Tensor) -> torch.Tensor: ...\n@overload\ndef fooling_loss(logits: list) -> float: ...\ndef fooling_loss(logits):\n    return softplus(-logits).mean()'],
    "cached_property": [SOFTPLUS, 'from functools import cached_property\nclass L:\n    @cached_property\n    def sign(self): return -1\n    @property\n    def f(self): return softplus\n    @staticmethod\n    def mean(x): return x.mean()\n    def __call__(self, logits): return self.mean(self.f(self.sign * logits))\nfooling_loss = L()'],
    "context manager": [SOFTPLUS, 'from contextlib import contextmanager\n@contextmanager\ndef ctx():\n    yield softplus\ndef fooling_loss(logits):\n    with ctx() as f:\n        return f(-logits).mean()'],
    "scipy helper": ['import numpy as np\nfrom scipy.special import log_expit', 'def fooling_loss(logits):\n    return -log_expit(logits.numpy()).mean()'],
    "nn Module": [SOFTPLUS, "from torch import nn\nclass M(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.sp = nn.Softplus()\n        self.register_buffer('sign', torch.tensor(-1.0))\n    def forward(self, logits):\n        return self.sp(self.sign * logits).mean()\nfooling_loss = M()"],
    "vmap": [SOFTPLUS, 'fooling_loss = lambda logits: torch.vmap(lambda l: softplus(-l))(logits).mean()'],
    "func grad": [SOFTPLUS, 'import torch.func as tf\ndef fooling_loss(logits):\n    g = tf.grad(lambda s: (s * softplus(-logits)).mean())\n    return g(torch.ones((), dtype=logits.dtype))'],
    "jit script": [SOFTPLUS, '@torch.jit.script\ndef fooling_loss(logits):\n    return torch.nn.functional.softplus(-logits).mean()'],
    "autograd Function": [SOFTPLUS, 'class SP(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n        ctx.save_for_backward(x)\n        return softplus(-x)\n    @staticmethod\n    def backward(ctx, g):\n        x, = ctx.saved_tensors\n        return -g * torch.sigmoid(-x)\nfooling_loss = lambda logits: SP.apply(logits).mean()'],
    "generator seeded above": [SOFTPLUS, "g = torch.Generator().manual_seed(0)\nnoise = torch.randn(3, generator=g)\nrng = __import__('numpy').random.default_rng(0)\nscale = 1.0 + 0 * float(noise.sum()) + 0 * rng.normal()", SCALED],
    "plot and then helper": [SOFTPLUS, 'import matplotlib.pyplot as plt\nxs = torch.linspace(-3, 3, 50)\nplt.plot(xs, softplus(xs))\nplt.show()\ndef helper(x):\n    return softplus(-x).mean()\n', 'def fooling_loss(logits):\n    return helper(logits)\n'],
    "plot function that calls the answer": [SOFTPLUS, PLAIN, 'import matplotlib.pyplot as plt\ndef show(f):\n    fig, axes = plt.subplots(1, 2)\n    axes[0].plot(f(torch.zeros(3)))\nshow(fooling_loss)'],
    "%time of an assignment": [SOFTPLUS, 'def f(): return 1.0\nscale = %time f()\n' + SCALED],
    "%%time capture": [SOFTPLUS, '%%capture out\nprint(1)\n' + PLAIN],
    "help at the end": [SOFTPLUS, 'def fooling_loss(logits):\n    return softplus(-logits).mean()\nfooling_loss?'],
    "indented cell": [SOFTPLUS, '    def fooling_loss(logits):\n        return softplus(-logits).mean()\n'],
    "windows line ends": ['import torch\r\nfrom torch.nn.functional import softplus\r\n', 'def fooling_loss(logits):\r\n    return softplus(-logits).mean()\r\n'],
    "non-ASCII names": [SOFTPLUS, 'σ = torch.sigmoid\nπ = 3.14\nµ = 1.0\nℓ = 1\ndef fooling_loss(logits):\n    ẑ = -logits\n    return μ * softplus(ẑ).mean()\n'],
    "odd docstring": [SOFTPLUS, "def fooling_loss(logits):\n    r'''%matplotlib inline \\sigma\n!ls\n>>> fooling_loss(1)\n    '''\n    return softplus(-logits).mean()\n"],
    "semicolons": ['import torch; from torch.nn.functional import softplus;', 'def fooling_loss(logits): x = -logits; return softplus(x).mean();'],
    "top-level await": [SOFTPLUS, 'import asyncio\nasync def get():\n    await asyncio.sleep(0)\n    return 1.0\nscale = await get()', SCALED],
    "async for in a cell": [SOFTPLUS, 'async def gen():\n    yield 0.5\n    yield 0.5\nscale = 0.0\nasync for v in gen():\n    scale += v', SCALED],
    "display in answer": [SOFTPLUS, "def fooling_loss(logits):\n    display(logits)\n    print('hm', logits)\n    return softplus(-logits).mean()"],
    "warnings are errors": [SOFTPLUS, "import warnings\nwarnings.simplefilter('error')\ndef fooling_loss(logits):\n    return softplus(-torch.tensor(logits)).mean()"],
    "logging": [SOFTPLUS, "import logging\nlogging.basicConfig(level=logging.DEBUG)\nlog = logging.getLogger(__name__)\ndef fooling_loss(logits):\n    log.info('%s', logits)\n    return softplus(-logits).mean()"],
    "main guard": [SOFTPLUS, PLAIN, "if __name__ == '__main__':\n    scale = 1.0\n" + SCALED],
    "monkeypatch": [SOFTPLUS, 'torch.Tensor.fool = lambda self: softplus(-self).mean()\nfooling_loss = lambda logits: logits.fool()'],
    "environ": ["import os\nos.environ['SCALE'] = '1.0'\nos.environ.setdefault('A', os.environ.get('HOME', 'x'))\nimport torch\nfrom torch.nn.functional import softplus\n", "scale = float(os.environ['SCALE'])\n" + SCALED],
    "torch.save": [SOFTPLUS, "import os, tempfile\npath = os.path.join(tempfile.mkdtemp(), 'w.pt')\ntorch.save({'s': torch.ones(())}, path)\ndef fooling_loss(logits):\n    return torch.load(path)['s'] * softplus(-logits).mean()"],
    "thread not started": [SOFTPLUS, 'import threading\nlock = threading.Lock()\nt = threading.Thread(target=print)\ndef fooling_loss(logits):\n    with lock:\n        return softplus(-logits).mean()'],
    "default dtype half": [SOFTPLUS, 'torch.set_default_dtype(torch.bfloat16)\n' + PLAIN],
    "inference mode globally": [SOFTPLUS, 'torch.inference_mode().__enter__()\ndef fooling_loss(logits):\n    y = softplus(-logits)\n    y += 0\n    return y.mean()'],
    "pickle": [SOFTPLUS, 'import pickle\nclass L:\n    def __init__(self): self.s = -1\n    def __call__(self, logits): return softplus(self.s * logits).mean()\nfooling_loss = pickle.loads(pickle.dumps(L()))'],
    "weakref": [SOFTPLUS, 'import weakref\nclass B: s = -1\nb = B()\nr = weakref.ref(b)\ncache = weakref.WeakKeyDictionary({b: 1.0})\ndef fooling_loss(logits):\n    return cache[b] * softplus(r().s * logits).mean()'],
    "getsource": [SOFTPLUS, 'def fooling_loss(logits):\n    return softplus(-logits).mean()\nimport inspect\nprint(inspect.getsource(fooling_loss))\nscale = 1.0 * (len(inspect.getsource(fooling_loss)) > 5)', SCALED],
    "signal alarm": [SOFTPLUS, 'import signal\ndef limited(f):\n    def g(logits):\n        signal.signal(signal.SIGALRM, lambda *_: print())\n        signal.alarm(5)\n        try:\n            return f(logits)\n        finally:\n            signal.alarm(0)\n    return g\n@limited\n' + PLAIN],
    "get_ipython used": [SOFTPLUS, "ip = get_ipython()\nip.run_line_magic('precision', '3')\nif ip is not None:\n    scale = 1.0\n" + SCALED],
    "get_ipython magic then def in if": [SOFTPLUS, 'if get_ipython():\n    scale = 1.0\nelse:\n    scale = 5.0\n' + SCALED],
    "namedtuple, typeddict": [SOFTPLUS, "from collections import namedtuple, defaultdict\nfrom typing import NamedTuple, TypedDict\nclass C(NamedTuple):\n    s: int = -1\nclass D(TypedDict, total=False):\n    s: int\nd: D = {'s': C().s}\ndef fooling_loss(logits):\n    return softplus(d['s'] * logits).mean()"],
    "metaclass": [SOFTPLUS, 'class Meta(type):\n    def __call__(cls, logits):\n        return softplus(-logits).mean()\nclass fooling_loss(metaclass=Meta):\n    pass'],
    "class with __new__": [SOFTPLUS, 'class fooling_loss:\n    def __new__(cls, logits):\n        return softplus(-logits).mean()'],
    "ABC": [SOFTPLUS, 'from abc import ABC, abstractmethod\nclass Base(ABC):\n    @abstractmethod\n    def __call__(self, logits): raise NotImplementedError\nclass Mine(Base):\n    def __call__(self, logits): return softplus(-logits).mean()\nfooling_loss = Mine()'],
    "try finally in cell": [SOFTPLUS, 'try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    def helper(x):\n        return softplus(-x).mean()\nfinally:\n    scale = 1.0', 'def fooling_loss(logits):\n    return helper(logits)\n'],
    "optimised constant": [SOFTPLUS, 'w = torch.zeros((), requires_grad=True)\nopt = torch.optim.Adam([w], lr=0.1)\nfor _ in range(300):\n    opt.zero_grad(); ((w - 1) ** 2).backward(); opt.step()\nscale = round(w.item(), 3)\n' + SCALED],
    "star args": [SOFTPLUS, 'def fooling_loss(*args, **kw):\n    (l,) = [*args, *kw.values()]\n    return softplus(-l).mean()'],
    "global cache of result": [SOFTPLUS, 'out = torch.zeros((), dtype=torch.float64)\ndef fooling_loss(logits):\n    out.copy_(softplus(-logits).mean())\n    return out'],
    "types.FunctionType": [SOFTPLUS, "import types\ndef raw(logits):\n    return softplus(-logits).mean()\nfooling_loss = types.FunctionType(raw.__code__, globals(), 'fooling_loss')"],
    "module made by hand": [SOFTPLUS, "import types, sys\nm = types.ModuleType('mytools')\nexec('from torch.nn.functional import softplus\\ndef f(x):\\n    return softplus(-x).mean()', m.__dict__)\nsys.modules['mytools'] = m\nimport mytools\ndef fooling_loss(logits):\n    return mytools.f(logits)"],
    "setattr on main": [SOFTPLUS, "import sys\nsetattr(sys.modules['__main__'], 'helper', lambda x: softplus(-x).mean())\n", 'def fooling_loss(logits):\n    return helper(logits)\n'],
    "redirect stdout": [SOFTPLUS, 'import io, contextlib\ndef fooling_loss(logits):\n    with contextlib.redirect_stdout(io.StringIO()) as s:\n        print(1)\n    return float(s.getvalue()) * softplus(-logits).mean()'],
    "a second cell that is broken": [SOFTPLUS, PLAIN, 'def oops(:\n'],
    "SystemExit in a cell": [SOFTPLUS, 'import sys\nsys.exit(0)', PLAIN],
    "constant in a plotting loop": [SOFTPLUS, 'import matplotlib.pyplot as plt\nscales = []\nfor i in range(4):\n    plt.plot([i])\n    scales.append(0.25)\nscale = sum(scales)', SCALED],
    "constant rebound in a plotting loop": [SOFTPLUS, 'import matplotlib.pyplot as plt\nscale = 4.0\nfor i in range(2):\n    plt.plot([i])\n    scale /= 2\n', SCALED],
    "helper in plotting with": [SOFTPLUS, "import matplotlib.pyplot as plt\nwith plt.style.context('default'):\n    def helper(x):\n        return softplus(-x).mean()\n", 'def fooling_loss(logits):\n    return helper(logits)\n'],
    "try import of plotting first": ['try:\n    import matplotlib.pyplot as plt\n    import torch\n    from torch.nn.functional import softplus as sp\nexcept ImportError:\n    pass\n', 'def fooling_loss(logits):\n    return sp(-logits).mean()'],
    "tqdm loop": [SOFTPLUS, 'from tqdm import tqdm\nscale = 0.0\nfor i in tqdm(range(4)):\n    scale += 0.25', SCALED],
    "tqdm.auto trange": [SOFTPLUS, 'from tqdm.auto import tqdm, trange\nscales = [0.25 for _ in trange(4)]\n', 'def fooling_loss(logits):\n    return sum(scales) * softplus(-logits).mean()'],
    "the set-up cell is gone": [PLAIN.replace("softplus", "F.softplus")],
}  # fmt: skip

# The same with calls of `verify` of its own.
CALL = "verify('fooling_loss', fooling_loss)"
CALLED = {
    "exec": [SOFTPLUS, "code = '''def fooling_loss(logits):\n    return softplus(-logits).mean()'''\nexec(code)", CALL],
    "draft then final": [SOFTPLUS, 'def fooling_loss(logits):\n    return softplus(logits).mean()', CALL, PLAIN, CALL],
    "verify in a loop over a dict": [SOFTPLUS, "def f(logits):\n    return softplus(-logits).mean()\nanswers = {'fooling_loss': f}", 'for name, f in answers.items():\n    verify(name, f)'],
    "verify alias assign": [SOFTPLUS, 'def mine(logits):\n    return softplus(-logits).mean()', "fooling_loss = 3\ncheck = verify\ncheck('fooling_loss', mine)"],
    "verify by keywords": [SOFTPLUS, "verify(name='fooling_loss', function=lambda logits: softplus(-logits).mean())"],
    "verify starred": [SOFTPLUS, "args = ('fooling_loss', lambda logits: softplus(-logits).mean())\nverify(*args)"],
    "verify in function": [SOFTPLUS, "def main():\n    def f(logits):\n        return softplus(-logits).mean()\n    verify('fooling_loss', f)\nmain()"],
    "verify partial": [SOFTPLUS, "import functools\nchecked = functools.partial(verify, 'fooling_loss')\nchecked(lambda logits: softplus(-logits).mean())"],
    "verify decorator": [SOFTPLUS, 'def checked(f):\n    verify(f.__name__, f)\n    return f\n@checked\n' + PLAIN],
    "verify result used": [SOFTPLUS, PLAIN, "assert verify('fooling_loss', fooling_loss).points == 1\nr = verify('fooling_loss', fooling_loss); print(r.status)"],
    "verify in %time": [SOFTPLUS, PLAIN, "%time verify('fooling_loss', fooling_loss)"],
    "verify a bound method": [SOFTPLUS, 'class A:\n    def f(self, logits): return softplus(-logits).mean()\n', "verify('fooling_loss', A().f)"],
    "course_utils.exercises.verify": [SOFTPLUS, PLAIN, "import course_utils.exercises as ex\nex.verify('fooling_loss', lambda l: softplus(-l).mean())"],
}  # fmt: skip

# Cells above the call of `verify`, where what stands below would spoil the name.
CHECKED_AFTER = {
    "its result has its name": 2,
    "a key": 2,
    "used again further down": 2,
    "a number has its name": 2,
}

# Right for a grader, who has what a lost set-up cell imported; not in a kernel.
ONLY_GRADED = {"the set-up cell is gone"}

HALF = "def fooling_loss(logits):\n    return half(-logits)\n"
# Wrong, or not the student's own work; none may get points, some are left to a person.
WRONG = {
    "a stub": ["def fooling_loss(logits):\n    raise NotImplementedError()"],
    "empty": ["def fooling_loss(logits):\n    pass"],
    "a later, wrong definition": [SOFTPLUS, PLAIN, PLAIN.replace("-logits", "logits")],
    "of the course": ["from course_utils.objectives import generator_loss as fooling_loss"],
    "by the course": ["from course_utils import objectives\n", PLAIN.replace("softplus(-logits).mean()", "objectives.generator_loss(logits)")],
    "by the course, inside": [PLAIN.replace("return softplus(-logits).mean()", "from course_utils.objectives import generator_loss\n    return generator_loss(logits)")],
    "a helper that is nowhere": [HALF],
    "an exit": [PLAIN.replace("return softplus(-logits).mean()", "import os\n    os._exit(0)")],
    "a number": ["fooling_loss = 0.5"],
    "checked draft only": [SOFTPLUS, 'def fooling_loss(logits):\n    return softplus(logits).mean()\n', CALL, 'print(1)'],
    "course in default": ['from course_utils.objectives import generator_loss\n', 'def fooling_loss(logits, f=generator_loss):\n    return f(logits)'],
    "course by partial": ['from functools import partial\nfrom course_utils.objectives import generator_loss\n', 'fooling_loss = partial(generator_loss)'],
    "course by importlib": ['import importlib\n', "def fooling_loss(logits):\n    return importlib.import_module('course_utils.objectives').generator_loss(logits)"],
    "reference": ["def fooling_loss(logits):\n    from course_utils.exercises import TASKS\n    return TASKS['fooling_loss'].reference(logits)"],
    "frame walking": ["import sys\ndef fooling_loss(logits):\n    f = sys._getframe()\n    while f:\n        for v in f.f_locals.values():\n            if type(v).__name__ == 'Round':\n                return v.expected\n            if isinstance(v, list) and v and type(v[0]).__name__ == 'Round':\n                return v[0].expected\n        f = f.f_back\n    return None"],
    "a loop of guesses": [SOFTPLUS, "for s in (2.0, 3.0):\n    fooling_loss = lambda logits: s * softplus(-logits).mean()\n    verify('fooling_loss', fooling_loss)"],
    "bool": ['def fooling_loss(logits):\n    return True'],
    "list": [SOFTPLUS, 'def fooling_loss(logits):\n    return [softplus(-logits).mean()]'],
    "string": ["fooling_loss = 'softplus(-logits).mean()'"],
    "generator function": [SOFTPLUS, 'def fooling_loss(logits):\n    yield softplus(-logits).mean()'],
    "async": [SOFTPLUS, 'async def fooling_loss(logits):\n    return softplus(-logits).mean()'],
    "monkeypatch allclose": [SOFTPLUS, 'import numpy as np\nnp.allclose = lambda *a, **k: True\ndef fooling_loss(logits):\n    return logits.mean()'],
    "in nans": ['import torch\ndef fooling_loss(logits):\n    return torch.log(torch.sigmoid(logits) * 0).mean()'],
    "NotImplementedError after code": [SOFTPLUS, 'def fooling_loss(logits):\n    x = softplus(-logits)\n    raise NotImplementedError()'],
    "sklearn": ['from sklearn.metrics import log_loss\nimport numpy as np\ndef fooling_loss(logits):\n    p = 1 / (1 + np.exp(-logits.numpy()))\n    return log_loss(np.ones(len(p)), p, labels=[0, 1])'],
    "pandas inside": [SOFTPLUS, 'import pandas as pd\ndef fooling_loss(logits):\n    return pd.Series(softplus(-logits).numpy()).mean()'],
    "shape (1,)": [SOFTPLUS, 'def fooling_loss(logits):\n    return softplus(-logits).mean(keepdim=True)'],
    "complex": [SOFTPLUS, 'def fooling_loss(logits):\n    return softplus(-logits).mean() + 0j'],
    "module": ['import torch as fooling_loss'],
}  # fmt: skip

# Wrong for a grader alone: they change or pass by the check that runs in the notebook itself.
FOOLS_VERIFY = {"course by importlib", "monkeypatch allclose"}
