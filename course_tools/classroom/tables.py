"""Read the tables that people and learning platforms write, and write tables for spreadsheets."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.errors import CourseError

KEPT = "Nothing was written."


class TableError(CourseError):
    """A table that cannot be used: which file and line, what was expected, and what stands there.

    Nothing was written when it is raised.
    """


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        line: its number in the file; the header has 1.
        place: of the line among `Table.lines`; only a cell of several lines makes it differ.
        cells: by the names of the columns, without spaces around them; under "" what follows them.
    """

    line: int
    place: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """A table as it stands in its file.

    Attributes:
        path: of the file.
        header: the names of the columns.
        rows: the lines below, those without any text left out.
        lines: all lines as they are, header and empty ones included.
        dialect: how cells are separated and quoted, to write it the same way.
        encoding: "utf-8", or "utf-8-sig" where the file begins with a mark, as Excel's do.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[Row]
    lines: list[list[str]]
    dialect: type[csv.Dialect]
    encoding: str


def read(path: Path, *, strict: bool = True) -> Table:
    """Return a table. Cells may be separated by comma, semicolon or tab.

    Args:
        path: a CSV file.
        strict: whether a line with more cells than the first one is refused.

    Raises:
        TableError: where it is missing, no UTF-8, or no table.
    """
    try:
        content = path.read_bytes()
        encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableError(
            f"{path} is not UTF-8, from byte {error.start} on: save it as “CSV UTF-8”. {KEPT}"
        ) from error
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}. {KEPT}") from error
    dialect = _dialect(text)
    reader = csv.reader(io.StringIO(text, newline=""), dialect)
    lines: list[list[str]] = []
    rows: list[Row] = []
    try:
        for cells in reader:
            if lines and any(cell.strip() for cell in cells):
                named = dict(zip(map(str.strip, lines[0]), map(str.strip, cells), strict=False))
                if more := "".join(cells[len(lines[0]) :]).strip():
                    if strict:
                        raise csv.Error(f"expected {len(lines[0])} cells, got {len(cells)}")
                    named[""] = more
                rows.append(Row(reader.line_num, len(lines), named))
            lines.append(cells)
    except csv.Error as error:
        raise TableError(
            f"{path}, line {reader.line_num}: it cannot be read as a table: {error}. {KEPT}"
        ) from error
    if not lines:
        raise TableError(f"{path} is empty: expected a line with the names of its columns. {KEPT}")
    header = tuple(map(str.strip, lines[0]))
    doubled = next((name for name in header if name and header.count(name) > 1), None)
    if doubled:
        raise TableError(f"{path}, line 1: the column “{doubled}” stands there twice. {KEPT}")
    return Table(path, header, rows, lines, dialect, encoding)


def _dialect(text: str) -> type[csv.Dialect]:
    """Return how the cells of a table are separated: the first line says it."""
    first = text.partition("\n")[0]
    separator = max(",;\t", key=lambda sign: first.count(sign))
    quoted = csv.QUOTE_ALL if first.lstrip("\ufeff").startswith('"') else csv.QUOTE_MINIMAL
    ends = "\r\n" if first.endswith("\r") else "\n"
    return type(
        "Found",
        (csv.excel,),
        {"delimiter": separator, "quoting": quoted, "lineterminator": ends, "strict": True},
    )


def as_found(table: Table, lines: Iterable[Sequence[str]]) -> bytes:
    """Return lines as the bytes of a table that is separated, quoted and encoded like another."""
    text = io.StringIO()
    csv.writer(text, table.dialect).writerows(lines)
    return text.getvalue().encode(table.encoding)


def written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return the bytes of a table of ours, which no spreadsheet takes for formulas."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[cell(value) for value in row] for row in rows])
    return text.getvalue().encode("utf-8", "replace")


def cell(value: object) -> object:
    """Return a cell of a table that no spreadsheet takes for a formula.

    Some spreadsheets also end a cell at ; or a tab, so that the next one begins within this one.
    """
    if not isinstance(value, str):
        return value
    value = value.replace("\0", "")  # before Python 3.11 no table with one can be read
    return re.sub(r"(^|[;\t\r\n])(?=[=+\-@\t\r])", r"\1'", value)


def plain(text: str) -> str:
    """Return what `cell` was given, from what it returned."""
    without = re.sub(r"(^|[;\t])'", r"\1", text)
    return without if cell(without) == text else text


def number(text: str) -> float:
    """Return a number that a person wrote, with a point or a comma in it; NaN if it is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return math.nan


def rounded(number: float) -> float | int:
    """Return points as they are shown: 2 and not 2.0, and at most two decimals."""
    number = round(number, 2)
    return int(number) if float(number).is_integer() else number
