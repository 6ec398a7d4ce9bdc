"""Which names a statement makes and takes."""

import ast
import sys

import pytest

from course_utils import names

# Since Python 3.14, an annotation is evaluated where somebody asks for it.
NOW, LATER = (set(), {"T"}) if sys.version_info >= (3, 14) else ({"T"}, set())


@pytest.mark.parametrize(
    "source, bound, now, later",
    [
        ("x = 1", {"x"}, set(), set()),
        ("x = y = z", {"x", "y"}, {"z"}, set()),
        ("x[0] = y", set(), {"x", "y"}, set()),
        ("(a, *b), c = d", {"a", "b", "c"}, {"d"}, set()),
        ("import a.b", {"a"}, set(), set()),
        ("from a import b as c, d", {"c", "d"}, set(), set()),
        ("def f(a, b=q): return a + z", {"f"}, {"q"}, {"z"}),
        ("@deco\ndef f(): pass", {"f"}, {"deco"}, set()),
        ("async def f(): return u", {"f"}, set(), {"u"}),
        ("f = lambda a: a + x", {"f"}, set(), {"x"}),
        ("def f():\n def g(): return x\n return g", {"f"}, set(), {"x"}),
        ("class A(B):\n y = u\n def g(self): return w", {"A"}, {"B", "u"}, {"w"}),
        ("z = [g(x) for x in xs if x > t]", {"z"}, {"g", "xs", "t"}, set()),
        ("z = {x: [y for y in x] for x in xs}", {"z"}, {"xs"}, set()),
        ("def f(): return {x for x in xs}", {"f"}, set(), {"xs"}),
        ("x: T = y", {"x"}, {"y"} | NOW, LATER),
        ("for i in xs: total = i", {"i", "total"}, {"i", "xs"}, set()),
        ("try: a\nexcept E as e: b", {"e"}, {"a", "E", "b"}, set()),
        ("match v:\n case [p, q]: r = p", {"p", "q", "r"}, {"v", "p"}, set()),
        ("if (n := f()): m = n", {"n", "m"}, {"f", "n"}, set()),
        ("break", set(), set(), set()),  # Python itself cannot compile it
    ],
)
def test_a_statement(source, bound, now, later):
    (node,) = ast.parse(source).body
    assert set(names.bound_by(node)) == bound
    assert names.taken_by(node) == (now, later)


def test_the_line_that_gives_a_name_first():
    source = "import a\n\nwith b:\n    for c in a:\n        d = c\nd = 2\ndef e(): f = 1"
    assert names.lines_of(source) == {"a": 1, "c": 4, "d": 5, "e": 7}
    assert names.lines_of("no Python !") == {}
