"""The commands: summary, plot, compare."""

import argparse
import os
import sys

from rich.console import Console

from .run import Run, Unreadable


def summary(arguments, console):
    from . import summary as tables

    for place in arguments.runs:
        tables.show(Run(place), console)
    return 0


def plot(arguments, console):
    from . import plot as picture

    os.replace(picture.draw(Run(arguments.run), arguments.output), arguments.output)
    console.print(f"{arguments.output} is written.", highlight=False)
    return 0


def compare(arguments, console):
    from .compare import differences

    lines, compared = differences(arguments.one, arguments.other)
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if not lines:
        console.print(f"identical: {compared} datasets, times and transport apart.", highlight=False)
    return 1 if lines else 0


def main():
    parser = argparse.ArgumentParser(prog="analysis/report", description="Looks at the results of runs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("summary", help="tables on the terminal")
    command.add_argument("runs", nargs="+", metavar="DIR", help="a run directory or a results file")
    command.set_defaults(action=summary)
    command = commands.add_parser("plot", help="one picture of a run")
    command.add_argument("run", metavar="DIR")
    command.add_argument("-o", "--output", required=True, metavar="PNG")
    command.set_defaults(action=plot)
    command = commands.add_parser("compare", help="exit code 0 when two runs hold the same numbers, 1 when not")
    command.add_argument("one", metavar="A")
    command.add_argument("other", metavar="B")
    command.set_defaults(action=compare)
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 110)
    try:
        return arguments.action(arguments, console)
    except (Unreadable, OSError) as problem:
        print(f"analysis/report: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
