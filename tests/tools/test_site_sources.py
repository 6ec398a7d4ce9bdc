"""What stands on the site, without a browser: the sources that Sphinx gets, and the pages."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_tools.publish import address, formulas, notebooks, pages, reading, site, slides
from course_tools.publish.sphinx_course import AltTexts, origin, symbols
from course_utils import LAYERS, claims

LESSONS = notebooks.find()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
NOTATION = (notebooks.ROOT / "docs" / "notation.md").read_text(encoding="utf-8")
PARTS = pages.Parts(decks=True, lab=True)


def page(lesson):
    return reading.for_reading(lesson.read(), lesson, pages.doors(lesson, PARTS))


def one(*cells, lesson=LESSONS[0]):
    """The cells of a lesson of these, as its page shows them."""
    title = new_markdown_cell("# 01 · Title\n\n[Open in Colab](https://example.com/x)\n\nMore.")
    return reading.for_reading(new_notebook(cells=[title, *cells]), lesson, "<nav></nav>").cells


def stream(text):
    return new_output("stream", name="stdout", text=text)


def display(**data):
    return new_output("display_data", data={k.replace("_", "/"): v for k, v in data.items()})


def test_the_title_keeps_its_text_and_gets_the_doors():
    (title,) = one()
    assert title.source.split() == "# 01 · Title <nav></nav> More.".split()


def test_ranges_of_claims_and_progress_bars_are_left_out(capsys):
    dataset, ranges = next(iter(claims.RANGES.items()))
    claim, (low, high) = next(iter(ranges.items()))
    claims.expect(claim, (low + high) / 2, dataset)
    said = capsys.readouterr().out
    from course_utils.training.progress import ProgressBar

    bar = str(ProgressBar(total=20, initial=7, disable=False, desc="training"))
    shown = one(
        new_code_cell("x", outputs=[stream(f"before\n{said}after\n")]),
        new_code_cell("y", outputs=[stream(said), display(text_plain=bar)]),
    )
    assert [[output.text for output in cell.outputs] for cell in shown[1:]] == [
        ["before\nafter\n"],
        [],
    ]


def test_calls_of_expect_are_left_out_of_the_code():
    source = (
        'x = 1\nclaims.expect(\n    "a", x,\n    train.name)\nprint(x)\nclaims.expect("b", 2, "m")'
    )
    assert reading.without_expect(source) == "x = 1\nprint(x)"
    for other in ("%pip install x", "if x:\n    claims.expect(1)", "y = expect"):
        assert reading.without_expect(other) == other
    assert len(one(new_code_cell('claims.expect("05 a", 1, "m")'))) == 1


def test_cells_that_only_install_are_left_out_and_markers_of_solutions_too():
    installs = new_code_cell("%pip install x", metadata={"tags": ["colab"]})
    solution = new_code_cell(
        "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
        metadata={"nbgrader": {"solution": True}},
    )
    figure = new_code_cell("plot()", metadata={"tags": ["hide-input"]})
    _, solved, drawn = one(installs, solution, figure)
    assert solved.source == "def f():\n    return 1" and "hide-input" in solved.metadata.tags
    assert solved.metadata.mystnb.code_prompt_show == "A solution, in code"
    assert drawn.metadata.mystnb.code_prompt_show == "The code of this figure"


def test_formulas_that_stand_alone_are_numbered_through_the_lesson():
    _, first, second = one(
        new_markdown_cell("So $x$:\n\n$$a = b$$\n\n$$c\n= d ,$$\n\nwhere $$not$$ alone."),
        new_markdown_cell("$$e$$"),
    )
    assert re.findall(r"\$\$ \((.+?)\)", first.source) == ["01-1", "01-2"]
    assert second.source == "$$e$$ (01-3)"


def test_tables_of_numbers_and_empty_results():
    empty = new_output("execute_result", data={"text/html": "", "text/plain": "2"})
    table = display(text_html="<table tabindex='0'><tr></tr></table>", text_plain="x")
    kept = one(new_code_cell("x", outputs=[empty, table]))[1].outputs
    assert [output.data["text/html"][:24] for output in kept] == ['<table class="dataframe"']


@every_lesson
def test_nothing_of_a_lesson_is_lost_on_its_page(lesson):
    """All text, all pictures, films and tables; of the code all but what was meant to go."""
    before, after = lesson.read(), page(lesson)
    pictures = [
        [
            output.data.get("image/png")
            for cell in notebooks.code_cells(each)
            for output in cell.outputs
            if "image/png" in output.get("data", {})
        ]
        for each in (before, after)
    ]
    assert pictures[0] == pictures[1] != []
    films = [json.dumps(each).count('class=\\"film\\"') for each in (before, after)]
    assert films[0] == films[1]
    text = "\n".join(cell.source for cell in after.cells if cell.cell_type == "markdown")
    words = set(re.findall(r"[A-Za-z]{3,}", text))
    for cell in before.cells:
        if cell.cell_type == "markdown":
            said = address.LINK.sub("", cell.source)
            assert set(re.findall(r"[A-Za-z]{3,}", said)) - words <= {"BEGIN", "END", "SOLUTION"}
    said = json.dumps(after, ensure_ascii=False)
    assert "google.colab" not in said and "other machines: " not in said and "it/s]" not in said
    assert "BEGIN SOLUTION" not in said
    nbformat.validate(after)


@every_lesson
def test_every_formula_is_understood(lesson):
    """By MathJax, which the browser runs on the site, and Node.js here."""
    slides_need_npm()
    source = "\n".join(c.source for c in lesson.read().cells if c.cell_type == "markdown")
    source = re.sub(r"```.*?```|`[^`\n]*`", "", source, flags=re.DOTALL)
    found = re.findall(r"\$\$(.+?)\$\$|\$([^$]+)\$", source, flags=re.DOTALL)
    assert found
    for display, inline in found:
        assert "<math" in formulas.mathml(display or inline, bool(display))


def slides_need_npm():
    if not shutil.which("node"):
        pytest.skip("there is no Node.js here")


def test_formulas_of_the_decks():
    slides_need_npm()
    with pytest.raises(formulas.FormulaError, match="does not understand this formula"):
        formulas.mathml(r"\nosuchcommand{x}", False)
    lines = formulas.mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", True)
    assert lines.count("<mtr>") == 2 and 'columnalign="right left"' in lines
    assert formulas.mathml(r"\lVert x \rVert", False).count("&#x2016;") == 2
    assert "𝒩" in formulas.mathml(r"\mathcal N", False)
    assert "ℝ" in formulas.mathml(r"\mathbb R", False)


def test_alt_texts_come_from_the_metadata_of_each_output():
    """Two figures in one cell, and each gets its own."""
    outputs = [
        new_output(
            "display_data",
            data={"image/png": "eA==", "text/plain": "<Figure>"},
            metadata={"image/png": {"alt": f"Figure {n}."}},
        )
        for n in (1, 2)
    ]
    shown = one(new_code_cell("x", outputs=outputs))[1].outputs
    document = new_document("lesson")
    for output in shown:  # as MyST-NB lays an output out
        bundle = nodes.container(nb_element="mime_bundle")
        image, text = (
            nodes.container(mime_type="image/png"),
            nodes.container(mime_type="text/plain"),
        )
        image += nodes.image(uri="x.png")
        text += nodes.literal_block("", output.data["text/plain"])
        bundle += [image, text]
        document += bundle
    AltTexts(document).apply()
    assert [image["alt"] for image in document.findall(nodes.image)] == ["Figure 1.", "Figure 2."]


def test_every_symbol_of_the_notation_has_an_address_of_its_own():
    found = symbols(NOTATION)
    tables = NOTATION.split("## Letters with two lives")[0]
    listed = {
        tex
        for row in re.findall(r"^\| (\$.+?) \|", tables, flags=re.MULTILINE)
        for tex in re.findall(r"\$([^$]+)\$", row)
    }
    assert listed <= found.keys() and len(listed) > 50
    names = [name for name, _ in found.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][\w-]*", name) for name in names)
    assert found["X"][0] != found["x"][0] and "latent dimensions" in found["z"][1]


def test_links_hold_on_the_site_and_else_lead_to_github():
    text = "[a](../LICENSE) [b](notation.md#data) [c](https://x.y/z) [d](#here) ![e](picture.png)"
    there = {"docs/notation.md", "do.md"}
    license = address.derived().file("LICENSE")
    assert pages.linked(text, Path("docs"), Path("docs"), there) == text.replace(
        "../LICENSE", license
    )
    moved = pages.linked("[a](../notation.md#x) [b](do.md)", pages.SETTINGS, Path(), there)
    assert moved == "[a](docs/notation.md#x) [b](do.md)"
    back = pages.linked("[a](site/do.md) [b](../../out.md)", Path("docs"), Path("docs"), there)
    assert back == "[a](../do.md) [b](../../out.md)"


def test_every_page_says_where_it_comes_from():
    for lesson in LESSONS:
        assert origin(f"notebooks/{lesson.name}") == f"notebooks/{lesson.path.name}"
    assert origin("index") == "docs/site/index.md" and origin("docs/notation") == "docs/notation.md"
    assert origin("api/models") is None


def test_dead_links_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="x"></p><a href="#x">1</a><a href="b/">2</a><a href="b/#y%20z">3</a>'
        '<a href="https://example.com/nowhere">4</a><img src="data:image/png;base64,AAAA">'
        '<a href="c.html">5</a><a href="b/index.html#no">6</a><script src="s.js"></script>'
    )
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "index.html").write_text('<p id="y z"></p><a href="../a.html#x">back</a>')
    assert site.dead_links(tmp_path) == [
        "a.html: c.html",
        "a.html: b/index.html#no",
        "a.html: s.js",
    ]


def test_links_from_the_root_begin_at_the_base_path(tmp_path):
    (tmp_path / "404.html").write_text(
        '<html data-content_root="./"><a href="#x">1</a><p id="x"></p><a href="b/c.html#y">2</a>'
        '<img src="p.png"><form action="s.html"><a href="https://example.com/z">3</a>'
    )
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.html").write_text('<p id="y"></p>')
    (tmp_path / "p.png").touch()
    site._right_from_anywhere(tmp_path / "404.html", "/base/")
    assert (tmp_path / "404.html").read_text() == (
        '<html data-content_root="/base/"><a href="#x">1</a><p id="x"></p>'
        '<a href="/base/b/c.html#y">2</a><img src="/base/p.png"><form action="/base/s.html">'
        '<a href="https://example.com/z">3</a>'
    )
    assert site.dead_links(tmp_path, "/base/") == []
    assert len(site.dead_links(tmp_path, "/elsewhere/")) == 2  # the page and the picture


def test_without_npm_the_site_has_no_slides_and_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(slides, "frontend", lambda: (_ for _ in ()).throw(SystemExit("No npm.")))
    assert site._decks(tmp_path) is False
    assert capsys.readouterr().out == "The site will have no slides. No npm.\n"
    assert "built without the slides" in pages.decks(pages.Parts(decks=False, lab=False))
    assert pages.lab(pages.Parts(decks=False, lab=False)) == ""
    assert 'href="lab/index.html"' in pages.lab(PARTS)
    assert "Slides" not in pages.doors(LESSONS[0], pages.Parts(decks=False, lab=False))


def test_a_site_is_only_written_over_a_site(tmp_path):
    site.check(tmp_path / "new")
    site.check(tmp_path)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(site.CourseError, match="name another folder"):
        site.build(tmp_path)
    (tmp_path / site.INVENTORY).write_bytes(b"# Sphinx inventory version 2\n# Project: Other\n")
    with pytest.raises(site.CourseError, match="no site of the course"):
        site.check(tmp_path)
    (tmp_path / site.INVENTORY).write_bytes(b"# Sphinx inventory version 2\n" + site.project_line())
    site.check(tmp_path)
    (tmp_path / ".git").mkdir()
    with pytest.raises(site.CourseError, match="is a repository or a worktree"):
        site.check(tmp_path)


def test_without_the_extra_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "NEEDED", ("sphinx", "no_such_package"))
    with pytest.raises(SystemExit, match=r"pip install -e '.\[site\]'"):
        site.build(tmp_path)


def test_the_workflow_may_do_what_it_must_and_no_more():
    path = notebooks.ROOT / ".github" / "workflows" / "pages.yml"
    flow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert flow["permissions"] == {}
    assert flow["jobs"]["build"]["permissions"] == {"contents": "read"}
    assert flow["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    steps = [step for job in flow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each) for each in used)
    commands = "\n".join(step.get("run", "") for step in steps)
    assert "make site ARGS=--complete" in commands
    assert "${{" not in commands and "course run" not in commands and "make course" not in commands


@pytest.mark.slow
class TestBuilt:
    """The site as Sphinx builds it, once; tests/browser/test_site.py looks at it in Chromium."""

    def test_the_next_one_may_take_its_place(self, site_folder):
        site.check(site_folder)

    def test_it_is_built_without_a_warning(self, site_folder):
        assert (site_folder / "index.html").exists() and (site_folder / "search.html").exists()
        assert (site_folder / "searchindex.js").stat().st_size > 10_000
        assert not site.dead_links(site_folder, urlsplit(address.derived().pages).path)

    @every_lesson
    def test_a_lesson_has_its_figures_formulas_and_doors(self, lesson, site_folder):
        html = (site_folder / "notebooks" / f"{lesson.name}.html").read_text(encoding="utf-8")
        text = BeautifulSoup(site.DATA.sub("data:", html), "html.parser")
        article = text.select_one("article")
        assert all(len(image.get("alt", "")) > 20 for image in article.select("img"))
        pictures = [
            output
            for cell in notebooks.code_cells(lesson.read())
            for output in cell.outputs
            if "image/png" in output.get("data", {})
        ]
        assert len(article.select("img")) >= len(pictures) > 0
        source = "".join(cell.source for cell in page(lesson).cells)
        formulas_alone = re.findall(rf"\$\$ \({lesson.number}-\d+\)", source)
        assert len(article.select("div.math")) == len(formulas_alone)
        assert article.select("a.symbol") and article.select("details.hide")
        doors = {a.text: a["href"] for a in article.select(".doors a")}
        assert doors["Open in Colab"] == address.derived().colab(
            f"notebooks/student/{lesson.path.name}"
        )
        assert doors["Notebook with open tasks"] == f"../student/{lesson.path.name}"
        edit = address.derived().edit(f"notebooks/{lesson.path.name}")
        assert edit in [a["href"] for a in text.select("a[href]")]
        assert text.select_one("meta[name=description]")["content"]
        assert text.select_one("meta[property='og:image']")["content"].endswith("social.png")

    def test_the_notebooks_to_download_have_the_address_of_the_build(self, site_folder):
        for lesson in LESSONS:
            handed_out = nbformat.read(site_folder / "student" / lesson.path.name, as_version=4)
            assert address.derived().cell() in [cell.source for cell in handed_out.cells]

    def test_every_module_has_its_page(self, site_folder):
        for name in LAYERS:
            text = (site_folder / "api" / f"{name}.html").read_text(encoding="utf-8")
            assert f'id="module-course_utils.{name}"' in text
        assert 'id="course_utils.figures.show"' in (site_folder / "api" / "figures.html").read_text(
            encoding="utf-8"
        )

    def test_nothing_is_asked_of_another_host(self, site_folder):
        """Scripts, styles, fonts and pictures; links that a reader follows may lead anywhere."""
        for path in site_folder.rglob("*.html"):
            if path.relative_to(site_folder).parts[0] in ("_static", "slides", "lab"):
                continue
            html = site.DATA.sub("data:", path.read_text(encoding="utf-8"))
            for tag in re.findall(r"<(?:script|img|link|iframe|source)\b[^>]*>", html):
                asked = re.search(r'(?:src|href)="(?:https?:)?//', tag)
                assert not asked or 'rel="canonical"' in tag, (path.name, tag)
