"""What stands on the slides, without a browser."""

import base64
import io
import re
import shutil

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from course_tools.publish import deck_source, notebooks, npm, slides
from course_tools.publish.deck_source import DeckError
from course_utils.errors import CourseError
from course_utils.exercises import TASKS

FOLDER = notebooks.ROOT / slides.FOLDER
LESSONS = notebooks.find()
DECKS = deck_source.find(FOLDER)
LECTURE = {f"S{n}" for n in range(1, 31)}
every_deck = pytest.mark.parametrize("deck", DECKS, ids=lambda deck: deck.path.stem)


def words(text: str) -> int:
    """How many words a text has; a formula counts as one."""
    return len(re.sub(r"\$\$.*?\$\$|\$[^$]+\$", "formula", text, flags=re.DOTALL).split())


def test_every_lesson_has_a_deck_and_so_has_the_lecture():
    assert [deck.path.stem for deck in DECKS] == [
        "00_lecture", *(lesson.name for lesson in LESSONS)
    ]  # fmt: skip


@every_deck
def test_the_words_were_read_beside_the_figures_of_today(deck):
    changed = [f"line {slide.line}: {slide.title}" for slide in deck.changed()]
    assert not changed, (
        f"{deck.path.name}: what these slides show has changed. Read their words beside it, mend"
        f" them, then: course slides --accept {deck.number}\n" + "\n".join(changed)
    )


@every_deck
def test_a_slide_holds_one_idea(deck):
    titles = [slide.title for slide in deck.slides]
    assert len(set(titles)) == len(titles)
    first, *others = deck.slides
    assert words(first.text) <= 40
    for slide in others:
        assert len(slide.title) <= 80, slide.title
        if slide.show:
            assert words(slide.text) <= 30, slide.title
        assert words(slide.text) + sum(map(words, slide.steps)) <= 75, slide.title
        assert slide.minutes > 0 and words(slide.say) >= 8, slide.title
        if slide.code:
            assert len(deck.lines(slide.code).split("\n")) <= 10, slide.title


@every_deck
def test_a_deck_has_the_length_of_a_lecture(deck):
    if deck.number == "00":
        assert 30 <= len(deck.slides) <= 40 and 80 <= deck.minutes <= 100
    else:
        assert 20 <= len(deck.slides) <= 28 and 50 <= deck.minutes <= 100


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_the_lecture_and_every_prediction_of_a_lesson_are_on_its_slides(lesson):
    deck = deck_source.find(FOLDER, lesson.number)[0]
    cells = [c for c in lesson.read().cells if c.metadata.slideshow.slide_type != "skip"]
    covered = {s for cell in cells for s in cell.metadata.get("lecture", [])}
    assert covered <= {s for slide in deck.slides for s in slide.lecture} <= LECTURE
    asked = [slide.ask for slide in deck.slides if slide.ask]
    wanted = [c.id for c in cells if c.cell_type == "markdown" and "**Predict" in c.source]
    assert sorted(asked) == sorted(wanted)
    for slide, answer in zip(deck.slides, deck.slides[1:], strict=False):
        assert not slide.ask or answer.show or answer.text or answer.code, slide.title


def test_the_lecture_is_whole():
    whole = deck_source.find(FOLDER, "00")[0]
    assert {s for slide in whole.slides for s in slide.lecture} == LECTURE
    used = {picture.cell[:2] for slide in whole.slides for picture in slide.show}
    assert used >= {lesson.number for lesson in LESSONS[:9]}


@every_deck
def test_numbers_on_slides_stand_in_the_notebook(deck):
    """With a decimal point or a per cent sign, at least: nobody typed what a run changes."""
    numbers = {deck.number} if deck.number != "00" else {lesson.number for lesson in LESSONS}
    known = ""
    for number in numbers:
        for cell in deck_source.cells_of(number).values():
            known += cell.source + "".join(
                output.held for output in deck_source.outputs(cell) if output.kind != "png"
            )
    known = re.sub(r"[A-Za-z0-9+/=]{200,}", "", known).replace("\\%", "%").replace("\\,", " ")
    for slide in deck.slides:
        text = " ".join([slide.title, slide.text, *slide.steps]).replace("\\%", "%")
        for number in re.findall(r"\d+\.\d+|\d+(?= ?%)", text):
            whole = rf"(?<![\d.]){re.escape(number)}(?!\d)"
            assert re.search(whole, known), (slide.title, number)


