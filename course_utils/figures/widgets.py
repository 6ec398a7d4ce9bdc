"""Live pictures where a kernel runs, and a still picture everywhere else."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from types import FunctionType

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes

from course_utils.figures.style import described, png, smallest_text


def slider(
    draw: Callable[[object, Axes], None],
    values: Sequence,
    *,
    still: Sequence,
    label: str,
    alt: str,
    size: tuple[float, float] = (7, 4),
) -> None:
    """Show a slider over `values`, and below it the picture of the chosen value.

    Args:
        draw: draws the picture of one value on the axes it gets.
        values: what to choose from.
        still: the values that the still picture shows.
        label: the slider's label.
        alt: describes the picture for readers who cannot see it.
        size: width and height of the picture, in inches.
    """
    sliders(draw, {label: values}, still=[(value,) for value in still], alt=alt, size=size)


def sliders(
    draw: Callable[..., None],
    values: Mapping[str, Sequence],
    *,
    still: Sequence[tuple],
    alt: str,
    start: tuple | None = None,
    size: tuple[float, float] = (7, 4),
) -> None:
    """Show one slider per name, and below them the picture of the chosen values.

    One output carries both: the sliders, which a front end with a kernel shows, and a still picture
    of the `still` choices, which a page, GitHub or a deck shows instead.

    Args:
        draw: `draw(*chosen, ax)` draws the picture of one value of each slider.
        values: what to choose from, by the slider's label.
        still: tuples of one value of each slider, for the still picture.
        alt: describes the picture for readers who cannot see it.
        start: one value of each slider, chosen at first; default: the first values.
        size: width and height of the picture, in inches.

    Raises:
        ValueError: where a slider or the still picture has no values.
    """
    described(alt)
    if not values or not all(len(choices) for choices in values.values()) or not len(still):
        raise ValueError(
            "a slider needs at least one value to choose from and one for the still picture"
        )
    draw = pinned(draw)
    start = start or tuple(choices[0] for choices in values.values())
    handles = [
        ipywidgets.SelectionSlider(
            options=list(choices), value=first, description=label, layout={"width": "90%"}
        )
        for (label, choices), first in zip(values.items(), start, strict=True)
    ]
    picture = ipywidgets.HTML()

    def redraw(_=None) -> None:
        chosen = [handle.value for handle in handles]
        now = ", ".join(f"{label} {value}" for label, value in zip(values, chosen, strict=True))
        _paint(picture, lambda ax: draw(*chosen, ax), size, f"{alt} Now: {now}.")

    redraw()
    for handle in handles:
        handle.observe(redraw, names="value")
    _show(
        [*handles, picture],
        [lambda ax, chosen=chosen: draw(*chosen, ax) for chosen in still],
        size,
        alt,
    )


# The arguments and their description take most of the lines.
def stage(
    draw: Callable[[object, Axes], None],
    look: Callable[[], object],
    turns: Mapping[str, Callable[[], object]],
    *,
    still: Sequence,
    alt: str,
    size: tuple[float, float] = (5, 5),
    rounds: Sequence[int] = (),
    repeats: Sequence[int] = (),
    knobs: Mapping[str, tuple[Sequence, Callable[[object], object]]] | None = None,
    reset: Callable[[], object] | None = None,
    beside: Sequence[ipywidgets.DOMWidget] = (),
) -> None:
    """Show a process that the reader drives, with a button for each kind of step.

    A round takes one step of each kind in turn. A player takes rounds, again and again, until it is
    paused.

    Args:
        draw: `draw(value, ax)` draws one state of the process.
        look: returns the present state.
        turns: the functions that take a step, by the label of their buttons.
        still: the states that the still picture shows where there is no kernel.
        alt: describes the picture for readers who cannot see it.
        size: width and height of the picture, in inches.
        rounds: for each of these numbers a button that takes so many rounds at once.
        repeats: what to choose from, for every kind of step: how many of them a round has.
        knobs: label → (values to choose from, function that is called with the chosen one).
        reset: puts the process back to its start.
        beside: widgets to show beside the picture.

    Raises:
        ValueError: where there are no steps, or no state for the still picture.
    """
    described(alt)
    if not turns or not len(still):
        raise ValueError("a stage needs at least one turn and one value for the still picture")
    live = _Stage(draw, look, turns, size, alt)
    controls = [live.player(), *live.turn_buttons(), *live.round_buttons(rounds)]
    if reset is not None:
        controls.append(live.reset_button(reset))
    rows = [ipywidgets.HBox([*controls, live.counter])]
    choices = [*live.repeat_choices(repeats), *live.knob_choices(knobs or {})]
    if choices:
        rows.append(ipywidgets.HBox(choices, layout={"flex_flow": "row wrap"}))
    live.take({})
    rows.append(ipywidgets.HBox([live.picture, *beside]) if beside else live.picture)
    _show(rows, [lambda ax, value=value: draw(value, ax) for value in still], size, alt)


class _Stage:
    """The process behind a stage, and the widgets that drive it.

    Args:
        draw, look, turns, size, alt: as in `stage`.
    """

    def __init__(
        self,
        draw: Callable[[object, Axes], None],
        look: Callable[[], object],
        turns: Mapping[str, Callable[[], object]],
        size: tuple[float, float],
        alt: str,
    ) -> None:
        self.draw, self.look, self.turns, self.size, self.alt = draw, look, turns, size, alt
        self.picture, self.counter = ipywidgets.HTML(), ipywidgets.Label()
        self.taken, self.repeats = dict.fromkeys(turns, 0), dict.fromkeys(turns, 1)

    def take(self, times: Mapping[str, int], rounds: int = 1) -> None:
        """Take turns, so many of each kind in each of the rounds, and draw the state after them."""

        def then_draw(ax: Axes) -> None:
            for _ in range(rounds):
                for name, n in times.items():
                    for _ in range(n):
                        self.turns[name]()
                        self.taken[name] += 1
            self.draw(self.look(), ax)

        _paint(self.picture, then_draw, self.size, self.alt)
        self.counter.value = ", ".join(f"{name}: {n}" for name, n in self.taken.items())

    def player(self) -> ipywidgets.Play:
        """It counts up to `max`, which nobody reaches; its stop button sets it back to 0."""
        player = ipywidgets.Play(interval=300, max=10**6, show_repeat=False)
        player.observe(
            lambda change: self.take(self.repeats) if change["new"] > change["old"] else None,
            names="value",
        )
        return player

    def turn_buttons(self) -> list[ipywidgets.Button]:
        return [_button(name, lambda _, name=name: self.take({name: 1})) for name in self.turns]

    def round_buttons(self, rounds: Sequence[int]) -> list[ipywidgets.Button]:
        return [
            _button(f"×{n}", lambda _, n=n: self.take(self.repeats, n), f"{n} rounds")
            for n in rounds
        ]

    def reset_button(self, reset: Callable[[], object]) -> ipywidgets.Button:
        def back(_) -> None:
            reset()
            self.taken = dict.fromkeys(self.turns, 0)
            self.take({})

        return _button("reset", back, "Back to the start, with new networks.")

    def repeat_choices(self, repeats: Sequence[int]) -> list[ipywidgets.Dropdown]:
        def to(name: str) -> Callable[[int], None]:
            return lambda n: self.repeats.update({name: n})

        each = self.turns if repeats else ()
        return [_choice(f"{name} per round", repeats, to(name)) for name in each]

    def knob_choices(
        self, knobs: Mapping[str, tuple[Sequence, Callable[[object], object]]]
    ) -> list[ipywidgets.Dropdown]:
        def and_draw(function: Callable[[object], object]) -> Callable[[object], None]:
            def turn_to(value: object) -> None:
                function(value)
                self.take({})

            return turn_to

        return [_choice(name, values, and_draw(f)) for name, (values, f) in knobs.items()]


def _button(label: str, pressed: Callable, tooltip: str = "") -> ipywidgets.Button:
    button = ipywidgets.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
    button.on_click(pressed)
    return button


def _choice(
    label: str, values: Sequence, chosen: Callable[[object], object]
) -> ipywidgets.Dropdown:
    """A menu of values, the first of them chosen; `chosen` is called with every later choice."""
    menu = ipywidgets.Dropdown(
        options=list(values),
        description=label,
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )
    menu.observe(lambda change: chosen(change["new"]), names="value")
    return menu


def view(widget: ipywidgets.DOMWidget) -> dict[str, dict]:
    """Return the part of an output that shows a live widget; still forms stand beside it.

    A front end with a kernel shows this part. So does Colab, whose own hook adds what its widget
    manager needs to everything that is displayed. It is written out here because ipywidgets 7,
    which Colab has, and ipywidgets 8 build it with different, private methods.
    """
    return {
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": widget.model_id,
        }
    }


def pinned(draw: Callable) -> Callable:
    """Return `draw` with all global names as they are now.

    Later cells of a notebook may give the same names to other things.
    """
    if not isinstance(draw, FunctionType):
        return draw
    now = dict(draw.__globals__)

    def rebuilt(function: FunctionType) -> FunctionType:
        copy = FunctionType(
            function.__code__, now, function.__name__, function.__defaults__, function.__closure__
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        return copy

    for name, value in list(now.items()):
        if isinstance(value, FunctionType) and value.__globals__ is draw.__globals__:
            now[name] = rebuilt(value)
    return rebuilt(draw)


def _paint(
    picture: ipywidgets.HTML, draw: Callable[[Axes], None], size: tuple[float, float], alt: str
) -> None:
    """Draw into the live picture; where that fails, show the error there.

    A front end shows nothing of what a callback raises.
    """
    fig, ax = plt.subplots(figsize=size)
    try:
        draw(ax)
    except Exception as error:
        plt.close(fig)
        picture.value = f"<pre>{escape(type(error).__name__)}: {escape(str(error))}</pre>"
        raise
    picture.value = f'<img src="data:image/png;base64,{png(fig, fast=True)}" alt="{escape(alt)}">'


def _show(
    live: list, still: Sequence[Callable[[Axes], None]], size: tuple[float, float], alt: str
) -> None:
    """Display one output with both forms: the live one, and a still picture for everywhere else."""
    wide = size[0] > 2 * size[1]  # wide pictures stand below each other, others side by side
    rows, columns = (len(still), 1) if wide else (1, len(still))
    fig, axes = plt.subplots(
        rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False
    )
    for draw, ax in zip(still, axes.flat, strict=True):
        draw(ax)
    about = {"alt": alt, "text": smallest_text(fig)}
    bundle = {**view(ipywidgets.VBox(live)), "image/png": png(fig), "text/plain": alt}
    display(bundle, metadata={"image/png": about}, raw=True)
