"""A table as text, Markdown, LaTeX or CSV."""

import csv
import io

from rich.table import Table
from rich.text import Text

from .cells import Cell

SPREAD = "one standard deviation over repeats"
LEGEND = {"text": f"* the best; ~ within the spread of the best; ± {SPREAD}",
          "markdown": f"**bold**: the best; *italics*: within the spread of the best; ±: {SPREAD}",
          "latex": f"bold: the best; italics: within the spread of the best; $\\pm$: {SPREAD}"}
LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$"}
MARKDOWN = "\\`*_{}[]<>#|~"


def _words(one, measure):
    """A cell, a paired difference (mean, spread, number) or words, as plain text."""
    if one is None:
        return "-"
    if isinstance(one, Cell):
        return one.words(measure)
    if isinstance(one, tuple):
        mean, spread, _ = one
        sign = "-" if mean < 0 else "+"
        return f"{sign}{measure.show(abs(mean))}" + (f" ± {measure.show(spread, mean)}" if spread == spread else "")
    return one


def _mark(one):
    return one.mark if isinstance(one, Cell) else ""


def _has_marks(grid):
    return any(_mark(one) for _, cells in grid.rows for one in cells)


def text(grid):
    table = Table()
    for name in grid.names:
        table.add_column(name, no_wrap=True)
    for heading in grid.headings:
        table.add_column(heading.replace(", ", ",\n"), justify="right", no_wrap=True)
    for names, cells in grid.rows:
        row = [Text(name) for name in names]
        for one, measure in zip(cells, grid.columns):
            mark = {"best": " *", "near": " ~"}.get(_mark(one), "  " if isinstance(one, Cell) else "")
            row.append(Text(_words(one, measure) + mark, style="bold" if _mark(one) == "best" else ""))
        table.add_row(*row)
    return table


def _escaped_markdown(words):
    return "".join("\\" + c if c in MARKDOWN else c for c in words)


def markdown(grid):
    lines = ["| " + " | ".join(_escaped_markdown(word) for word in grid.names + grid.headings) + " |",
             "| " + " | ".join(["---"] * len(grid.names) + ["---:"] * len(grid.headings)) + " |"]
    around = {"best": "**", "near": "*", "": ""}
    for names, cells in grid.rows:
        row = [_escaped_markdown(name) for name in names]
        for one, measure in zip(cells, grid.columns):
            row.append(around[_mark(one)] + _words(one, measure) + around[_mark(one)])
        lines.append("| " + " | ".join(row) + " |")
    return lines


def _escaped_latex(words):
    return "".join(LATEX.get(c, c) for c in words)


def latex(grid):
    lines = [r"\begin{tabular}{" + "l" * len(grid.names) + "r" * len(grid.headings) + "}", r"\toprule",
             " & ".join(_escaped_latex(word) for word in grid.names + grid.headings) + r" \\", r"\midrule"]
    for names, cells in grid.rows:
        row = [_escaped_latex(name) for name in names]
        for one, measure in zip(cells, grid.columns):
            words = _escaped_latex(_words(one, measure))
            row.append({"best": rf"\textbf{{{words}}}", "near": rf"\emph{{{words}}}"}.get(_mark(one), words))
        lines.append(" & ".join(row) + r" \\")
    return lines + [r"\bottomrule", r"\end{tabular}"]


def csv_lines(grid):
    """Bare numbers: of each column its mean, its standard deviation and how many repeats it is of."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    numbers = [i for i, measure in enumerate(grid.columns) if measure is not None]
    writer.writerow(grid.names + [f"{grid.headings[i]}{more}" for i in numbers for more in ("", " sd", " n")])
    for names, cells in grid.rows:
        row = list(names)
        for i in numbers:
            one = cells[i]
            if isinstance(one, Cell):
                one = (one.mean, one.spread, one.count)
            row += ["" if x != x else repr(x) for x in (one or (float("nan"), float("nan"), 0))]
        writer.writerow(row)
    return out.getvalue().splitlines()


def legend(grid, form):
    return [LEGEND[form]] if form in LEGEND and _has_marks(grid) else []
