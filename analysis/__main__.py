"""The commands: summary, table, plot, scaling, compare."""

import argparse
import sys

from rich.console import Console

from .results_file import Unreadable
from .run import Run
from .whole import print_whole
from .words import shown, speak_as_the_terminal_does

PLACES = "run directories, results files, or the directory of a study"
PANELS = ("rounds", "bytes", "seconds", "virtual", "clients", "classes", "templates", "phases")


def _split(words):
    """The words between commas, each once."""
    return list(dict.fromkeys(word.strip() for word in words.split(",") if word.strip())) if words else []


def summary(arguments, console):
    from . import summary as tables

    for place in arguments.runs:
        tables.show(Run(place), console)
    return 0


def table(arguments, console):
    from . import typeset
    from .groups import groups_of
    from .table import table as make

    groups, notes = groups_of(arguments.runs)
    grid = make(groups, _split(arguments.rows), _split(arguments.columns), _split(arguments.value))
    form = arguments.format
    if form == "text":
        print_whole(console, typeset.text(grid))
    else:
        for line in {"markdown": typeset.markdown, "latex": typeset.latex, "csv": typeset.csv_lines}[form](grid):
            print(line)
    mark = {"latex": "% ", "csv": "# "}.get(form, "")
    said = notes + grid.notes + typeset.legend(grid, form)
    if form == "markdown" and said:
        print()
    for note in said:
        # A file of numbers holds numbers alone.
        print(mark + note, file=sys.stderr if form == "csv" else sys.stdout)
    return 0


def plot(arguments, console):
    from . import plot as picture
    from .groups import groups_of

    picture.picture_format(arguments.output)
    groups, notes = groups_of(arguments.runs)
    for note in notes + picture.draw(groups, arguments.output, arguments.panel, arguments.column):
        console.print(note)
    console.print(f"{shown(arguments.output)} is written.")
    return 0


def scaling(arguments, console):
    from . import scaling as measure
    from . import scaling_view as view
    from .groups import groups_of
    from .projection import all_reduce_model

    if bool(arguments.bench) != bool(arguments.up_to):
        raise Unreadable("--up-to projects by what --bench measured: name both, or none.")
    groups, notes = groups_of(arguments.runs)
    model = all_reduce_model(arguments.bench) if arguments.bench else None
    rows, remarks = measure.rows(groups, model, arguments.up_to)
    print_whole(console, view.table(rows))
    for note in notes + remarks:
        console.print(note)
    if arguments.output:
        view.draw(rows, remarks, arguments.output)
        console.print(f"{shown(arguments.output)} is written.")
    return 0


def compare(arguments, console):
    from .compare import differences

    lines, compared = differences(arguments.one, arguments.other)
    for line in lines:
        console.print(line, soft_wrap=True)
    if not lines:
        console.print(f"identical: {compared} datasets, times and transport apart.")
    return 1 if lines else 0


def main(words=None):
    parser = argparse.ArgumentParser(prog="analysis/report", description="Looks at the results of runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("summary", help="tables on the terminal")
    command.add_argument("runs", nargs="+", metavar="DIR", help="a run directory or a results file")
    command.set_defaults(action=summary)
    command = commands.add_parser("table", help="groups of runs side by side, means over seeds")
    command.add_argument("runs", nargs="+", metavar="DIR", help=PLACES)
    command.add_argument("--rows", metavar="A,B", help="options (or axes of the study) that name the rows")
    command.add_argument("--columns", metavar="C", help="an option whose values are the columns, of each score")
    command.add_argument("--value", metavar="SCORE,...",
                         help="global, personal, selected, unseen, zero-shot, probe, global-probe, bytes, upload-bytes, seconds, "
                         "and more: a name that is none lists them all")
    command.add_argument("--format", choices=("text", "markdown", "latex", "csv"), default="text")
    command.set_defaults(action=table)
    command = commands.add_parser("plot", help="one picture of a run, or of several")
    command.add_argument("runs", nargs="+", metavar="DIR", help=PLACES)
    command.add_argument("-o", "--output", required=True, metavar="FILE", help="PNG, SVG or PDF, as its name ends")
    command.add_argument("--panel", action="append", default=[], choices=PANELS,
                         help="a panel to draw, repeatable (default: all for which there is anything)")
    command.add_argument("--column", choices=("ieee", "ieee-two", "acm", "acm-two"),
                         help="as wide as a column, or both, of the journal's page, without headings")
    command.set_defaults(action=plot)
    command = commands.add_parser("scaling", help="runs on several numbers of ranks: seconds, efficiency, waiting")
    command.add_argument("runs", nargs="+", metavar="DIR", help=PLACES)
    command.add_argument("--bench", metavar="FILE", help="what `fedorbit bench-comm` measured, to project by")
    command.add_argument("--up-to", type=int, default=0, metavar="RANKS", help="the most ranks to project to")
    command.add_argument("-o", "--output", metavar="FILE", help="a picture: PNG, SVG or PDF, as its name ends")
    command.set_defaults(action=scaling)
    command = commands.add_parser("compare", help="exit code 0 when two runs hold the same numbers, 1 when not")
    command.add_argument("one", metavar="A")
    command.add_argument("other", metavar="B")
    command.set_defaults(action=compare)
    arguments = parser.parse_args(words)
    speak_as_the_terminal_does()
    # What names hold is shown as it is: no markup, no pictures for words between colons.
    console = Console(width=None if sys.stdout.isatty() else 110, markup=False, highlight=False, emoji=False)
    try:
        return arguments.action(arguments, console)
    except (Unreadable, OSError) as problem:
        print(f"analysis/report: {shown(problem)}", file=sys.stderr)
        return 2
