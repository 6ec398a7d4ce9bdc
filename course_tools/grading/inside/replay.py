"""Run a student's notebook again: its own statements, in its order, in a module `__main__`.

A script of the sandbox, beside `calling`, `extract`, `packing` and `silent`, and without
`course_utils`.
Of the lesson's own cells only its imports, functions and constants are run, which
cost nothing; the others train models. An answer stands where `verify` is called: the function
passed there is called with everything above it and nothing below.
"""

import __future__

import ast
import asyncio
import builtins
import inspect
import linecache
import signal
import sys
import types
import warnings

import extract
import silent

# The imports of a set-up cell, in case the student has deleted it.
USUAL = (
    "import math",
    "import numpy as np",
    "import torch",
    "import torch.nn.functional as F",
    "from torch import Tensor, nn",
)
NOT_RUN = "the lesson's own cells make it, and a grader does not run them"
ANSWER = -1  # noted in place of a statement's number when the answer is called
# Seconds that one statement outside an answer may take: processor time, and by the clock.
STATEMENT, PAUSE = 10.0, 30.0
CLOCKS = hasattr(signal, "SIGPROF")  # not on Windows, where a student's own code runs unlimited


class TooLong(BaseException):
    """A statement has used up its time."""


class Done(BaseException):
    """The answer was found and called: what stands below does not matter."""


class Verify:
    """`verify` as a notebook calls it; passes the task and the function on.

    Args:
        called: called with both.
    """

    def __init__(self, called) -> None:
        self.called = called

    def __call__(self, name=None, function=None, *_, **__) -> None:
        self.called(name, function)

    def summary(self) -> None:
        """Print nothing."""