@every_deck
def test_no_task_is_given_away(deck):
    everything = "".join(page.text + "".join(page.shown) + page.code for page in slides.pages(deck))
    assert "BEGIN SOLUTION" not in everything and "verify(" not in everything
    plain = BeautifulSoup(everything, "html.parser").get_text()
    # A lesson may call what a student wrote, and define what the task of another lesson asks for.
    own = [task.name for task in TASKS.values() if task.lesson == deck.number]
    assert not [name for name in own if f"def {name}(" in plain]


@pytest.fixture
def deck_of(tmp_path, monkeypatch):
    """Writes a lesson 05 with one cell of each kind, and returns a deck on it from YAML."""
    picture = io.BytesIO()
    Image.linear_gradient("L").save(picture, format="png")
    png = base64.b64encode(picture.getvalue()).decode()
    table = (
        "<table><tr><td></td><th>bound ↑</th><th>kinds</th></tr>"
        "<tr><th>AE</th><td>1</td><td>2</td></tr><tr><th>VAE</th><td>3</td><td>4</td></tr></table>"
    )
    out = nbformat.v4.new_output
    drawn = [
        out("display_data", {"image/png": png}, metadata={"image/png": {"alt": "A gradient."}})
    ]
    shown = [
        out("display_data", {"text/html": table}),
        out("stream", name="stdout", text="7 nats\n"),
    ]
    notebook = nbformat.v4.new_notebook(
        metadata={"course": {"lesson": "05", "title": "VAE", "see": "…"}},
        cells=[
            nbformat.v4.new_code_cell("def f():\n    a\n    b", id="drawn", outputs=drawn),
            nbformat.v4.new_code_cell("table()", id="shown", outputs=shown),
        ],
    )
    (tmp_path / "notebooks/slides").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)

    def make(text: str) -> deck_source.Deck:
        nbformat.write(notebook, tmp_path / "notebooks/05_vae.ipynb")
        deck_source._cells.cache_clear()
        path = tmp_path / "notebooks/slides/05_vae.yaml"
        path.write_text("title: 05\nsee: All.\nslides:\n" + text, encoding="utf-8")
        return deck_source.read(path)

    make.notebook = notebook
    yield make
    deck_source._cells.cache_clear()


ONE = "- title: One\n  minutes: 1\n  say: Words.\n"


def test_a_slide_shows_what_the_notebook_has(deck_of):
    deck = deck_of(
        ONE + "  show: [drawn, {cell: shown, output: 1}]\n  code: {cell: drawn, lines: [2, 3]}\n"
    )
    (page,) = slides.pages(deck)
    assert [output.kind for _, output in deck.shown(deck.slides[0])] == ["png", "printed"]
    assert 'alt="A gradient."' in page.shown[0] and "7 nats" in page.shown[1]
    assert BeautifulSoup(page.shown[2], "html.parser").get_text().split() == ["a", "b"]


def test_tables_can_be_cut_and_pictures_cropped(deck_of):
    table, part = "columns: [bound], rows: [VAE]", "crop: [0, 0.5, 0.25, 1]"
    deck = deck_of(f"{ONE}  show: [{{cell: shown, {table}}}, {{cell: drawn, {part}}}]\n")
    (page,) = slides.pages(deck)
    assert BeautifulSoup(page.shown[0], "html.parser").get_text("|") == "bound ↑|VAE|3"
    found = re.search(r"base64,([^\"]+)", page.shown[1])
    part = Image.open(io.BytesIO(base64.b64decode(found[1])))
    assert part.size == (64, 128) and part.getpixel((0, 0)) == 128  # the gradient's lower half


