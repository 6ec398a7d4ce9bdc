"""Tables of numbers, as HTML for pages and as text for terminals."""

from collections.abc import Collection, Mapping, Sequence
from html import escape

import numpy as np

ARROWS = {"most": " ↑", "least": " ↓"}


def table(
    rows: Mapping[str, Mapping[str, object]],
    *,
    best: Mapping[str, str | float] | None = None,
    formats: Mapping[str, str] | None = None,
    columns: Sequence[str] = (),
    reference: Collection[str] = (),
) -> None:
    """Display named rows of values under named columns, the best value of a column in bold.

    Args:
        rows: name → {column: value}. A value is a number, an array of numbers or a text; "–"
            stands where a row has none.
        best: column → "most", "least" or the ideal value. The header says which.
        formats: column → format of its numbers, for instance ".1%". Default: ".2f".
        columns: those to show, in this order. Default: all that the rows have.
        reference: rows that stand there for comparison and cannot be best.
    """
    from IPython.display import display

    best, formats = best or {}, formats or {}
    columns = columns or list(dict.fromkeys(column for row in rows.values() for column in row))
    heads = [column + _direction(best[column]) if column in best else column for column in columns]
    cells = {
        name: [_text(row.get(column, "–"), formats.get(column, ".2f")) for column in columns]
        for name, row in rows.items()
    }
    competing = {name: row for name, row in rows.items() if name not in reference}
    winners = {column: _winners(competing, column, ideal) for column, ideal in best.items()}
    bold = {name: [name in winners.get(column, ()) for column in columns] for name in rows}
    display({"text/html": _html(heads, cells, bold), "text/plain": _plain(heads, cells)}, raw=True)


def _direction(ideal: str | float) -> str:
    return ARROWS[ideal] if isinstance(ideal, str) else f" → {ideal:g}"


def _text(value: object, form: str) -> str:
    if isinstance(value, str):
        return value
    return " ".join(format(number, form) for number in np.atleast_1d(np.asarray(value)).tolist())


def _winners(rows: Mapping[str, Mapping[str, object]], column: str, ideal: str | float) -> set[str]:
    """The rows with the best number in a column."""
    values = {name: float(row[column]) for name, row in rows.items() if _is_number(row.get(column))}  # type: ignore[arg-type]
    if not values:
        return set()
    far = {"most": lambda v: -v, "least": lambda v: v}
    score = far[ideal] if isinstance(ideal, str) else lambda v: abs(v - ideal)
    return {name for name, v in values.items() if score(v) == min(map(score, values.values()))}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number)


def _html(heads: list[str], cells: Mapping[str, list[str]], bold: Mapping[str, list[bool]]) -> str:
    def cell(text: str, strong: bool) -> str:
        text = escape(text)
        return f'<td style="text-align: right">{f"<b>{text}</b>" if strong else text}</td>'

    head = "".join(
        f'<th scope="col" style="text-align: right">{escape(text)}</th>' for text in heads
    )
    body = "".join(
        f'<tr><th scope="row" style="text-align: left">{escape(name)}</th>'
        + "".join(map(cell, texts, bold[name]))
        + "</tr>"
        for name, texts in cells.items()
    )
    return (
        f'<table tabindex="0"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _plain(heads: list[str], cells: Mapping[str, list[str]]) -> str:
    lines = [["", *heads], *([name, *texts] for name, texts in cells.items())]
    first, *widths = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join([name.ljust(first), *(map(str.rjust, texts, widths))]).rstrip()
        for name, *texts in lines
    )