class Replay:
    """One run through a notebook, up to the answer to one task.

    Args:
        cells: the code cells of the notebook.
        statements: its statements.
        task: name of the task.
        answer: called once, with the function that was found.
        place: the number of the statement whose call of `verify` is meant, or AT_END.
        until: the number of the last cell to run; None for all.
        skipped: the numbers of statements that took too long before.
        everything: whether to try the values that the lesson's own cells compute, too.
        at: called with the number of a statement before it runs.
        late: called with the number of a statement that took too long.
    """

    def __init__(
        self, cells, statements, task, answer, *, place, until, skipped, everything, at, late
    ):
        self.cells, self.statements = cells, statements
        self.task, self.answer, self.place, self.until = task, answer, place, until
        self.skipped, self.everything, self.at, self.late = skipped, everything, at, late
        self.absent: dict[str, tuple[str, str]] = {}  # name → why it is not there: kind, sentence
        self.function: object = None  # the last callable of the task's name that is no stub
        self.stub: object = None
        self.bound = -1  # the number of the cell that made it
        self.flags = 0  # of the compiler: what `from __future__` says holds for all cells below
        self.now = 0
        self.checked = -1  # the number of the last statement that called `verify` for the task
        self.module = types.ModuleType("__main__")
        self.space = self.module.__dict__
        self.found = False

    def run(self) -> None:
        """Run the statements, and call `answer` where the answer stands."""
        sys.modules["__main__"] = self.module
        self._furnish()
        warnings.simplefilter("ignore")
        if CLOCKS:
            signal.signal(signal.SIGPROF, _stop)
            signal.signal(signal.SIGALRM, _stop)
        for n, cell in enumerate(self.cells):
            text = _text(cell)
            linecache.cache[_file(n)] = (len(text), None, text.splitlines(True), _file(n))
            if cell.tree is None:
                version = f"{sys.version_info[0]}.{sys.version_info[1]}"
                why = f"cell {n + 1} is not valid Python {version}"
                self._miss(extract.names_in_broken(cell.source), "cell", why)
        for number, statement in enumerate(self.statements):
            if self.until is not None and statement.cell > self.until:
                break
            self.now = number
            self._step(number, statement)
            if self.found:
                return
        if self.place == extract.AT_END:
            self._finish(self.function or self._of_its_cell() or self.stub)

    def _furnish(self) -> None:
        """Provide what a notebook has before its first cell, and what the set-up cell defines."""
        self.space.update(__builtins__=builtins, display=lambda *_, **__: None)
        self.space["get_ipython"] = silent.Silent
        silent.install()
        self.absent[silent.VALUE] = ("cell", "a grader draws nothing")
        for line in USUAL:
            exec(line, self.space)
        import torch

        self.space["device"] = torch.device("cpu")
        self.space["verify"] = Verify(self._verify)
        parts = {
            "exercises": {"verify": self.space["verify"]},
            "runtime": {
                "pick_device": lambda *_: torch.device("cpu"),
                "seed_everything": lambda seed=0: torch.manual_seed(seed),
            },
        }
        course = types.ModuleType("course_utils")
        course.__path__ = []
        for name, values in parts.items():
            module = types.ModuleType(f"course_utils.{name}")
            vars(module).update(values)
            setattr(course, name, module)
            sys.modules[module.__name__] = module
        sys.modules["course_utils"] = course

    def _step(self, number: int, statement) -> None:
        node = statement.node
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                self.flags |= getattr(getattr(__future__, alias.name, None), "compiler_flag", 0)
        if statement.course and not self._wanted(statement):
            self._miss(statement.names, "course", NOT_RUN)
            return
        if number in self.skipped:
            why = f"cell {statement.cell + 1} takes too long, or ends Python"
            kind = "answer" if self.task in statement.names else "cell"
            self._miss(statement.names, kind, why)
            return
        for part in _single(node):
            self._run(number, statement, part)
        value = self.space.get(self.task)
        if self.found or statement.course or not callable(value):
            return
        if statement.is_stub and self.task in statement.names:
            self.stub = value
        elif value is not self.function and value is not self.stub:
            self.function, self.bound = value, statement.cell

    def _wanted(self, statement) -> bool:
        """Return whether to run a statement of the lesson: it costs nothing, or is needed."""
        node = statement.node
        if statement.checks or isinstance(
            node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef
        ):
            return True
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            # An empty list or dictionary is filled by a loop of the lesson, which is not run.
            filled = any(map(_is_empty, ast.walk(node)))
            return not filled and (self.everything or _is_literal(node.value))
        return False

    def _run(self, number: int, statement, node: ast.stmt) -> None:
        """Run one statement, and note what fails: an answer may need it or not."""
        self.at(number)
        name = _file(statement.cell)
        annotations = __future__.annotations.compiler_flag
        for flags in (self.flags, self.flags | annotations):
            try:
                _clock(STATEMENT, PAUSE)
                _execute(node, name, flags, self.space)
            except TooLong:
                self.late(number)
                why = f"cell {statement.cell + 1} takes too long"
                self._miss(extract.bound_by(node), "cell", why)
            except Done:
                pass
            except BaseException as error:
                # An annotation may name what only the lesson has: once more without evaluating it.
                annotated = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AnnAssign)
                if annotated and not flags & annotations:
                    continue
                self._failed(statement, node, error)
            finally:
                _clock(0, 0)
            return

    def _failed(self, statement, node: ast.stmt, error: BaseException) -> None:
        import calling

        names = extract.bound_by(node)
        said = calling.described(error)
        if isinstance(error, ImportError):
            module = ""
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None) or node.names[0].name
            self._miss(names, "import", _lacks(module or said))
        elif isinstance(error, NameError) and error.name in self.absent:
            kind, why = self.absent[error.name]
            if kind == "import" and any(isinstance(part, ast.Call) for part in ast.walk(node)):
                kind = "cell"  # a missing package would compute its value: a person decides
            self._miss(names, kind, f"it needs `{error.name}`: {why}")
        elif statement.course:
            self._miss(names, "course", NOT_RUN)
        else:
            self._miss(names, "error", f"cell {statement.cell + 1} stopped with {said}")

    def _miss(self, names: list[str], kind: str, why: str) -> None:
        for name in names:
            if name not in self.space:
                self.absent[name] = (kind, why)

    def _verify(self, task: object, function: object) -> None:
        """Called for `verify`: here stands the answer, if this is the place that is meant."""
        if task == self.task:
            self.checked = self.now
        if task == self.task and self.now == self.place and not self.found:
            self._finish(function)
            raise Done

    def _finish(self, function: object) -> None:
        self.found = True
        _clock(0, 0)
        self.at(ANSWER)
        self.answer(function)

    def _of_its_cell(self) -> object:
        """Return a function that was renamed, but stands in the cell for the task."""
        for n in reversed(range(len(self.cells))):
            if self.cells[n].tag != self.task:
                continue
            own = [s for s in self.statements if s.cell == n and not _imports(s.node)]
            functions = [s for s in own if isinstance(s.node, ast.FunctionDef) and not s.is_stub]
            for statement in [*reversed(functions), *reversed(own)]:
                for name in reversed(statement.names):
                    if callable(self.space.get(name)) and not statement.is_stub:
                        self.bound = n
                        return self.space[name]
        return None


def _lacks(module: str) -> str:
    """Return why a module is not there, and what to do if it is the student's own."""
    why = f"it is of {module}, which a grader does not have"
    ours = module.partition(".")[0] == "course_utils"
    return why if ours else f"{why}; if that is a file of yours, put its code into a cell"


def _stop(*_: object) -> None:
    raise TooLong


def _clock(seconds: float, pause: float) -> None:
    if CLOCKS:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, pause)


def _execute(node: ast.stmt, name: str, flags: int, space: dict) -> None:
    """Run one statement, which may `await`, as in a notebook."""
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(ast.Module([node], []), name, "exec", flags, dont_inherit=True)
    waiting = eval(code, space)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(waiting)


def _file(n: int) -> str:
    return f"<cell {n + 1}>"


def _text(cell) -> str:
    try:
        return extract.as_python(cell.source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return cell.source


def _imports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _single(node: ast.stmt) -> list[ast.stmt]:
    """Split an import of several things into one import each: one of them may be missing here."""
    if isinstance(node, ast.Import):
        parts = [ast.Import([alias]) for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        parts = [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    else:
        return [node]
    return [ast.fix_missing_locations(ast.copy_location(part, node)) for part in parts]


def _is_empty(node: ast.AST) -> bool:
    """Return whether a node is `[]` or `{}`."""
    return isinstance(node, ast.List | ast.Dict) and ast.unparse(node) in ("[]", "{}")


def _is_literal(node: ast.expr | None) -> bool:
    try:
        ast.literal_eval(node)
    except Exception:
        return False
    return True