def test_the_words_go_with_the_figure(deck_of, capsys):
    text = f"{ONE}  show: drawn\n{ONE.replace('One', 'Two')}  text: |\n    Long.\n\n    Longer.\n"
    deck = deck_of(text)
    assert [slide.title for slide in deck.changed()] == ["One"]
    assert deck_source.accept(deck) == 1
    accepted = deck_source.read(deck.path)
    assert not accepted.changed() and accepted.slides[1].text == "Long.\n\nLonger.\n"
    before = accepted.path.read_text(encoding="utf-8")
    assert deck_source.accept(accepted) == 0 and accepted.path.read_text(encoding="utf-8") == before
    # Another figure: the slide is named, and taken note of once more.
    deck_of.notebook.cells[0].outputs[0]["data"]["image/png"] = base64.b64encode(b"new").decode()
    again = deck_of(before.split("slides:\n")[1])
    assert [slide.title for slide in again.changed()] == ["One"]
    assert deck_source.accept(again) == 1 and not deck_source.read(again.path).changed()


@pytest.mark.parametrize(
    "text, said",
    [
        (ONE + "  show: gone\n", r'line 4: the slide "One" names the cell gone, which'),
        (ONE + "  show: {cell: shown, output: 2}\n", "line 4: .*output 2 of the cell shown"),
        (ONE + "  show: {cell: shown, columns: [nats]}\n", "line 4: .*no 'nats'; it has bound"),
        (ONE + "  code: {cell: drawn, lines: [7, 9]}\n", "line 4: the cell drawn has no lines"),
        (ONE + "  picture: drawn\n", "line 7: picture is unknown; there are ask, build"),
        (ONE + "  layout: left\n", "line 7: layout is one of auto, above, beside, statement"),
        (ONE + "  code: drawn\n", "line 7: code: expected .*, got drawn"),
        (ONE + "  code: {cell: drawn, lines: 3}\n", "line 7: code: expected .*'lines': 3"),
        (ONE + "  show: drawn\n  code: {cell: drawn}\n", "line 8: code: expected .*got {'cell'"),
        ("  none yet\n", "line 4: slides: expected a list"),
        (ONE + "  show: {id: drawn}\n", "line 7: got an unexpected keyword argument 'id'"),
        ("- title: One\n  minutes: 1\n", "line 4: this slide has no say"),
        ("- One\n", "line 4: expected names with values"),
        ("- title: [One\n", "line 5: this is no YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_and_line(text, said, deck_of):
    with pytest.raises(DeckError, match=r"05_vae\.yaml, " + said):
        deck_of(text)


def test_a_formula_that_is_not_understood_is_said_with_file_and_line(deck_of):
    deck = deck_of(ONE + '  text: "$\\\\nosuchmacro{x}$"\n')
    with pytest.raises(DeckError, match=r"05_vae\.yaml, line 4: .*not understand.*nosuchmacro"):
        slides.pages(deck)


def test_an_index_of_somebody_else_stays(tmp_path):
    (tmp_path / "index.html").write_text("<h1>Mine</h1>", encoding="utf-8")
    with pytest.raises(CourseError, match="name another folder with --out"):
        slides.write(tmp_path)
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == "<h1>Mine</h1>"
    template = (slides.TEMPLATES / "index.html.j2").read_text(encoding="utf-8")
    assert slides.OURS in template  # so that the next call takes it for its own


def test_a_deck_that_is_not_there_or_empty(deck_of, tmp_path):
    deck_of(ONE)
    with pytest.raises(DeckError, match="no slides for 07 in .*; there are 05"):
        deck_source.find(tmp_path / "notebooks/slides", "07")
    (tmp_path / "notebooks/slides/05_vae.yaml").write_text("")
    with pytest.raises(DeckError, match="line 1: the file is empty"):
        deck_source.find(tmp_path / "notebooks/slides")


def test_parts_of_a_formula_light_up():
    shown = slides.markdown(r"$$\hot{2}{a + b} = c$$")
    assert 'class="fragment custom hot" data-fragment-index="2"' in shown
    assert BeautifulSoup(shown, "html.parser").get_text().strip() == "a+b=c"


def test_without_a_browser_there_is_no_handout_but_a_sentence(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    slides.handouts(tmp_path, DECKS[:1])
    assert "handouts need Chromium" in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_without_npm_a_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(npm.shutil, "which", lambda name: None)
    slides.frontend.cache_clear()
    with pytest.raises(npm.NpmError, match="install Node.js"):
        slides.frontend()
    slides.frontend.cache_clear()


def test_the_lock_file_names_no_host():
    lock = (slides.FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock and lock.count('"integrity"') >= 5
